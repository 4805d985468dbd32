import { spawn } from 'node:child_process';
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Certificates } from '#bus';
import { freePort } from '#kit';
import { buildRegistry } from './build-registry.js';

export const USERNAME = 'hub';
export const PASSWORD = 'token-0123456789-of-the-hub';
/** bcrypt of it with the fewest rounds. */
const HASH = '$2a$04$YqCaUw6rTZoO367XiAol..4mfVmZV5q8XxTxgLXHV.z8r49KIiJh.';
export const BASIC = `Basic ${Buffer.from(`${USERNAME}:${PASSWORD}`).toString('base64')}`;

export interface RegistryOptions {
  readonly certificates: Certificates;
  /** `password`: it asks for one itself · `token`: it sends its users to a service for a token, as most public registries do. */
  readonly lets: 'password' | 'token';
}

/** A real registry over TLS on 127.0.0.1, in memory, that lets one user in. */
export async function startRegistry({ certificates, lets }: RegistryOptions) {
  const program = await buildRegistry();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-registry-'));
  const file = async (name: string, content: string): Promise<string> => {
    await writeFile(path.join(folder, name), content, { mode: 0o600 });
    return path.join(folder, name);
  };
  const tokens = lets === 'token' ? await startTokenService(certificates) : null;
  const port = await freePort();
  const auth =
    tokens === null
      ? { htpasswd: { realm: 'charts', path: await file('htpasswd', `${USERNAME}:${HASH}\n`) } }
      : {
          token: {
            realm: `https://${tokens.host}/token`,
            service: 'charts',
            issuer: 'tests',
            jwks: await file('jwks.json', JSON.stringify({ keys: [tokens.key] })),
            signingalgorithms: ['ES256'],
          },
        };
  const config = {
    version: '0.1',
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: { inmemory: {}, delete: { enabled: true }, maintenance: { uploadpurging: { enabled: false } } },
    http: { addr: `127.0.0.1:${port}`, tls: { certificate: certificates.certFile, key: certificates.keyFile } },
    // Few enough for a list of tags to have pages.
    tags: { maxtags: 2 },
    auth,
  };
  const child = spawn(program, ['serve', await file('config.yml', JSON.stringify(config))], {
    cwd: folder,
    env: { OTEL_TRACES_EXPORTER: 'none' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (part: Buffer) => (said = (said + part.toString()).slice(-2000)));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const close = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    await tokens?.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await isListening(port, () => {
      if (child.exitCode !== null) throw new Error(`the registry ended: ${said}`);
    });
  } catch (error) {
    await close();
    throw error;
  }
  return { host: `localhost:${port}`, tokens, close };
}

async function isListening(port: number, look: () => void): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    look();
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect({ port, host: '127.0.0.1' }, () => resolve(true));
      socket.on('connect', () => socket.destroy());
      socket.on('error', () => resolve(false));
    });
    if (open) return;
    await sleep(100);
  }
  throw new Error('the registry does not listen');
}

/** What GitLab, Docker Hub and others have beside their registries: a token for who tells a password. */
async function startTokenService(certificates: Certificates) {
  const key = createPrivateKey(certificates.keyPem);
  const seen: { readonly url: URL; readonly authorization: string | undefined }[] = [];
  const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const tokenFor = (scope: string): string => {
    const [type, name, actions = ''] = scope.split(':');
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      ...{
        iss: 'tests',
        sub: USERNAME,
        aud: 'charts',
        iat: now,
        nbf: now - 60,
        exp: now + 300,
        jti: String(seen.length),
      },
      access: [{ type, name, actions: actions.split(',') }],
    };
    const text = `${encoded({ typ: 'JWT', alg: 'ES256', kid: 'tests' })}.${encoded(claims)}`;
    const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
    return `${text}.${signature.toString('base64url')}`;
  };
  const server = createServer({ cert: certificates.certPem, key: certificates.keyPem }, (request, response) => {
    const url = new URL(request.url ?? '/', 'https://localhost');
    seen.push({ url, authorization: request.headers.authorization });
    if (request.headers.authorization !== BASIC) return response.writeHead(401).end();
    response.writeHead(200, { 'content-type': 'application/json' });
    return response.end(JSON.stringify({ token: tokenFor(url.searchParams.get('scope') ?? '') }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `localhost:${(server.address() as AddressInfo).port}`,
    key: { ...createPublicKey(key).export({ format: 'jwk' }), kid: 'tests', alg: 'ES256', use: 'sig' },
    seen,
    tokenFor,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
