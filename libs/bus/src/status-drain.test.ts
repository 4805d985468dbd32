import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstream, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/nats-core';
import type { HubBus } from '#ports';
import { bytes, eventually, joinAgent, text } from '#ports/contract-suites/bus-broker';
import { hubUserJwt } from './accounts.js';
import { login } from './hub-login.js';
import { RealBroker } from './real-broker.suite.js';
import { HUB_CONSUMER, streams } from './subjects.js';

const LONG_MS = 3_600_000;

describe('a drain after a nats-server was killed with deliveries unacknowledged', () => {
  let broker: RealBroker;
  let hub: HubBus;
  let cluster: string;
  const connections: NatsConnection[] = [];
  beforeEach(async () => {
    broker = await RealBroker.open();
    hub = await broker.openHub();
    cluster = randomUUID();
  });
  afterEach(async () => {
    await Promise.all(connections.splice(0).map((each) => each.close()));
    await broker.close();
  });

  async function connect(): Promise<NatsConnection> {
    const credential = (publicKey: string, now: number) => hubUserJwt(broker.keys, publicKey, now);
    const connection = await login({
      url: broker.nats.url,
      caPem: broker.certificates.caPem,
      name: 'test',
      credential,
    });
    connections.push(connection);
    return connection;
  }

  /** A hub that is given so many reports and is never heard of again. */
  async function takeAndDie(count: number): Promise<void> {
    const connection = await connect();
    const consumer = await jetstream(connection).consumers.get(streams.status, HUB_CONSUMER);
    let taken = 0;
    for await (const message of await consumer.fetch({ max_messages: count, expires: 5_000 })) {
      expect(message.redelivered).toBe(false);
      taken += 1;
    }
    expect(taken).toBe(count);
    await connection.close();
  }

  /** The consumer's ack wait is so long that a drain which waits for it fails the test. */
  async function waitLong(): Promise<JetStreamManager> {
    const manager = await jetstreamManager(await connect());
    await manager.consumers.update(streams.status, HUB_CONSUMER, { ack_wait: nanos(LONG_MS) });
    return manager;
  }

  async function killAndRestart(): Promise<void> {
    process.kill(broker.nats.pid, 'SIGKILL');
    await eventually(() => !hub.connected(), 'the hub noticing', 20_000);
    await broker.start();
    await eventually(() => hub.connected(), 'the hub back', 20_000);
  }

  it('reads what a dead hub had, loses nothing, and puts no older report over a newer one', async () => {
    const { bus: agent } = await joinAgent(broker, hub, cluster);
    const names = Array.from({ length: 700 }, (_, n) => `app-${n}`);
    await Promise.all(names.map((name) => agent.publishStatus(name, bytes('1'))));
    await takeAndDie(400);
    // Time for the broker to write down what was delivered: what it forgets in its death it delivers as if for the first time.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await killAndRestart();
    await eventually(() => agent.connected(), 'the agent back', 20_000);
    // Newer ones of some that the dead hub had, of some that nobody had, and of new ones.
    for (const name of ['app-0', 'app-399', 'app-400', 'app-699', 'new']) await agent.publishStatus(name, bytes('2'));
    const manager = await waitLong();
    const pending = async (): Promise<number> =>
      (await manager.consumers.info(streams.status, HUB_CONSUMER)).num_ack_pending;
    // Reports that are newer by now are not waited for any more.
    const waitedFor = (await pending()) - 5;

    const seen = new Map<string, number[]>();
    const consumer = await hub.consumeStatus(async (batch) => {
      for (const { application, body } of batch) {
        seen.set(application, [...(seen.get(application) ?? []), Number(text(body))]);
      }
    });
    await hub.drainStatus();
    expect([...seen.keys()].sort()).toEqual([...names, 'new'].sort());
    for (const name of ['app-0', 'app-399', 'app-400', 'app-699', 'new']) expect(seen.get(name)?.at(-1)).toBe(2);
    for (const [, values] of seen) expect(values).toEqual(values.toSorted());
    // It waited for no redelivery: what the dead hub had is still its own as far as the consumer knows.
    expect(await pending()).toBeGreaterThanOrEqual(waitedFor);

    await manager.consumers.update(streams.status, HUB_CONSUMER, { ack_wait: nanos(1_000) });
    await hub.drainStatus();
    await consumer.stop();
  }, 60_000);

  it('waits for what its own hub has in hand, and hands it over once', async () => {
    const { bus: agent } = await joinAgent(broker, hub, cluster);
    await waitLong();
    let finish = (): void => undefined;
    const slow = new Promise<void>((resolve) => (finish = resolve));
    const tries: string[] = [];
    const consumer = await hub.consumeStatus(async (batch) => {
      tries.push(...batch.map((each) => each.application));
      await slow;
    });
    await agent.publishStatus('shop', bytes('1'));
    await eventually(() => tries.length === 1, 'the report');
    await killAndRestart();
    let isDrained = false;
    const drained = hub.drainStatus().then(() => (isDrained = true));
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(isDrained).toBe(false);
    finish();
    await drained;
    expect(tries).toEqual(['shop']);
    await consumer.stop();
  }, 60_000);

  it('tries again what could not be stored', async () => {
    const { bus: agent } = await joinAgent(broker, hub, cluster);
    await agent.publishStatus('shop', bytes('1'));
    await takeAndDie(1);
    await killAndRestart();
    await waitLong();
    let tries = 0;
    const consumer = await hub.consumeStatus(async () => {
      tries += 1;
      if (tries < 3) throw new Error('the database is away');
    });
    await hub.drainStatus();
    expect(tries).toBe(3);
    await consumer.stop();
  }, 60_000);
});
