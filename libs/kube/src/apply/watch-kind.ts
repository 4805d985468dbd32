import type { JsonObject } from '#domain';
import { messageOf, RejectedError } from '#kit';
import type { Kube } from '#ports';
import { apiError, callKube, isSuccess, sleep } from './api-error.js';
import { collectionPath, type KindPath } from './discovery.js';
import { mapAt, mapsAt, textAt } from './object-ref.js';

export interface KindWatchOptions {
  readonly kube: Kube;
  readonly kind: KindPath;
  readonly namespace?: string;
  readonly labelSelector?: string;
  /** Metadata is enough: neither spec nor status travels. */
  readonly metadataOnly: boolean;
  /** Silence after which the stream counts as stalled and is opened anew, ms. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** All objects as they are at a resource version: at the start, and whenever events may have been lost. */
  readonly onList: (objects: readonly JsonObject[], resourceVersion: number) => void;
  readonly onEvent: (type: 'ADDED' | 'MODIFIED' | 'DELETED', object: JsonObject) => void;
  /** The watch is broken for now, and is tried again. */
  readonly onTrouble?: (message: string) => void;
}

const ONE = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';
const LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 30_000;
const LONGEST_RETRY_AFTER_MS = 5 * 60_000;
/** Longer than it may take to open a stream. */
const SURELY_OPEN_MS = 60_000;

/**
 * Watches one kind until the signal aborts: one list, then a stream with bookmarks that goes on from where it ended. Only where
 * the API server has forgotten that point (410) is everything listed again.
 */
export async function watchKind(options: KindWatchOptions): Promise<void> {
  const { signal } = options;
  let position: string | null = null;
  let wait = FIRST_WAIT_MS;
  while (!signal.aborted) {
    let began = performance.now();
    let least = 0;
    try {
      position ??= await list(options);
      began = performance.now();
      position = await follow(options, position);
      // A stream that ended after a while ended as it should.
      if (position !== null && performance.now() - began > 1_000) wait = FIRST_WAIT_MS;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof RejectedError && error.details?.['status'] === 410) position = null;
      least = retryAfterMs(error);
      // So long a stream was open before it broke; what can't be opened is tried ever less often, however long each try takes.
      if (performance.now() - began > SURELY_OPEN_MS) wait = FIRST_WAIT_MS;
      options.onTrouble?.(messageOf(error, 300));
    }
    await sleep(Math.max(wait * (0.5 + options.random()), least), signal);
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }
}

/** How long the API server wants to be left alone, as far as it says so. */
function retryAfterMs(error: unknown): number {
  const seconds = error instanceof RejectedError ? error.details?.['retryAfterSeconds'] : undefined;
  return typeof seconds === 'number' ? Math.min(seconds * 1000, LONGEST_RETRY_AFTER_MS) : 0;
}

async function list(options: KindWatchOptions): Promise<string> {
  const objects: JsonObject[] = [];
  let next = '';
  for (;;) {
    const answer = await callKube(
      options.kube,
      {
        method: 'GET',
        path: collectionPath(options.kind, options.namespace),
        query: {
          limit: '500',
          ...(options.labelSelector !== undefined && { labelSelector: options.labelSelector }),
          ...(next !== '' && { continue: next }),
        },
        ...(options.metadataOnly && { accept: LIST }),
        timeoutMs: 30_000,
      },
      options.signal,
    );
    if (!isSuccess(answer)) {
      const { status, message } = apiError(answer);
      const { retryAfterSeconds } = answer;
      throw new RejectedError('kube-status', `List of ${options.kind.plural}: ${message}`, {
        status,
        ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
      });
    }
    objects.push(...mapsAt(answer.body, 'items').map((item) => named(item, options.kind)));
    const metadata = mapAt(answer.body, 'metadata');
    next = textAt(metadata, 'continue');
    if (next !== '') continue;
    const position = textAt(metadata, 'resourceVersion');
    if (!options.signal.aborted) options.onList(objects, Number(position) || 0);
    return position;
  }
}

/** Returns where the stream ended; null: everything must be listed again. */
async function follow(options: KindWatchOptions, from: string): Promise<string | null> {
  let position = from;
  const events = options.kube.watch({
    path: collectionPath(options.kind, options.namespace),
    query: {
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: from,
      // Not all agents' streams should end at once.
      timeoutSeconds: String(300 + Math.floor(options.random() * 300)),
      ...(options.labelSelector !== undefined && { labelSelector: options.labelSelector }),
    },
    ...(options.metadataOnly && { accept: ONE }),
    signal: options.signal,
    idleMs: options.idleMs,
  });
  for await (const { type, object } of events) {
    if (options.signal.aborted) return position;
    if (type === 'ERROR') {
      if (object['code'] === 410) return null;
      throw new RejectedError('kube-status', `Watch of ${options.kind.plural}: ${textAt(object, 'message')}`, {
        status: typeof object['code'] === 'number' ? object['code'] : 500,
      });
    }
    position = textAt(mapAt(object, 'metadata'), 'resourceVersion') || position;
    if (type !== 'BOOKMARK') options.onEvent(type, named(object, options.kind));
  }
  return position;
}

/** Items of a list don't say their kind, and metadata says that it is metadata. */
function named(object: JsonObject, kind: KindPath): JsonObject {
  return { ...object, apiVersion: kind.apiVersion, kind: kind.kind };
}
