import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { HubBus } from '#ports';
import { bytes, eventually, pause, text } from '#ports/contract-suites/bus-broker';
import { hubUserJwt } from './accounts.js';
import { login } from './hub-login.js';
import { streams } from './subjects.js';
import { ThreeServers, untilAccepted } from './three-servers.suite.js';

describe('a cluster of three servers', () => {
  let servers: ThreeServers;
  let hub: HubBus;

  beforeAll(async () => {
    servers = await ThreeServers.open();
    hub = await servers.openHub();
  }, 60_000);

  afterAll(async () => {
    await servers.close();
  });

  it('holds every stream three times', async () => {
    const credential = (publicKey: string, now: number) => hubUserJwt(servers.keys, publicKey, now);
    const { url, certificates } = servers;
    const connection = await login({ url, caPem: certificates.caPem, name: 'test', credential });
    for (const name of Object.values(streams)) {
      const answer = await connection.request(`$JS.API.STREAM.INFO.${name}`);
      expect(answer.json()).toMatchObject({ config: { name, num_replicas: 3 } });
    }
    await connection.close();
  });

  it('carries an ask and its answer between whichever servers the hub and the agent are at', async () => {
    for (const n of [0, 1, 2]) {
      const cluster = randomUUID();
      const { bus } = await servers.openAgent(hub, cluster, servers.urlOf(n));
      const id = randomBytes(16).toString('hex');
      // That it listens is news which the other servers hear a moment later.
      let nudges = 0;
      bus.onNudge(() => void (nudges += 1));
      await untilAccepted(async () => {
        hub.nudge(cluster);
        await pause(50);
        expect(nudges).toBeGreaterThan(0);
      });
      bus.onAsk(() => {
        bus.publishAnswer(id, randomBytes(700_000)).catch(() => undefined);
      });
      expect((await hub.ask(cluster, id, bytes('x'), { timeoutMs: 30_000 })).length).toBe(700_000);
    }
  }, 90_000);

  it('loses nothing that was acknowledged when a server is killed, goes on, and still revokes', async () => {
    const cluster = randomUUID();
    const { bus: agent, key } = await servers.openAgent(hub, cluster);
    const first = await hub.putManifest(cluster, bytes('one'), 0);
    await agent.publishStatus('shop', bytes('one'));
    expect(text(await agent.fetchManifest())).toBe('one');

    await servers.kill(0);
    let second = first;
    await untilAccepted(async () => {
      second = await hub.putManifest(cluster, bytes('two'), first.revision);
    });
    // The answer to the write that won may have been lost with the server.
    if (!second.ok) expect(text(second.current)).toBe('two');
    await untilAccepted(async () => await agent.publishStatus('blog', bytes('two')));
    await eventually(() => agent.connected(), 'the agent on another server', 20_000);
    expect(text(await agent.fetchManifest())).toBe('two');
    const seen: string[] = [];
    const consumer = await hub.consumeStatus(async (batch) => {
      seen.push(...batch.map((each) => `${each.application}=${text(each.body)}`));
    });
    await eventually(() => seen.length >= 2, 'both reports', 20_000);
    expect(new Set(seen)).toEqual(new Set(['shop=one', 'blog=two']));
    await consumer.stop();

    await hub.revokeCredential(key);
    await eventually(() => !agent.connected(), 'the end of the revoked connection', 20_000);
    await servers.start(0);
  }, 90_000);

  // In turn, so that the server that the hub is connected to is among them, whichever it is.
  it.each([0, 1, 2])(
    'takes a revocation right after server %i was killed, and tells that one when it is back',
    async (n) => {
      const agents = await Promise.all(
        [0, 1, 2].map((each) => servers.openAgent(hub, randomUUID(), servers.urlOf(each))),
      );
      const kept = await servers.openAgent(hub, randomUUID());
      await servers.kill(n);
      await Promise.all(agents.map(({ key }) => hub.revokeCredential(key)));
      await eventually(() => agents.every(({ bus }) => !bus.connected()), 'the end of all three', 20_000);
      await servers.start(n);
      await untilAccepted(async () => expect(await whole()).toBe(true));
      const back = await servers.openAgent(hub, randomUUID(), servers.urlOf(n));
      expect(back.bus.connected()).toBe(true);
      await eventually(() => kept.bus.connected(), 'the one that was not revoked', 20_000);
      // It hears of what was revoked meanwhile from the hub; until then it may have let one in.
      const { bus, refusals } = agents[n]!;
      const before = refusals();
      await eventually(
        () => refusals() > before + 2 && !bus.connected(),
        'the refusals of the one that is back',
        20_000,
      );
      expect(agents.some((each) => each.bus.connected())).toBe(false);
    },
    90_000,
  );

  it.each([0, 1, 2])(
    'brings heartbeats again once server %i was killed',
    async (n) => {
      await untilAccepted(async () => expect(await whole()).toBe(true));
      const cluster = randomUUID();
      const { bus } = await servers.openAgent(hub, cluster);
      let heard = 0;
      hub.onHeartbeat((message) => void (heard += message.cluster === cluster ? 1 : 0));
      const beating = setInterval(() => bus.publishHeartbeat(bytes('x')), 100);
      await eventually(() => heard > 0, 'the first', 30_000);
      await servers.kill(n);
      const before = heard;
      await eventually(() => heard > before + 10, 'ten more', 60_000);
      clearInterval(beating);
      await servers.start(n);
    },
    120_000,
  );

  /** Whether every stream's copies are current again: only then can the next server be lost. */
  async function whole(): Promise<boolean> {
    const credential = (publicKey: string, now: number) => hubUserJwt(servers.keys, publicKey, now);
    const { url, certificates } = servers;
    const connection = await login({ url, caPem: certificates.caPem, name: 'test', credential });
    try {
      for (const name of Object.values(streams)) {
        const info = (await connection.request(`$JS.API.STREAM.INFO.${name}`)).json<{
          cluster?: { leader?: string; replicas?: { current: boolean; offline?: boolean }[] };
        }>();
        const { leader, replicas = [] } = info.cluster ?? {};
        if (leader === undefined || replicas.length !== 2) return false;
        if (!replicas.every((each) => each.current && each.offline !== true)) return false;
      }
      return true;
    } finally {
      await connection.close();
    }
  }
});
