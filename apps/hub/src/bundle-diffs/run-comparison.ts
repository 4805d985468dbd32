import { setImmediate as breathe } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { MAX_BUNDLE_BYTES, type BundledObjectDiff } from '#contract';
import { sha256, type JsonObject } from '#domain';
import { makeSecretMarks } from '#kube';
import { compareBundles, DIFF_LIMITS, sizeOf } from './compare-bundles.js';
import { runInThread } from '../run-in-thread.js';

const unpack = promisify(gunzip);

/** Two bundles by digest; null: there is none. */
export interface BundlePair {
  readonly from: string | null;
  readonly to: string | null;
}

export interface ComparisonTask {
  readonly pairs: readonly BundlePair[];
  /** Gzipped canonical JSON by digest, of all that the pairs name. */
  readonly bundles: ReadonlyMap<string, Uint8Array>;
  readonly namespace: string;
  /** What marks of secret values are made with. */
  readonly secret: string;
}

/** Pairs that change alike. */
export interface ComparedPairs {
  /** Places in the task's list. */
  readonly pairs: readonly number[];
  readonly objects: readonly BundledObjectDiff[];
  readonly unchanged: number;
  readonly more: number;
}

/** Unpacked bytes that are compared in some milliseconds, while a thread takes a third of a second to begin. */
const SMALL_BYTES = 128 * 1024;

/** Node starts threads from JavaScript only: where the sources run as they are, there is none to start. */
const WORKER = import.meta.url.endsWith('.js') ? new URL('./comparison-worker.js', import.meta.url) : null;

/**
 * Compares pairs of bundles beside the hub's work: in a thread where there is much to do. Two bundles of 5,000 objects take about a
 * second. The result is the same.
 * @throws the signal's reason once it aborts.
 */
export function runComparison(
  task: ComparisonTask,
  signal: AbortSignal,
  worker: URL | null = WORKER,
): Promise<readonly ComparedPairs[]> {
  const bytes = [...task.bundles.values()].reduce((sum, gzipped) => sum + unpackedBytes(gzipped), 0);
  return worker && bytes > SMALL_BYTES
    ? runInThread<readonly ComparedPairs[]>("the comparison's thread", worker, task, signal)
    : compareAll(task, signal);
}

/** What gzip itself says at its end. */
export function unpackedBytes({ buffer, byteOffset, byteLength }: Uint8Array): number {
  return byteLength < 4 ? 0 : new DataView(buffer, byteOffset, byteLength).getUint32(byteLength - 4, true);
}

/** One pair after the other; everything else has its turn between them. */
export async function compareAll(task: ComparisonTask, signal: AbortSignal): Promise<readonly ComparedPairs[]> {
  const terms = { namespace: task.namespace, mark: makeSecretMarks(task.secret) };
  const alike = new Map<string, { readonly pairs: number[] } & ComparedPairs>();
  let room: number = DIFF_LIMITS.allBytes;
  for (const [index, { from, to }] of task.pairs.entries()) {
    await breathe();
    signal.throwIfAborted();
    const compared = compareBundles(await objectsOf(task, from), await objectsOf(task, to), terms);
    const isWhole = compared.more === 0 && !compared.objects.some(({ cut }) => cut);
    // What is not told of one may be something else than what is not told of another.
    const key = isWhole ? sha256(JSON.stringify(compared)) : String(index);
    const known = alike.get(key);
    if (known) {
      known.pairs.push(index);
      continue;
    }
    const objects = compared.objects.filter((told) => (room -= sizeOf(told)) >= 0);
    const more = compared.more + compared.objects.length - objects.length;
    alike.set(key, { pairs: [index], objects, unchanged: compared.unchanged, more });
  }
  return [...alike.values()];
}

async function objectsOf({ bundles }: ComparisonTask, digest: string | null): Promise<readonly JsonObject[] | null> {
  const gzipped = digest === null ? undefined : bundles.get(digest);
  if (gzipped === undefined) return null;
  const json = await unpack(gzipped, { maxOutputLength: MAX_BUNDLE_BYTES });
  return JSON.parse(json.toString('utf8')) as readonly JsonObject[];
}
