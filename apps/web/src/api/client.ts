import type { Problem } from '#contract';

/** The hub answered, and it was no. */
export class HubProblem extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

/** The hub did not answer. */
export class HubUnreachable extends Error {
  constructor(cause: unknown) {
    super(`${location.origin} can't be reached: ${cause instanceof Error ? cause.message : 'no answer'}`);
  }
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

const signedOut = new Set<() => void>();

/** Called once the hub says that nobody is signed in any more. */
export function onSignedOut(listen: () => void): () => void {
  signedOut.add(listen);
  return () => signedOut.delete(listen);
}

export function urlOf(path: string, query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query))
    if (value !== undefined && value !== '') params.set(key, String(value));
  const text = params.toString();
  return text === '' ? path : `${path}?${text}`;
}

async function call<T>(
  method: string,
  path: string,
  init: { body?: unknown; signal?: AbortSignal; key?: string },
): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      credentials: 'same-origin',
      headers: {
        accept: 'application/json',
        // What another site's form can't send: the hub takes a cookie for nothing that changes without it.
        ...(method !== 'GET' && { 'flotilla-request': '1' }),
        ...(init.body !== undefined && { 'content-type': 'application/json' }),
        ...(init.key && { 'idempotency-key': init.key }),
      },
      ...(init.body !== undefined && { body: JSON.stringify(init.body) }),
      ...(init.signal && { signal: init.signal }),
    });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new HubUnreachable(error);
  }
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  if (response.ok) return JSON.parse(text) as T;
  const problem = problemOf(response, text);
  if (problem.status === 401) for (const listen of signedOut) listen();
  throw new HubProblem(problem);
}

function problemOf(response: Response, text: string): Problem {
  try {
    const problem = JSON.parse(text) as Problem;
    if (typeof problem.detail === 'string') return problem;
  } catch {
    // Whatever stands before the hub answered in words of its own.
  }
  const detail = `${location.origin} answered ${response.status} ${response.statusText}`.trim();
  return { type: 'about:blank', title: response.statusText, status: response.status, code: 'no-answer', detail };
}

/** Path parameters are encoded by the caller: `part(name)`. */
export const api = {
  get: <T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> =>
    call('GET', urlOf(path, query), { ...(signal && { signal }) }),
  /** @param key an Idempotency-Key: sent again with it, it is carried out once. */
  post: <T>(
    path: string,
    body: unknown = {},
    options: { query?: Query; key?: string; signal?: AbortSignal } = {},
  ): Promise<T> => call('POST', urlOf(path, options.query), { body, ...options }),
  put: <T>(path: string, body: unknown): Promise<T> => call('PUT', path, { body }),
  patch: <T>(path: string, body: unknown): Promise<T> => call('PATCH', path, { body }),
  delete: <T>(path: string, query?: Query): Promise<T> => call('DELETE', urlOf(path, query), {}),
};

export const part = encodeURIComponent;

/** All pages of a list, at most `limit` items. */
export async function allOf<T>(path: string, query: Query, limit: number, signal?: AbortSignal): Promise<T[]> {
  const items: T[] = [];
  for (let after: string | undefined; ;) {
    const size = Math.min(1000, limit - items.length);
    const page = await api.get<{ items: T[]; next?: string }>(path, { ...query, limit: size, after }, signal);
    items.push(...page.items);
    if (page.next === undefined || items.length >= limit) return items;
    after = page.next;
  }
}
