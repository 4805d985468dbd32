import https from 'node:https';
import { readFile } from 'node:fs/promises';
import { localAccessSchema, problemSchema, type LocalAccess } from '#contract';
import { messageOf, RejectedError, RetryableError } from '#kit';

/** The hub's API, as far as the simulator and the demo need it. */
export interface HubApi {
  readonly access: LocalAccess;
  get<T>(route: string): Promise<T>;
  post<T>(route: string, body?: object): Promise<T>;
  close(): void;
}

/** The 0600 file that a hub keeps in its data folder: address, CA and the first admin's token. */
export async function readLocalAccess(file: string): Promise<LocalAccess> {
  return localAccessSchema.parse(JSON.parse(await readFile(file, 'utf8')));
}

/** Opens the API over one kept-alive connection. Calls reject with the problem's own words. */
export function openHubApi(access: LocalAccess): HubApi {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 8, ...(access.ca && { ca: access.ca }) });
  const call = async <T>(method: string, route: string, body?: object): Promise<T> => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const { status, answer } = await new Promise<{ status: number; answer: string }>((resolve, reject) => {
      const request = https.request(new URL(route, access.url), {
        method,
        agent,
        headers: {
          authorization: `Bearer ${access.token}`,
          ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        },
      });
      request.once('error', (error) =>
        reject(
          new RetryableError('hub-unreachable', `The hub at ${access.url} can't be reached: ${messageOf(error, 200)}`),
        ),
      );
      request.once('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, answer: Buffer.concat(chunks).toString('utf8') }),
        );
      });
      request.end(text);
    });
    if (status >= 200 && status < 300) return (answer === '' ? undefined : JSON.parse(answer)) as T;
    const problem = problemSchema.safeParse(safeJson(answer));
    const detail = problem.success ? problem.data.detail : `status ${status}`;
    throw new RejectedError(problem.success ? problem.data.code : 'bad-answer', detail, { status });
  };
  return {
    access,
    get: (route) => call('GET', route),
    post: (route, body = {}) => call('POST', route, body),
    close: () => agent.destroy(),
  };
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
