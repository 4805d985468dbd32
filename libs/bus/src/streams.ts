import { isDeepStrictEqual } from 'node:util';
import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/nats-core';
import { MAX_MANIFEST_BYTES, MAX_REPORT_BYTES } from '#contract';
import { CHUNK_BYTES, HUB_CONSUMER, streams, subjects } from './subjects.js';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const DAY_MS = 86_400_000;
const NOT_FOUND = 10059;

/** Room for headers, on top of what a body may have. */
const HEADER_BYTES = 8 * 1024;
/** Longest life of a credential, and so how long a revocation must be remembered. */
export const MAX_CREDENTIAL_DAYS = 7;
/** Largest heartbeat, facts and all; the hub reads none that is larger. */
const MAX_HEARTBEAT_BYTES = 32 * 1024;
/** How long a heartbeat waits for a hub. */
const HEARTBEAT_AGE_MS = 30_000;
/** How long a batch may be in a hub's hands before another hub is given it. */
const ACK_WAIT_MS = 15_000;

type StreamSettings = Partial<StreamConfig> & { readonly name: string; readonly subjects: string[] };

function keyValue(bucket: string, settings: Partial<StreamConfig>): StreamSettings {
  return {
    name: `KV_${bucket}`,
    subjects: [`$KV.${bucket}.>`],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    // A full bucket refuses a new value instead of forgetting another key's.
    discard: DiscardPolicy.New,
    allow_rollup_hdrs: true,
    deny_delete: true,
    allow_direct: true,
    ...settings,
  };
}

export function streamSettings(replicas: number): readonly StreamSettings[] {
  const all: readonly StreamSettings[] = [
    keyValue('assign', {
      max_msgs_per_subject: 2,
      max_msg_size: MAX_MANIFEST_BYTES + HEADER_BYTES,
      max_bytes: 2 * GIB,
      // Headers alone: what comes down is a nudge, and the manifest is read under the agent's own key.
      republish: { src: '$KV.assign.*', dest: 'fleet.v1.down.{{wildcard(1)}}.assign', headers_only: true },
    }),
    keyValue('bundle', {
      max_msgs_per_subject: 1,
      max_msg_size: CHUNK_BYTES + HEADER_BYTES,
      max_bytes: 4 * GIB,
    }),
    keyValue('revoked', {
      max_msgs_per_subject: 1,
      max_msg_size: HEADER_BYTES,
      max_bytes: 64 * MIB,
      // A credential that was revoked longer ago than any lives has ended by itself.
      max_age: nanos((MAX_CREDENTIAL_DAYS + 1) * DAY_MS),
    }),
    {
      // The latest report per cluster and application: it outlives a hub that is down, and never grows.
      name: streams.status,
      subjects: ['fleet.v1.up.*.status.*'],
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      // Agents make up the names of applications. A full stream refuses what is new, and its sender tries again; to drop the
      // oldest would be to lose what others said and think delivered.
      discard: DiscardPolicy.New,
      max_msgs_per_subject: 1,
      max_msg_size: MAX_REPORT_BYTES + HEADER_BYTES,
      max_bytes: GIB,
      // Agents choose their headers: nobody may clear the stream by a rollup, or suppress another's report by its id.
      allow_rollup_hdrs: false,
      duplicate_window: nanos(100),
    },
    {
      // The latest few of each cluster, for hubs to read at their own pace; an older one says nothing.
      name: streams.heartbeats,
      subjects: [subjects.heartbeat('*')],
      retention: RetentionPolicy.Limits,
      storage: StorageType.Memory,
      discard: DiscardPolicy.Old,
      // More than one: the first of an agent tells its facts, and the next must not take its place before it is read.
      max_msgs_per_subject: 4,
      max_msg_size: MAX_HEARTBEAT_BYTES + HEADER_BYTES,
      max_bytes: 32 * MIB,
      max_age: nanos(HEARTBEAT_AGE_MS),
      allow_rollup_hdrs: false,
      duplicate_window: nanos(100),
    },
  ];
  return all.map((settings) => ({ ...settings, num_replicas: replicas }));
}

export const hubConsumer: Partial<ConsumerConfig> = {
  durable_name: HUB_CONSUMER,
  ack_policy: AckPolicy.Explicit,
  deliver_policy: DeliverPolicy.All,
  ack_wait: nanos(ACK_WAIT_MS),
  max_deliver: -1,
  max_ack_pending: 5_000,
};

/** Nothing is acknowledged: a heartbeat that a hub died with is followed by the next. */
export const heartbeatConsumer: Partial<ConsumerConfig> = {
  durable_name: HUB_CONSUMER,
  ack_policy: AckPolicy.None,
  deliver_policy: DeliverPolicy.All,
};

/**
 * Makes what is missing and changes what differs; may be called at every connect, by every hub. Answers whether anything was
 * missing.
 */
export async function ensureStreams(manager: JetStreamManager, replicas: number): Promise<boolean> {
  let wasMissing = false;
  for (const settings of streamSettings(replicas)) {
    if ((await ensureStream(manager, settings)) === 'made') wasMissing = true;
  }
  await manager.consumers.add(streams.status, hubConsumer);
  await manager.consumers.add(streams.heartbeats, heartbeatConsumer);
  return wasMissing;
}

/** Looks first: adding a stream that is there asks for its room once more, and is refused where that is not free. */
async function ensureStream(manager: JetStreamManager, settings: StreamSettings): Promise<'made' | 'there'> {
  const there = await manager.streams.info(settings.name).catch((error: unknown) => {
    if (error instanceof JetStreamApiError && error.code === NOT_FOUND) return null;
    throw error;
  });
  if (there === null) {
    await manager.streams.add(settings);
    return 'made';
  }
  if (!isDeepStrictEqual({ ...there.config, ...settings }, there.config)) {
    await manager.streams.update(settings.name, settings);
  }
  return 'there';
}
