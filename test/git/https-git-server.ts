import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Certificates } from '#bus';

export interface SeenRequest {
  readonly path: string;
  readonly authorization: string | undefined;
}

export interface HttpsGitServerOptions {
  readonly certificates: Certificates;
  /** Whose folders are its repositories. */
  readonly root: string;
  readonly username: string;
  readonly password: string;
}

/** Real Git over HTTPS: git's own `http-backend` behind a password, on 127.0.0.1. */
export async function startHttpsGitServer(options: HttpsGitServerOptions) {
  const { certificates, root, username, password } = options;
  const expected = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const seen: SeenRequest[] = [];
  const server = createServer({ cert: certificates.certPem, key: certificates.keyPem }, (request, response) => {
    const { authorization } = request.headers;
    const url = request.url ?? '/';
    seen.push({ path: url, authorization });
    const isLetIn = authorization === expected;
    if (isLetIn) {
      serveRepositories(request, response, root);
    } else {
      // Says back what it was told, as a bad server may.
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"', 'content-type': 'text/plain' });
      const told = Buffer.from(authorization?.split(' ')[1] ?? '', 'base64').toString('utf8');
      response.end(`not let in: ${authorization ?? 'nobody'} (${told})\n`);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `localhost:${port}`,
    seen,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** As any web server runs a CGI program. */
export function serveRepositories(request: IncomingMessage, response: ServerResponse, root: string): void {
  const url = new URL(request.url ?? '/', 'https://localhost');
  const backend = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'] ?? '',
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      REMOTE_USER: 'test',
      REMOTE_ADDR: '127.0.0.1',
      GIT_PROTOCOL: request.headers['git-protocol']?.toString() ?? '',
      ...(request.headers['content-encoding'] === 'gzip' && { HTTP_CONTENT_ENCODING: 'gzip' }),
      // The repositories are another user's where the tests run as root.
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '*',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(backend.stdin);
  backend.stdin.on('error', () => undefined);
  const parts: Buffer[] = [];
  backend.stdout.on('data', (part: Buffer) => parts.push(part));
  backend.on('close', () => {
    const whole = Buffer.concat(parts);
    const end = whole.indexOf('\r\n\r\n');
    const headers: Record<string, string> = {};
    let status = 200;
    for (const line of whole.subarray(0, end).toString('latin1').split('\r\n')) {
      const [, name = '', value = ''] = /^([^:]+): (.*)$/.exec(line) ?? [];
      if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
      else if (name !== '') headers[name.toLowerCase()] = value;
    }
    response.writeHead(status, headers).end(whole.subarray(end + 4));
  });
}
