import { spawn } from 'node:child_process';
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Certificates } from '#bus';

export const CLIENT_ID = 'flotilla-hub';
export const CLIENT_SECRET = 'a-client-secret-that-nobody-may-see';

export type Claims = Record<string, unknown>;
/** What a provider that lies makes of an ID token. */
export type Tampering = (token: { readonly header: Claims; readonly claims: Claims }) => {
  readonly header?: Claims;
  readonly claims?: Claims;
  /** `own`: the provider's; `other`: one that nobody announced; `none`: no signature at all. */
  readonly key?: 'own' | 'other' | 'none';
};

/** A real OpenID Connect provider behind TLS, whose ID tokens can be changed on their way. */
export interface TestIdentityProvider {
  readonly issuer: string;
  /** Null: as the provider made them. */
  tamper: Tampering | null;
  /** While true, it answers nobody. */
  away: boolean;
  /** What went over its token endpoint: bodies of requests. */
  readonly exchanges: string[];
  /** Tells the provider where its one client is; it answers nobody before. */
  know(redirectUri: string, clientSecret: string | null): Promise<void>;
  stop(): Promise<void>;
}

export async function startIdentityProvider(
  certificates: Pick<Certificates, 'certPem' | 'keyPem'>,
  people: Readonly<Record<string, Claims>>,
): Promise<TestIdentityProvider> {
  const own = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  let port: number | null = null;
  let child: ReturnType<typeof spawn> | null = null;

  const server = createServer({ cert: certificates.certPem, key: certificates.keyPem }, (request, response) => {
    if (port === null || provider.away) return void response.writeHead(503).end('away');
    pass(request, response, port).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `https://localhost:${(server.address() as AddressInfo).port}`;

  async function pass(request: IncomingMessage, response: ServerResponse, to: number): Promise<void> {
    const body = await readAll(request);
    const isToken = request.url === '/token';
    if (isToken) provider.exchanges.push(`${request.headers.authorization ?? ''} ${body.toString()}`);
    const headers = { ...request.headers, 'x-forwarded-proto': 'https' };
    const inner = httpRequest({ port: to, host: '127.0.0.1', method: request.method, path: request.url, headers });
    inner.once('error', () => response.destroy());
    inner.once('response', (answer) => {
      readAll(answer)
        .then((bytes) => {
          const changed =
            isToken && provider.tamper !== null ? changeToken(bytes, provider.tamper, { own, other }) : bytes;
          const { 'content-length': _length, 'transfer-encoding': _coding, ...rest } = answer.headers;
          response.writeHead(answer.statusCode ?? 502, { ...rest, 'content-length': changed.length }).end(changed);
        })
        .catch(() => response.destroy());
    });
    inner.end(body);
  }

  const provider: TestIdentityProvider = {
    issuer,
    tamper: null,
    away: false,
    exchanges: [],
    know: async (redirectUri, clientSecret) => {
      const jwk = { ...own.export({ format: 'jwk' }), kid: 'own', use: 'sig', alg: 'RS256' };
      const started = spawn(process.execPath, [path.resolve('test/helpers/oidc-provider-process.mjs')], {
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      child = started;
      started.stdin.write(
        `${JSON.stringify({ issuer, clientId: CLIENT_ID, clientSecret, redirectUri, jwk, people })}\n`,
      );
      port = await new Promise<number>((resolve, reject) => {
        createInterface({ input: started.stdout }).once('line', (line) => {
          resolve((JSON.parse(line) as { port: number }).port);
        });
        started.once('exit', (code) => reject(new Error(`the identity provider ended with ${code}`)));
      });
    },
    stop: async () => {
      if (child !== null && child.exitCode === null) {
        const exited = new Promise((resolve) => child?.once('exit', resolve));
        child.stdin?.end();
        await exited;
      }
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
  return provider;
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (text = ''): Claims => JSON.parse(Buffer.from(text, 'base64url').toString()) as Claims;

function changeToken(
  answer: Buffer,
  tamper: Tampering,
  keys: { readonly own: KeyObject; readonly other: KeyObject },
): Buffer {
  const json = JSON.parse(answer.toString()) as { id_token?: string };
  if (json.id_token === undefined) return answer;
  const [head, body] = json.id_token.split('.');
  const before = { header: decode(head), claims: decode(body) };
  const after = tamper(before);
  const text = `${encode(after.header ?? before.header)}.${encode(after.claims ?? before.claims)}`;
  const key = after.key ?? 'own';
  const signature = key === 'none' ? '' : sign('sha256', Buffer.from(text), keys[key]).toString('base64url');
  return Buffer.from(JSON.stringify({ ...json, id_token: `${text}.${signature}` }));
}
