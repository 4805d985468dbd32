import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { HubBus, StatusMessage } from '../bus.js';
import { type BusBroker, bytes, eventually, joinAgent, pause, text } from './bus-broker.js';

const ofStatus = (message: StatusMessage) => `${message.cluster}/${message.application}=${text(message.body)}`;

/** What every HubBus does. `open` makes an empty broker, used by all tests of the suite, each with clusters of its own. */
export function describeHubBusContract(name: string, open: () => Promise<BusBroker>): void {
  describe(`HubBus: ${name}`, () => {
    let broker: BusBroker;
    let hub: HubBus;
    let cluster: string;
    const consumers: { stop(): Promise<void> }[] = [];

    beforeAll(async () => {
      broker = await open();
      hub = await broker.openHub();
    });
    afterAll(async () => {
      await broker.close();
    });
    beforeEach(() => {
      cluster = randomUUID();
    });
    afterEach(async () => {
      await Promise.all(consumers.splice(0).map((consumer) => consumer.stop()));
      // Every test finds the status stream handled.
      const rest = await hub.consumeStatus(async () => undefined);
      await hub.drainStatus();
      await rest.stop();
    });

    async function consume(on: HubBus, handle: (batch: readonly StatusMessage[]) => Promise<void>) {
      const consumer = await on.consumeStatus(handle);
      consumers.push(consumer);
      return consumer;
    }

    describe('manifests', () => {
      it('is null before the first, then what was written, under a revision that grows', async () => {
        expect(await hub.getManifest(cluster)).toBeNull();
        const first = await hub.putManifest(cluster, bytes('one'), 0);
        if (!first.ok) throw new Error('the first write was refused');
        expect(await hub.getManifest(cluster)).toEqual({ revision: first.revision, envelope: expect.anything() });
        const second = await hub.putManifest(cluster, bytes('two'), first.revision);
        if (!second.ok) throw new Error('the second write was refused');
        expect(second.revision).toBeGreaterThan(first.revision);
        expect(text((await hub.getManifest(cluster))?.envelope)).toBe('two');
      });

      it('refuses an expected revision that is not the present one, and tells what is there', async () => {
        const first = await hub.putManifest(cluster, bytes('one'), 0);
        if (!first.ok) throw new Error('the first write was refused');
        const blind = await hub.putManifest(cluster, bytes('blind'), 0);
        expect(blind).toMatchObject({ ok: false, revision: first.revision });
        expect(!blind.ok && text(blind.current)).toBe('one');
        const second = await hub.putManifest(cluster, bytes('two'), first.revision);
        if (!second.ok) throw new Error('the second write was refused');
        const stale = await hub.putManifest(cluster, bytes('stale'), first.revision);
        expect(stale).toMatchObject({ ok: false, revision: second.revision });
        expect(text((await hub.getManifest(cluster))?.envelope)).toBe('two');
      });

      it('lets exactly one of several hubs win that write at once', async () => {
        const other = await broker.openHub();
        const answers = await Promise.all(
          Array.from({ length: 10 }, (_, n) => (n % 2 ? hub : other).putManifest(cluster, bytes(`write ${n}`), 0)),
        );
        expect(answers.filter((answer) => answer.ok)).toHaveLength(1);
        const winner = answers.findIndex((answer) => answer.ok);
        expect(text((await hub.getManifest(cluster))?.envelope)).toBe(`write ${winner}`);
        await other.close();
      });

      it('forgets a deleted one, so that the next begins at revision 0', async () => {
        const first = await hub.putManifest(cluster, bytes('one'), 0);
        await hub.deleteManifest(cluster);
        await hub.deleteManifest(cluster);
        expect(await hub.getManifest(cluster)).toBeNull();
        expect(await hub.putManifest(cluster, bytes('late'), first.revision)).toMatchObject({ ok: false, revision: 0 });
        expect(await hub.putManifest(cluster, bytes('anew'), 0)).toMatchObject({ ok: true });
      });

      it('forgets with it what the cluster has reported, and nothing of another', async () => {
        const other = randomUUID();
        for (const each of [cluster, other]) {
          await hub.putManifest(each, bytes('one'), 0);
          const { bus } = await joinAgent(broker, hub, each);
          await bus.publishStatus('shop', bytes(each));
        }
        await hub.deleteManifest(cluster);
        const seen: string[] = [];
        const consumer = await hub.consumeStatus(async (batch) => void seen.push(...batch.map((each) => each.cluster)));
        await hub.drainStatus();
        await eventually(() => seen.includes(other), 'the report of the other');
        expect(seen).not.toContain(cluster);
        await consumer.stop();
      });

      it('refuses a cluster that would widen the subject, and a manifest that is too large', async () => {
        for (const bad of ['*', '>', 'a.b', '', 'a b', 'A']) {
          await expect(hub.putManifest(bad, bytes('x'), 0)).rejects.toMatchObject({ code: 'bad-subject-token' });
        }
        const large = hub.putManifest(cluster, new Uint8Array(300 * 1024), 0);
        await expect(large).rejects.toMatchObject({ kind: 'rejected', code: 'too-large' });
      });
    });

    describe('bundles', () => {
      it('writes one once, says how many chunks it has, and deletes it whole', async () => {
        const body = randomBytes(700_000);
        const digest = createHash('sha256').update(body).digest('hex');
        expect(await hub.hasBundle(digest)).toBe(false);
        const chunks = await hub.putBundle(digest, body);
        expect(chunks).toBeGreaterThanOrEqual(3);
        expect(chunks).toBeLessThanOrEqual(6);
        expect(await hub.hasBundle(digest)).toBe(true);
        expect(await hub.putBundle(digest, body)).toBe(chunks);
        expect((await hub.listBundles()).get(digest)).toBe(chunks);
        await hub.deleteBundle(digest);
        expect(await hub.hasBundle(digest)).toBe(false);
        expect((await hub.listBundles()).has(digest)).toBe(false);
      });

      it('leaves a digest alone that is there already', async () => {
        const digest = createHash('sha256').update(cluster).digest('hex');
        expect(await hub.putBundle(digest, bytes('first'))).toBe(1);
        expect(await hub.putBundle(digest, new Uint8Array(300_000))).toBe(1);
        const { bus } = await joinAgent(broker, hub, cluster);
        expect(text(await bus.fetchBundle(digest, 1))).toBe('first');
      });

      it('refuses a digest that is none', async () => {
        await expect(hub.putBundle('*', bytes('x'))).rejects.toMatchObject({ code: 'bad-digest' });
      });
    });

    describe('status', () => {
      it('hands over a report within moments, with its cluster and application', async () => {
        const { bus } = await joinAgent(broker, hub, cluster);
        const seen: string[] = [];
        await consume(hub, async (batch) => void seen.push(...batch.map(ofStatus)));
        await bus.publishStatus('shop', bytes('healthy'));
        await eventually(() => seen.length === 1, 'the report', 1_000);
        expect(seen).toEqual([`${cluster}/shop=healthy`]);
      });

      it('keeps the latest report of each application for a hub that was down', async () => {
        const { bus } = await joinAgent(broker, hub, cluster);
        for (const body of ['1', '2', '3']) await bus.publishStatus('shop', bytes(body));
        await bus.publishStatus('blog', bytes('only'));
        await bus.publishStatus('shop', bytes('last'));
        const seen: string[] = [];
        await consume(hub, async (batch) => void seen.push(...batch.map(ofStatus)));
        await hub.drainStatus();
        expect(seen).toEqual([`${cluster}/blog=only`, `${cluster}/shop=last`]);
      });

      it('brings a batch again that was not handled, and not one that was', async () => {
        const { bus } = await joinAgent(broker, hub, cluster);
        const tries: string[] = [];
        const consumer = await consume(hub, async (batch) => {
          tries.push(...batch.map(ofStatus));
          if (tries.length < 3) throw new Error('the database is away');
        });
        await bus.publishStatus('shop', bytes('x'));
        await eventually(() => tries.length === 3, 'the third try');
        await hub.drainStatus();
        await consumer.stop();
        const again: string[] = [];
        await consume(hub, async (batch) => void again.push(...batch.map(ofStatus)));
        await pause(200);
        expect(again).toEqual([]);
        expect(new Set(tries)).toEqual(new Set([`${cluster}/shop=x`]));
      });

      it('hands over at most 500 at a time and each of them once, to one of the hubs', async () => {
        const { bus } = await joinAgent(broker, hub, cluster);
        await Promise.all(Array.from({ length: 1_200 }, (_, n) => bus.publishStatus(`app-${n}`, bytes(String(n)))));
        const other = await broker.openHub();
        const seen: string[] = [];
        const sizes: number[] = [];
        const handle = async (batch: readonly StatusMessage[]) => {
          sizes.push(batch.length);
          seen.push(...batch.map(ofStatus));
        };
        await Promise.all([consume(hub, handle), consume(other, handle)]);
        await hub.drainStatus();
        expect(seen).toHaveLength(1_200);
        expect(new Set(seen).size).toBe(1_200);
        expect(Math.max(...sizes)).toBeLessThanOrEqual(500);
        await Promise.all(consumers.splice(0).map((consumer) => consumer.stop()));
        await other.close();
      });

      it('drains only when what was there has been handled', async () => {
        const { bus } = await joinAgent(broker, hub, cluster);
        await bus.publishStatus('shop', bytes('x'));
        let handled = false;
        await consume(hub, async () => {
          await pause(150);
          handled = true;
        });
        await hub.drainStatus();
        expect(handled).toBe(true);
        await hub.drainStatus();
      });

      it('waits for the batch in hand when it stops', async () => {
        const { bus } = await joinAgent(broker, hub, cluster);
        let state = 'idle';
        const consumer = await consume(hub, async () => {
          state = 'handling';
          await pause(100);
          state = 'handled';
        });
        await bus.publishStatus('shop', bytes('x'));
        await eventually(() => state === 'handling', 'the batch');
        await consumer.stop();
        expect(state).toBe('handled');
      });
    });

    describe('presence and credentials', () => {
      it('hears heartbeats with their cluster', async () => {
        const { bus } = await joinAgent(broker, hub, cluster);
        const seen: string[] = [];
        hub.onHeartbeat((message) => void (message.cluster === cluster && seen.push(text(message.body) ?? '')));
        await pause(50);
        bus.publishHeartbeat(bytes('alive'));
        await eventually(() => seen.length > 0, 'the heartbeat');
        expect(seen).toEqual(['alive']);
      });

      it('gets a hint when an agent goes away', async () => {
        const { bus } = await joinAgent(broker, hub, cluster);
        const gone: string[] = [];
        hub.onDisconnect((each) => void gone.push(each));
        await pause(50);
        await bus.close();
        await eventually(() => gone.includes(cluster), 'the disconnect');
      });

      it('answers a renewal, and passes a refusal on', async () => {
        const { bus } = await joinAgent(broker, hub, cluster);
        await expect(bus.renewCredential()).rejects.toMatchObject({ kind: 'retryable' });
        let answer: () => Promise<string> = async () => `renewed for ${cluster}`;
        const asked: string[] = [];
        hub.onRenew(async (each) => {
          asked.push(each);
          return await answer();
        });
        await pause(50);
        expect(await bus.renewCredential()).toBe(`renewed for ${cluster}`);
        expect(asked).toEqual([cluster]);
        answer = async () => {
          throw new Error('the database is away');
        };
        await expect(bus.renewCredential()).rejects.toMatchObject({ kind: 'retryable', code: 'renew-failed' });
      });

      it('ends a revoked credential at once and for ever, and no other', async () => {
        const { bus, key, refusals } = await joinAgent(broker, hub, cluster);
        const other = await joinAgent(broker, hub, randomUUID());
        await hub.revokeCredential(key);
        await eventually(() => !bus.connected(), 'the end of the connection', 2_000);
        await eventually(() => refusals() > 0, 'the refusal');
        await expect(bus.fetchManifest()).rejects.toMatchObject({ kind: 'retryable' });
        expect(await other.bus.fetchManifest()).toBeNull();
      });

      it('lets an agent with an expired credential in again as soon as it has a new one', async () => {
        const key = broker.makeAgentKey();
        let credential = await hub.mintCredential(cluster, key, 1);
        const { bus, refusals } = await broker.openAgent(cluster, key, () => credential);
        let back = 0;
        bus.onReconnect(() => void (back += 1));
        await eventually(() => refusals() > 0, 'the expiry', 6_000);
        await eventually(() => !bus.connected(), 'the end of the connection');
        credential = await hub.mintCredential(cluster, key);
        await eventually(() => bus.connected(), 'the new login');
        expect(back).toBeGreaterThan(0);
        expect(await bus.fetchManifest()).toBeNull();
      });

      it('mints for a user key and a sensible time only', async () => {
        await expect(hub.mintCredential(cluster, 'nonsense')).rejects.toMatchObject({ code: 'bad-agent-key' });
        await expect(hub.mintCredential('*', broker.makeAgentKey())).rejects.toMatchObject({
          code: 'bad-subject-token',
        });
        for (const ttl of [0, -1, Number.NaN, 365 * 86_400]) {
          const minted = hub.mintCredential(cluster, broker.makeAgentKey(), ttl);
          await expect(minted).rejects.toMatchObject({ code: 'bad-ttl' });
        }
      });
    });

    describe('asks', () => {
      const newId = () => randomBytes(16).toString('hex');
      const signed = (id: string) => bytes(JSON.stringify({ id }));
      const idIn = (envelope: Uint8Array) => (JSON.parse(text(envelope) ?? '') as { id: string }).id;

      /** An agent that answers every ask with `body`. */
      async function answering(body: (id: string) => Uint8Array, of = cluster) {
        const { bus } = await joinAgent(broker, hub, of);
        const refused: unknown[] = [];
        bus.onAsk((envelope) => {
          const id = idIn(envelope);
          bus.publishAnswer(id, body(id)).catch((error: unknown) => refused.push(error));
        });
        await pause(50);
        return { bus, refused };
      }

      it("resolves with the asked agent's answer, each ask with its own", async () => {
        await answering((id) => bytes(`first says ${id}`));
        const second = randomUUID();
        await answering((id) => bytes(`second says ${id}`), second);
        const other = await broker.openHub();
        const ids = Array.from({ length: 8 }, newId);
        const answers = await Promise.all(
          ids.map((id, n) => (n % 2 ? hub : other).ask(n < 4 ? cluster : second, id, signed(id))),
        );
        const expected = ids.map((id, n) => `${n < 4 ? 'first' : 'second'} says ${id}`);
        expect(answers.map((each) => text(each))).toEqual(expected);
        await other.close();
      });

      it('carries an answer of many parts as it was, and an empty one', async () => {
        // Random, so that it takes 24 parts although it is compressed.
        const large = randomBytes(3 * 1024 * 1024);
        let body: Uint8Array = large;
        const { refused } = await answering(() => body);
        const ask = async () => {
          const id = newId();
          return await hub.ask(cluster, id, signed(id), { timeoutMs: 60_000 });
        };
        expect(Buffer.from(await ask()).equals(large)).toBe(true);
        body = new Uint8Array(8 * 1024 * 1024);
        expect((await ask()).length).toBe(8 * 1024 * 1024);
        body = new Uint8Array();
        expect((await ask()).length).toBe(0);
        expect(refused).toEqual([]);
      });

      it('says that an agent is silent which does not answer, and takes nothing that comes later', async () => {
        const { bus } = await joinAgent(broker, hub, cluster);
        const id = newId();
        const silent = { kind: 'retryable', code: 'agent-silent' };
        await expect(hub.ask(cluster, id, signed(id), { timeoutMs: 150 })).rejects.toMatchObject(silent);
        await bus.publishAnswer(id, bytes('too late'));
        const nobody = randomUUID();
        await expect(hub.ask(nobody, newId(), signed(id), { timeoutMs: 50 })).rejects.toMatchObject(silent);
        const second = newId();
        await expect(hub.ask(cluster, second, signed(second), { timeoutMs: 150 })).rejects.toMatchObject(silent);
      });

      it('refuses an id or a cluster that would widen a subject, and an ask that is too large', async () => {
        for (const bad of ['', '*', '>', 'a'.repeat(31), 'A'.repeat(32), `${'a'.repeat(32)}.b`]) {
          await expect(hub.ask(cluster, bad, bytes('x'))).rejects.toMatchObject({ code: 'bad-subject-token' });
        }
        await expect(hub.ask('*', newId(), bytes('x'))).rejects.toMatchObject({ code: 'bad-subject-token' });
        const large = hub.ask(cluster, newId(), new Uint8Array(9 * 1024));
        await expect(large).rejects.toMatchObject({ kind: 'rejected', code: 'too-large' });
      });

      it('waits for so many answers at once and no more', async () => {
        const waiting = Array.from({ length: 16 }, () => hub.ask(cluster, newId(), bytes('x'), { timeoutMs: 400 }));
        const settled = Promise.allSettled(waiting);
        const busy = hub.ask(cluster, newId(), bytes('x'), { timeoutMs: 400 });
        await expect(busy).rejects.toMatchObject({ kind: 'retryable', code: 'asks-busy' });
        await settled;
        const again = hub.ask(cluster, newId(), bytes('x'), { timeoutMs: 50 });
        await expect(again).rejects.toMatchObject({ code: 'agent-silent' });
      });

      it('lets nobody wait for an answer once it is closed', async () => {
        const other = await broker.openHub();
        const asked = other.ask(cluster, newId(), bytes('x'), { timeoutMs: 60_000 });
        const refusal = expect(asked).rejects.toMatchObject({ kind: 'retryable' });
        await pause(20);
        await other.close();
        await refusal;
        await expect(other.ask(cluster, newId(), bytes('x'))).rejects.toMatchObject({ code: 'bus-disconnected' });
      });
    });

    describe('a broker that restarts', () => {
      it('fails fast while it is down, and has everything again after it', async () => {
        const put = await hub.putManifest(cluster, bytes('kept'), 0);
        const agent = await joinAgent(broker, hub, cluster);
        const revoked = await joinAgent(broker, hub, randomUUID());
        await hub.revokeCredential(revoked.key);
        await agent.bus.publishStatus('shop', bytes('kept'));
        const downs: number[] = [];
        hub.onReconnect((downMs) => void downs.push(downMs));
        const seen: string[] = [];
        const refusedBefore = revoked.refusals();

        await broker.stop();
        await eventually(() => !hub.connected(), 'the hub noticing');
        const refused = performance.now();
        await expect(hub.putManifest(cluster, bytes('x'), put.revision)).rejects.toMatchObject({ kind: 'retryable' });
        await expect(hub.getManifest(cluster)).rejects.toMatchObject({ kind: 'retryable' });
        await expect(hub.hasBundle('0'.repeat(64))).rejects.toMatchObject({ kind: 'retryable' });
        const asked = hub.ask(cluster, '0'.repeat(32), bytes('x'));
        await expect(asked).rejects.toMatchObject({ kind: 'retryable', code: 'bus-disconnected' });
        hub.nudge(cluster);
        expect(performance.now() - refused).toBeLessThan(1_000);
        await pause(100);
        await broker.start();

        await eventually(() => hub.connected() && agent.bus.connected(), 'both back', 20_000);
        expect(downs).toHaveLength(1);
        expect(downs[0]).toBeGreaterThanOrEqual(100);
        expect(text((await hub.getManifest(cluster))?.envelope)).toBe('kept');
        await consume(hub, async (batch) => void seen.push(...batch.map(ofStatus)));
        await hub.drainStatus();
        expect(seen).toContain(`${cluster}/shop=kept`);
        await eventually(() => revoked.refusals() > refusedBefore, 'the refusal of what was revoked before', 20_000);
        expect(revoked.bus.connected()).toBe(false);
        await agent.bus.publishStatus('shop', bytes('after'));
        await eventually(() => seen.includes(`${cluster}/shop=after`), 'a report after the restart');
      });
    });
  });
}
