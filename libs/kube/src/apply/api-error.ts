import { RetryableError } from '#kit';
import type { Kube, KubeRequest, KubeResponse } from '#ports';
import { mapAt, mapsAt, textAt } from './object-ref.js';

export interface ApiError {
  readonly status: number;
  /** CamelCase word of the API server. */
  readonly reason: string;
  /** The API server's own words. */
  readonly message: string;
  readonly causes: readonly { readonly field: string; readonly reason: string; readonly message: string }[];
  /** The same request may succeed later with nothing changed: nobody's input is at fault. */
  readonly transient: boolean;
  readonly retryAfterMs?: number;
}

/** 401: our own token is being renewed, or was not yet; it says nothing of anybody's objects. */
/** An unknown field or a wrong type in a server-side apply, or a Secret's value that is no base64, comes as a 500. */
const BY_INPUT = /failed to create typed patch object|unable to convert unstructured object/;

const TRANSIENT = new Set([401, 408, 425, 429, 500, 502, 503, 504]);

/** What a response other than 2xx tells. */
export function apiError(response: KubeResponse): ApiError {
  const { status, body } = response;
  const message = textAt(body, 'message') || `the API server answered ${status}`;
  const causes = mapsAt(mapAt(body, 'details'), 'causes').map((cause) => ({
    field: textAt(cause, 'field'),
    reason: textAt(cause, 'reason'),
    message: textAt(cause, 'message'),
  }));
  return {
    status,
    reason: textAt(body, 'reason') || `Status${status}`,
    message,
    causes,
    transient:
      (TRANSIENT.has(status) && !BY_INPUT.test(message)) || (status === 409 && textAt(body, 'reason') === 'Conflict'),
    ...(response.retryAfterSeconds !== undefined && { retryAfterMs: response.retryAfterSeconds * 1000 }),
  };
}

/** Our reason where the API server says 404 and gives none: it serves nothing at all there, no kind of which one object is missing. */
export const UNSERVED = 'Status404';

export function isUnserved(response: KubeResponse): boolean {
  return response.status === 404 && apiError(response).reason === UNSERVED;
}

export function isSuccess(response: KubeResponse): boolean {
  return response.status >= 200 && response.status < 300;
}

/** Longer than this a pass does not stand still for one object. */
const LONGEST_WAIT_MS = 2_000;

/**
 * One request, tried again when the API server is busy (429, 503) and says, or lets us guess, that it soon is not, and once
 * when there was no answer at all: the connection may have been an old one. Not tried again once the signal aborted.
 * @throws RetryableError `kube-unreachable`
 */
export async function callKube(kube: Kube, request: KubeRequest, signal?: AbortSignal): Promise<KubeResponse> {
  for (let tries = 0; ; tries += 1) {
    try {
      const response = await kube.request(request);
      if (tries >= 2 || (response.status !== 429 && response.status !== 503)) return response;
      const wait = (response.retryAfterSeconds ?? 0.1 * 2 ** tries) * 1000;
      if (wait > LONGEST_WAIT_MS) return response;
      await sleep(wait, signal);
      if (signal?.aborted === true) return response;
    } catch (error) {
      if (!(error instanceof RetryableError) || tries >= 1) throw error;
      await sleep(100, signal);
      if (signal?.aborted === true) throw error;
    }
  }
}

/** Resolves after `ms`, or at once when the signal aborts. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end, { once: true });
  });
}
