import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RejectedError } from '#kit';

/** For so long somebody may take to sign in. */
const PATIENCE_MS = 5 * 60_000;

const DONE = page('You are signed in', 'The command line has what it needs: this window can be closed.');
const NOT_OURS = page('This is not the sign-in that is waited for', 'Begin again with flotilla login.');

export interface BrowserSignIn {
  /** Where the person's browser begins. */
  readonly url: string;
  /** What the hub sent their browser back with. @throws RejectedError `not-signed-in` */
  readonly code: Promise<string>;
  /** Proves to the hub that the code is ours. */
  readonly verifier: string;
  close(): void;
}

/** Waits on 127.0.0.1 for the browser of somebody who signs in at the hub. */
export async function waitForBrowser(hubUrl: string, signal: AbortSignal): Promise<BrowserSignIn> {
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const state = randomBytes(24).toString('base64url');
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const code = new Promise<string>((resolve, reject) => {
    const give = (why: string): void => reject(new RejectedError('not-signed-in', why));
    const timer = setTimeout(() => give('Nobody signed in within 5 minutes: begin again.'), PATIENCE_MS);
    timer.unref();
    signal.addEventListener('abort', () => give('Signing in was broken off.'), { once: true });
    server.on('request', (request, response) => {
      const found = codeIn(request, `127.0.0.1:${port}`, state);
      answer(response, found === null ? NOT_OURS : DONE, found === null ? 400 : 200);
      if (found === null) return;
      clearTimeout(timer);
      resolve(found);
    });
  });
  // Whoever closes before it was awaited has no use for its failure.
  code.catch(() => undefined);
  return {
    url: `${hubUrl}/auth/cli?${new URLSearchParams({ challenge, port: String(port), state }).toString()}`,
    code,
    verifier,
    close: () => {
      server.close();
      server.closeIdleConnections();
    },
  };
}

/** Of that sign-in alone, and from a browser that was sent to this very address. */
function codeIn({ method, url, headers }: IncomingMessage, host: string, state: string): string | null {
  if (method !== 'GET' || headers.host !== host || (url ?? '').length > 2048) return null;
  const asked = new URL(url ?? '/', `http://${host}`);
  if (asked.pathname !== '/' || asked.searchParams.get('state') !== state) return null;
  const code = asked.searchParams.get('code') ?? '';
  return /^fc_[A-Za-z0-9_-]{20,100}$/.test(code) ? code : null;
}

function answer(response: ServerResponse, text: string, status: number): void {
  response
    .writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      connection: 'close',
    })
    .end(text);
}

function page(title: string, text: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Flotilla</title><h1>${title}</h1><p>${text}</p></html>\n`;
}
