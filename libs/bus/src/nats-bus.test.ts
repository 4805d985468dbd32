import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { bytes, eventually, joinAgent, pause, text } from '#ports/contract-suites/bus-broker';
import { describeAgentBusContract } from '#ports/contract-suites/agent-bus-contract-suite';
import { describeHubBusContract } from '#ports/contract-suites/hub-bus-contract-suite';
import { openAgentBus } from './agent-bus.js';
import { makeAgentKey } from './agent-key.js';
import { ensureCertificates } from './certificates.js';
import { connectHubBus } from './connect-hub-bus.js';
import { makeBusKeys } from './nats-keys.js';
import { RealBroker, silent } from './real-broker.suite.js';

describeHubBusContract('nats-server', () => RealBroker.open());
describeAgentBusContract('nats-server', () => RealBroker.open());

describe('what only the real bus can show', () => {
  let broker: RealBroker;
  beforeEach(async () => {
    broker = await RealBroker.open();
  });
  afterEach(async () => {
    await broker.close();
  });

  it('makes accounts, streams and revocations anew on a server that lost its folder while the hub ran', async () => {
    const hub = await broker.openHub();
    const agent = await joinAgent(broker, hub, randomUUID());
    const revoked = await joinAgent(broker, hub, randomUUID());
    await hub.revokeCredential(revoked.key);
    const cluster = randomUUID();
    await hub.putManifest(cluster, bytes('lost'), 0);
    const seen: string[] = [];
    const consumer = await hub.consumeStatus(
      async (batch) => void seen.push(...batch.map((each) => text(each.body) ?? '')),
    );
    await broker.stop();
    for (const lost of ['accounts', 'streams']) {
      await rm(path.join(broker.folder, 'nats', lost), { recursive: true, force: true });
    }
    const before = revoked.refusals();
    await broker.start();
    await eventually(() => hub.connected() && agent.bus.connected(), 'both back', 20_000);
    await retried(async () => expect(await hub.getManifest(cluster)).toBeNull());
    await retried(async () => expect(await hub.putManifest(cluster, bytes('anew'), 0)).toMatchObject({ ok: true }));
    await retried(() => agent.bus.publishStatus('shop', bytes('anew')));
    await eventually(() => seen.includes('anew'), 'the report', 20_000);
    await eventually(() => revoked.refusals() > before + 2, 'the refusals', 20_000);
    expect(revoked.bus.connected()).toBe(false);
    await consumer.stop();
  });

  it('is used by several hubs that revoke at once, and forgets none of it', async () => {
    const hubs = [await broker.openHub(), await broker.openHub(), await broker.openHub()] as const;
    const agents = await Promise.all(Array.from({ length: 12 }, () => joinAgent(broker, hubs[0], randomUUID())));
    const kept = await joinAgent(broker, hubs[0], randomUUID());
    await Promise.all(agents.map(({ key }, n) => hubs[n % 3]!.revokeCredential(key)));
    await pause(300);
    await broker.stop();
    await broker.start();
    await eventually(() => kept.bus.connected(), 'the one that was not revoked', 20_000);
    await eventually(() => agents.every(({ refusals }) => refusals() > 2), 'twelve refusals', 20_000);
    expect(agents.filter(({ bus }) => bus.connected())).toEqual([]);
  });

  it('tells in one sentence that nobody is there, or somebody else', async () => {
    const caPem = broker.certificates.caPem;
    const { url } = broker.nats;
    const stranger = connectHubBus({ url, keys: makeBusKeys(), caPem, log: silent });
    await expect(stranger).rejects.toMatchObject({ code: 'bus-unreachable' });
    const others = await ensureCertificates(path.join(broker.folder, 'others'), { names: [], ips: [] });
    const pinned = connectHubBus({ url, keys: broker.keys, caPem: others.caPem, log: silent });
    await expect(pinned).rejects.toThrow(/certificate/);
    await broker.stop();
    await expect(connectHubBus({ url, keys: broker.keys, caPem, log: silent })).rejects.toMatchObject({
      kind: 'retryable',
      code: 'bus-unreachable',
    });
  });

  it('lets an agent be opened and closed while there is no bus, and connects it when there is one', async () => {
    const hub = await broker.openHub();
    const cluster = randomUUID();
    const { publicKey, seed } = makeAgentKey();
    const credential = await hub.mintCredential(cluster, publicKey);
    const options = {
      url: broker.nats.url,
      cluster,
      seed,
      credential: () => credential,
      caPem: broker.certificates.caPem,
      log: silent,
      reconnectDelayMs: () => 50,
    };
    await broker.stop();
    const closed = openAgentBus(options);
    const waiting = openAgentBus(options);
    await expect(waiting.fetchManifest()).rejects.toMatchObject({ code: 'bus-disconnected' });
    await pause(100);
    await closed.close();
    let reconnects = 0;
    let nudges = 0;
    waiting.onReconnect(() => void (reconnects += 1));
    waiting.onNudge(() => void (nudges += 1));
    await broker.start();
    await waiting.ready;
    await eventually(() => hub.connected(), 'the hub back');
    await pause(50);
    hub.nudge(cluster);
    await eventually(() => nudges === 1, 'the nudge');
    expect(reconnects).toBe(0);
    await waiting.close();
  });

  it('is looked for where it is told to be at each attempt, as it may have moved', async () => {
    const hub = await broker.openHub();
    const cluster = randomUUID();
    const { publicKey, seed } = makeAgentKey();
    const credential = await hub.mintCredential(cluster, publicKey);
    const urls = ['tls://127.0.0.1:1', 'tls://127.0.0.1:1'];
    const bus = openAgentBus({
      url: () => urls.shift() ?? broker.nats.url,
      cluster,
      credential: () => credential,
      seed,
      caPem: broker.certificates.caPem,
      log: silent,
      reconnectDelayMs: () => 10,
    });
    await bus.ready;
    expect(bus.connected()).toBe(true);
    await bus.close();
  });

  it('is woken from its wait by a new credential', async () => {
    const hub = await broker.openHub();
    const cluster = randomUUID();
    const { publicKey, seed } = makeAgentKey();
    let credential = 'not yet';
    const expired: (() => void)[] = [];
    const bus = openAgentBus({
      url: broker.nats.url,
      cluster,
      seed,
      credential: () => credential,
      caPem: broker.certificates.caPem,
      log: silent,
      onAuthExpired: () => expired.splice(0).forEach((each) => each()),
      reconnectDelayMs: () => 60_000,
    });
    await new Promise<void>((resolve) => expired.push(resolve));
    credential = await hub.mintCredential(cluster, publicKey);
    bus.retryNow();
    await bus.ready;
    expect(bus.connected()).toBe(true);
    await bus.close();
  });

  async function retried(act: () => Promise<unknown>): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await act();
        return;
      } catch (error) {
        if (attempt === 40) throw error;
        await pause(100);
      }
    }
  }
});
