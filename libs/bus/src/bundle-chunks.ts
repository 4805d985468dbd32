import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import pLimit from 'p-limit';
import { publishAcked, refusal } from './requests.js';
import { checkDigest, CHUNK_BYTES, streams, subjects } from './subjects.js';

/** Chunks on their way at once: 2 MiB. */
const PARALLEL = 16;

/** How many chunks a whole bundle has on the bus; 0 where it is not there or was only half written. */
export async function countChunks(manager: JetStreamManager, digest: string): Promise<number> {
  const filter = subjects.chunks(checkDigest(digest));
  const { state } = await manager.streams.info(streams.bundle, { subjects_filter: filter });
  const there = state.subjects ?? {};
  return there[subjects.chunk(digest, 0)] === undefined ? 0 : Object.keys(there).length;
}

/** The same of every bundle there is. */
export async function countAllChunks(manager: JetStreamManager): Promise<ReadonlyMap<string, number>> {
  const { state } = await manager.streams.info(streams.bundle, { subjects_filter: subjects.allChunks });
  const counts = new Map<string, number>();
  const begun = new Set<string>();
  for (const subject of Object.keys(state.subjects ?? {})) {
    const [, , left = '', right = '', chunk] = subject.split('.');
    const digest = `${left}${right}`;
    counts.set(digest, (counts.get(digest) ?? 0) + 1);
    if (chunk === '0') begun.add(digest);
  }
  for (const digest of counts.keys()) if (!begun.has(digest)) counts.set(digest, 0);
  return counts;
}

/** The first chunk is written last: a bundle is there, for everybody, once all of it is. */
export async function writeChunks(
  connection: NatsConnection | null,
  digest: string,
  gzipped: Uint8Array,
): Promise<number> {
  const count = Math.max(1, Math.ceil(gzipped.length / CHUNK_BYTES));
  const write = async (chunk: number): Promise<void> => {
    const part = gzipped.subarray(chunk * CHUNK_BYTES, (chunk + 1) * CHUNK_BYTES);
    const answer = await publishAcked(connection, subjects.chunk(digest, chunk), part);
    if (!answer.ok) throw refusal(`chunk ${chunk} of bundle ${digest}`, answer);
  };
  const limit = pLimit(PARALLEL);
  await Promise.all(Array.from({ length: count - 1 }, (_, index) => limit(() => write(index + 1))));
  await write(0);
  return count;
}
