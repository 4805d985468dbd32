import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import type { AgentBus, HubBus } from '#ports';
import { bytes, eventually, joinAgent } from '#ports/contract-suites/bus-broker';
import { hubUserJwt } from './accounts.js';
import { login } from './hub-login.js';
import { RealBroker } from './real-broker.suite.js';
import { HUB_CONSUMER, streams } from './subjects.js';

describe('heartbeats', () => {
  let broker: RealBroker;
  let hub: HubBus;
  let connection: NatsConnection;
  beforeEach(async () => {
    broker = await RealBroker.open();
    hub = await broker.openHub();
    const credential = (publicKey: string, now: number) => hubUserJwt(broker.keys, publicKey, now);
    connection = await login({
      url: broker.nats.url,
      caPem: broker.certificates.caPem,
      name: 'test',
      credential,
    });
  });
  afterEach(async () => {
    await connection.close();
    await broker.close();
  });

  async function join(): Promise<{ readonly cluster: string; readonly bus: AgentBus }> {
    const cluster = randomUUID();
    return { cluster, ...(await joinAgent(broker, hub, cluster)) };
  }

  it('of a moment ago reach a hub that was not there then, the latest four of each cluster', async () => {
    const { bus, cluster } = await join();
    for (let n = 0; n < 10; n += 1) bus.publishHeartbeat(bytes(String(n)));
    const manager = await jetstreamManager(connection);
    await untilStored(async () => (await manager.streams.info(streams.heartbeats)).state.last_seq === 10);
    const seen: string[] = [];
    hub.onHeartbeat((message) => void seen.push(`${message.cluster} ${Buffer.from(message.body).toString()}`));
    await eventually(() => seen.length >= 4, 'four of them');
    expect(seen).toEqual(['6', '7', '8', '9'].map((n) => `${cluster} ${n}`));
  });

  it('are each given to one of several hubs', async () => {
    const other = await broker.openHub();
    const { bus } = await join();
    const seen: number[] = [];
    for (const each of [hub, other]) {
      each.onHeartbeat(({ body }) => void seen.push(Number(Buffer.from(body).toString())));
    }
    const manager = await jetstreamManager(connection);
    for (let n = 0; n < 40; n += 1) {
      bus.publishHeartbeat(bytes(String(n)));
      if (n % 3 === 2)
        await untilStored(async () => (await manager.streams.info(streams.heartbeats)).state.last_seq > n);
      await eventually(() => n % 3 !== 2 || seen.length > n, 'those so far');
    }
    await eventually(() => seen.length === 40, 'all of them');
    expect(seen.toSorted((one, two) => one - two)).toEqual(Array.from({ length: 40 }, (_, n) => n));
  });

  it('are read again after their consumer was lost, and after the server was started anew', async () => {
    const { bus } = await join();
    let heard = 0;
    hub.onHeartbeat(() => void (heard += 1));
    const again = async (): Promise<void> => {
      const before = heard;
      const beating = setInterval(() => bus.publishHeartbeat(bytes('x')), 20);
      await eventually(() => heard > before, 'a heartbeat', 20_000);
      clearInterval(beating);
    };
    await again();
    await (await jetstreamManager(connection)).consumers.delete(streams.heartbeats, HUB_CONSUMER);
    await again();
    await broker.stop();
    await broker.start();
    await again();
  }, 60_000);
});

async function untilStored(is: () => Promise<boolean>): Promise<void> {
  for (let look = 0; look < 500; look += 1) {
    if (await is()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('it was not stored');
}
