import { readFileSync } from 'node:fs';
import { request } from 'node:https';

/** Where an API server is and as whom to speak to it. */
export interface ApiServerAccess {
  readonly url: string;
  readonly caFile: string;
  readonly token: string;
}

/** One JSON request; a patch is a strategic merge patch. Rejects only when there is no answer within 10 s. */
export function callApiServer(
  { url, caFile, token }: ApiServerAccess,
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const call = request(new URL(path, url), {
      method,
      agent: false,
      ca: readFileSync(caFile),
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': method === 'PATCH' ? 'application/strategic-merge-patch+json' : 'application/json',
      },
      timeout: 10_000,
    });
    call.on('timeout', () => call.destroy(new Error(`${method} ${path}: no answer within 10 s`)));
    call.on('error', reject);
    call.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
