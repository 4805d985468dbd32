import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AgentBus, HubBus } from '../bus.js';
import { type BusBroker, bytes, eventually, joinAgent, pause, text } from './bus-broker.js';

/** What every AgentBus does. `open` makes an empty broker, used by all tests of the suite, each with clusters of its own. */
export function describeAgentBusContract(name: string, open: () => Promise<BusBroker>): void {
  describe(`AgentBus: ${name}`, () => {
    let broker: BusBroker;
    let hub: HubBus;
    let cluster: string;
    let agent: AgentBus;

    beforeAll(async () => {
      broker = await open();
      hub = await broker.openHub();
    });
    afterAll(async () => {
      await broker.close();
    });
    beforeEach(async () => {
      cluster = randomUUID();
      agent = (await joinAgent(broker, hub, cluster)).bus;
    });

    it('reads its manifest, which is null until the hub has written one and after it was deleted', async () => {
      expect(await agent.fetchManifest()).toBeNull();
      await hub.putManifest(cluster, bytes('{"mine":true}'), 0);
      expect(text(await agent.fetchManifest())).toBe('{"mine":true}');
      await hub.deleteManifest(cluster);
      expect(await agent.fetchManifest()).toBeNull();
    });

    it('reads the latest of many, at the largest size', async () => {
      let revision = 0;
      for (let n = 0; n < 5; n += 1) {
        const put = await hub.putManifest(cluster, randomBytes(200_000), revision);
        revision = put.revision;
      }
      const last = randomBytes(256 * 1024);
      await hub.putManifest(cluster, last, revision);
      expect(Buffer.from((await agent.fetchManifest()) ?? []).equals(last)).toBe(true);
    });

    it('is nudged by a write and by the hub, and not by what is for others', async () => {
      const other = (await joinAgent(broker, hub, randomUUID())).bus;
      let nudges = 0;
      let others = 0;
      agent.onNudge(() => void (nudges += 1));
      other.onNudge(() => void (others += 1));
      await pause(50);
      await hub.putManifest(cluster, bytes('one'), 0);
      await eventually(() => nudges === 1, 'the nudge of a write');
      hub.nudge(cluster);
      await eventually(() => nudges === 2, "the hub's nudge");
      expect(others).toBe(0);
    });

    it('hears its own asks and nobody else does, and takes none for a nudge', async () => {
      const other = (await joinAgent(broker, hub, randomUUID())).bus;
      const asked: (string | null)[] = [];
      let nudges = 0;
      let others = 0;
      agent.onAsk((envelope) => void asked.push(text(envelope)));
      agent.onNudge(() => void (nudges += 1));
      other.onAsk(() => void (others += 1));
      await pause(50);
      const id = randomBytes(16).toString('hex');
      const answer = hub.ask(cluster, id, bytes('{"ask":"tree"}'), { timeoutMs: 60_000 });
      await eventually(() => asked.length > 0, 'the ask');
      await agent.publishAnswer(id, bytes('a tree'));
      expect(text(await answer)).toBe('a tree');
      hub.nudge(cluster);
      await eventually(() => nudges > 0, 'the nudge');
      expect([asked, nudges, others]).toEqual([['{"ask":"tree"}'], 1, 0]);
    });

    it("answers for its own cluster only, whatever the id: another's ask is not answered by it", async () => {
      const other = (await joinAgent(broker, hub, randomUUID())).bus;
      const id = randomBytes(16).toString('hex');
      agent.onAsk(() => {
        other.publishAnswer(id, bytes('forged')).catch(() => undefined);
      });
      await pause(50);
      const answer = hub.ask(cluster, id, bytes('x'), { timeoutMs: 500 });
      await expect(answer).rejects.toMatchObject({ code: 'agent-silent' });
    });

    it('refuses an answer that is too large or of an id that would widen the subject', async () => {
      const id = '0'.repeat(32);
      for (const bad of ['', '*', `${id}.x`, 'A'.repeat(32)]) {
        await expect(agent.publishAnswer(bad, bytes('x'))).rejects.toMatchObject({ code: 'bad-subject-token' });
      }
      const tooLarge = { kind: 'rejected', code: 'too-large' };
      await expect(agent.publishAnswer(id, new Uint8Array(8 * 1024 * 1024 + 1))).rejects.toMatchObject(tooLarge);
      // It can't be compressed, and so takes a part too many.
      await expect(agent.publishAnswer(id, randomBytes(8 * 1024 * 1024))).rejects.toMatchObject(tooLarge);
      await agent.publishAnswer(id, bytes('nobody waits for this one'));
    });

    it('fetches a bundle of a megabyte as it was written', async () => {
      const body = randomBytes(1024 * 1024 + 17);
      const digest = createHash('sha256').update(body).digest('hex');
      const chunks = await hub.putBundle(digest, body);
      const fetched = await agent.fetchBundle(digest, chunks);
      expect(createHash('sha256').update(fetched).digest('hex')).toBe(digest);
    });

    it('says of a bundle that is not whole that it is missing, for now', async () => {
      const missing = createHash('sha256').update(cluster).digest('hex');
      const refusal = { kind: 'retryable', code: 'bundle-missing' };
      await expect(agent.fetchBundle(missing, 3)).rejects.toMatchObject(refusal);
      const chunks = await hub.putBundle(missing, bytes('small'));
      expect(text(await agent.fetchBundle(missing, chunks))).toBe('small');
      await expect(agent.fetchBundle(missing, chunks + 1)).rejects.toMatchObject(refusal);
      await expect(agent.fetchBundle('../*', 1)).rejects.toMatchObject({ code: 'bad-digest' });
    });

    it('refuses a report that is too large or of a name that would widen the subject', async () => {
      await expect(agent.publishStatus('*', bytes('x'))).rejects.toMatchObject({ code: 'bad-subject-token' });
      await expect(agent.publishStatus('a.b', bytes('x'))).rejects.toMatchObject({ code: 'bad-subject-token' });
      const large = agent.publishStatus('shop', new Uint8Array(100 * 1024));
      await expect(large).rejects.toMatchObject({ kind: 'rejected', code: 'too-large' });
      const huge = agent.publishStatus('shop', new Uint8Array(2 * 1024 * 1024));
      await expect(huge).rejects.toMatchObject({ kind: 'rejected', code: 'too-large' });
      await agent.publishStatus('shop', new Uint8Array(64 * 1024));
    });

    it('fails at once while the broker is down, and tells when it is back', async () => {
      let back = 0;
      let nudges = 0;
      agent.onReconnect(() => void (back += 1));
      agent.onNudge(() => void (nudges += 1));
      let asks = 0;
      agent.onAsk(() => void (asks += 1));
      expect(agent.connected()).toBe(true);
      await broker.stop();
      await eventually(() => !agent.connected(), 'the agent noticing');
      const started = performance.now();
      await expect(agent.fetchManifest()).rejects.toMatchObject({ kind: 'retryable' });
      await expect(agent.publishStatus('shop', bytes('x'))).rejects.toMatchObject({ kind: 'retryable' });
      await expect(agent.renewCredential()).rejects.toMatchObject({ kind: 'retryable' });
      const answered = agent.publishAnswer('0'.repeat(32), bytes('x'));
      await expect(answered).rejects.toMatchObject({ kind: 'retryable', code: 'bus-disconnected' });
      agent.publishHeartbeat(bytes('into the void'));
      expect(performance.now() - started).toBeLessThan(1_000);
      await broker.start();
      await eventually(() => agent.connected() && hub.connected(), 'both back', 20_000);
      expect(back).toBe(1);
      await pause(50);
      hub.nudge(cluster);
      await eventually(() => nudges > 0, 'a nudge after the restart');
      const asked = hub.ask(cluster, '0'.repeat(32), bytes('x'), { timeoutMs: 60_000 });
      await eventually(() => asks > 0, 'an ask after the restart');
      await agent.publishAnswer('0'.repeat(32), bytes('here'));
      expect(text(await asked)).toBe('here');
    });

    it('stays closed once it is', async () => {
      await agent.close();
      expect(agent.connected()).toBe(false);
      await expect(agent.fetchManifest()).rejects.toMatchObject({ kind: 'retryable' });
      agent.publishHeartbeat(bytes('too late'));
      await agent.close();
    });
  });
}
