import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import type { HubBus } from '#ports';
import { bytes, eventually, joinAgent } from '#ports/contract-suites/bus-broker';
import { hubUserJwt } from './accounts.js';
import { connectHubBus } from './connect-hub-bus.js';
import { login } from './hub-login.js';
import { RealBroker, silent } from './real-broker.suite.js';
import { streams, subjects } from './subjects.js';

const QUOTA = 200;
const FLOOD = 20_000;
const BODY_BYTES = 1_024;
/** Scaled down like the rest: the flood is more than twice as large. */
const STREAM_BYTES = 8 * 1024 * 1024;

describe('an agent that makes up names of applications', () => {
  let broker: RealBroker;
  let hub: HubBus;
  let connection: NatsConnection;
  let manager: JetStreamManager;
  beforeEach(async () => {
    broker = await RealBroker.open();
    const { keys, certificates, nats } = broker;
    const { caPem } = certificates;
    hub = await connectHubBus({ url: nats.url, keys, caPem, log: silent, reportsPerCluster: QUOTA });
    const credential = (publicKey: string, now: number) => hubUserJwt(keys, publicKey, now);
    connection = await login({ url: nats.url, caPem, name: 'test', credential });
    manager = await jetstreamManager(connection);
    await manager.streams.update(streams.status, { max_bytes: STREAM_BYTES });
  });
  afterEach(async () => {
    await connection.close();
    await hub.close();
    await broker.close();
  });

  async function count(cluster: string): Promise<number> {
    const filter = subjects.status(cluster, '*');
    const info = await manager.streams.info(streams.status, { subjects_filter: filter });
    return Object.keys(info.state.subjects ?? {}).length;
  }

  it('fills neither the stream nor another cluster’s place in it', async () => {
    const others = Array.from({ length: 20 }, () => randomUUID());
    const agents = await Promise.all(others.map((cluster) => joinAgent(broker, hub, cluster)));
    await Promise.all(agents.map(({ bus }) => bus.publishStatus('shop', bytes('before'))));
    const seen = new Map<string, string[]>();
    const consumer = await hub.consumeStatus(async (batch) => {
      for (const { cluster, application } of batch) seen.set(cluster, [...(seen.get(cluster) ?? []), application]);
    });

    const hostile = randomUUID();
    const { bus } = await joinAgent(broker, hub, hostile);
    const body = new Uint8Array(BODY_BYTES);
    for (let sent = 0; sent < FLOOD; sent += 250) {
      await Promise.all(Array.from({ length: 250 }, (_, n) => bus.publishStatus(`made-up-${sent + n}`, body)));
    }
    await Promise.all(agents.map(({ bus: other }) => other.publishStatus('blog', bytes('after'))));
    await eventually(() => others.every((each) => seen.get(each)?.includes('blog') === true), 'theirs', 20_000);

    // Its latest are all that is left of it, give or take those that came since the last purge.
    expect(await count(hostile)).toBeLessThanOrEqual(2 * QUOTA);
    const { state } = await manager.streams.info(streams.status);
    expect(state.bytes).toBeLessThan(STREAM_BYTES / 2);
    // What the others said before was never read again nor sent again, and is still there.
    expect(await Promise.all(others.map(count))).toEqual(others.map(() => 2));
    await consumer.stop();
  }, 120_000);

  it('is cut down at once by a hub that was away meanwhile', async () => {
    const hostile = randomUUID();
    const { bus } = await joinAgent(broker, hub, hostile);
    for (let sent = 0; sent < 2_000; sent += 250) {
      await Promise.all(Array.from({ length: 250 }, (_, n) => bus.publishStatus(`made-up-${sent + n}`, bytes('x'))));
    }
    expect(await count(hostile)).toBe(2_000);
    const consumer = await hub.consumeStatus(async () => undefined);
    await hub.drainStatus();
    let left = 2_000;
    for (let look = 0; look < 200 && left > QUOTA; look += 1) left = await count(hostile);
    expect(left).toBe(QUOTA);
    await consumer.stop();
  }, 60_000);
});
