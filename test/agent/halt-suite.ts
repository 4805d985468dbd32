import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import { HoldingKube } from './holding-kube.js';
import { type Rig, rigOn, type SuiteCluster } from './rig.js';
import { configMap, deployment } from './samples.js';

/** Requests that an agent has under way at once. */
const AT_ONCE = 8;

/** What a pause that is to bite at once does to an agent; the same on a simulated cluster and on a real one. */
export function describeHaltSuite(name: string, openCluster: () => Promise<SuiteCluster>): void {
  describe(`an agent on ${name} that is halted`, () => {
    const withRig = rigOn(openCluster);
    const pathOf = (rig: Rig, named: string) => `/api/v1/namespaces/${rig.cluster.namespace}/configmaps/${named}`;
    const many = (count: number, v = '1'): JsonObject[] =>
      Array.from({ length: count }, (_, index) => configMap(`c-${String(index).padStart(3, '0')}`, { v }));
    /** How many of the application's objects are there as they are wanted. */
    const applied = async (rig: Rig, v = '1'): Promise<number> => {
      const { body } = await rig.cluster.kube.request({
        method: 'GET',
        path: `/api/v1/namespaces/${rig.cluster.namespace}/configmaps`,
        query: { labelSelector: `flotilla.dev/application=${rig.application}` },
      });
      return (body['items'] as unknown as { data?: { v?: string } }[]).filter(({ data }) => data?.v === v).length;
    };
    const taken = (rig: Rig) =>
      rig.hub.eventually(
        () => (rig.agent?.state().sequence === rig.hub.sequence ? true : undefined),
        () => 'the manifest was not taken up',
      );
    const paused = (rig: Rig, generation: number, message: RegExp | string) =>
      rig.hub.until(
        rig.application,
        (each) =>
          each.generation === generation &&
          (typeof message === 'string' ? each.message === message : message.test(each.message ?? '')),
      );
    /** Applies, and is halted with 60 of 200 objects written and as many more under way as an agent has. */
    const haltMidway = async (rig: Rig): Promise<HoldingKube> => {
      const kube = new HoldingKube(rig.kube, 60);
      await rig.start({ kube });
      const { generation } = await rig.assign(many(200));
      await rig.hub.eventually(
        () => (kube.begun === 60 + AT_ONCE ? true : undefined),
        () => `${kube.begun} writes were begun`,
      );
      await rig.assign(many(200), { generation, halted: true });
      await taken(rig);
      kube.letGo();
      return kube;
    };

    it('in the middle of an apply begins no further object, and says how far it came', () =>
      withRig(async (rig) => {
        const kube = await haltMidway(rig);
        const report = await paused(rig, 1, `paused: ${60 + AT_ONCE} of 200 objects applied`);
        expect(report).toMatchObject({ phase: 'progressing', runs: '', findings: [] });
        await new Promise((resolve) => setTimeout(resolve, 300));
        expect(kube.begun).toBe(60 + AT_ONCE);
        expect(await applied(rig)).toBe(60 + AT_ONCE);
      }));

    it('keeps what it applied, corrects nothing, and goes on where it was when it is let go', () =>
      withRig(async (rig) => {
        const kube = await haltMidway(rig);
        await paused(rig, 1, /^paused: /);
        await rig.remove(pathOf(rig, 'c-000'));
        await rig.edit(pathOf(rig, 'c-001'), { data: { v: 'by hand' } });
        await new Promise((resolve) => setTimeout(resolve, 300));
        expect(await applied(rig)).toBe(58 + AT_ONCE);
        await rig.healthy(await rig.assign(many(200), { generation: 1 }), 30_000);
        expect(await applied(rig)).toBe(200);
        // Each once, and again the two that somebody touched: the edited one is taken over from its editor, then applied.
        expect(kube.begun).toBe(203);
      }));

    it('stays so when it restarts, and still knows how far it came', () =>
      withRig(async (rig) => {
        await haltMidway(rig);
        await paused(rig, 1, /^paused: /);
        await rig.stop();
        rig.kube.requests = [];
        await rig.start();
        const report = await rig.hub.until(rig.application, ({ boot, message }) => boot === 2 && message !== undefined);
        expect(report).toMatchObject({
          phase: 'progressing',
          message: `paused: ${60 + AT_ONCE} of 200 objects applied`,
        });
        await new Promise((resolve) => setTimeout(resolve, 200));
        expect(rig.kube.writes(rig.cluster.agentNamespace)).toEqual([]);
        await rig.healthy(await rig.assign(many(200), { generation: 1 }), 30_000);
        expect(rig.kube.writes(rig.cluster.agentNamespace)).toHaveLength(140 - AT_ONCE);
      }));

    it('stays so when it restarts with the bus gone', () =>
      withRig(async (rig) => {
        await haltMidway(rig);
        await paused(rig, 1, /^paused: /);
        await rig.stop();
        rig.bus.stop();
        rig.kube.requests = [];
        await rig.start();
        await new Promise((resolve) => setTimeout(resolve, 300));
        expect(rig.kube.writes(rig.cluster.agentNamespace)).toEqual([]);
        expect(await applied(rig)).toBe(60 + AT_ONCE);
      }));

    it('turns to a newer generation at once', () =>
      withRig(async (rig) => {
        await haltMidway(rig);
        await paused(rig, 1, /^paused: /);
        await rig.healthy(await rig.assign(many(20, '2')), 30_000);
        expect(await applied(rig, '2')).toBe(20);
        expect(await applied(rig, '1')).toBe(0);
      }));

    it('applies nothing of a newer generation that is halted too, and does not put the older one right either', () =>
      withRig(async (rig) => {
        await rig.start();
        await rig.healthy(await rig.assign(many(3)));
        const { generation } = await rig.assign(many(3, '2'), { halted: true });
        const report = await paused(rig, generation, 'paused: none of its objects is applied yet');
        expect(report).toMatchObject({ phase: 'progressing' });
        await rig.remove(pathOf(rig, 'c-000'));
        await rig.stop();
        rig.bus.stop();
        rig.kube.requests = [];
        await rig.start();
        await new Promise((resolve) => setTimeout(resolve, 300));
        rig.bus.start();
        await rig.hub.until(rig.application, ({ boot, message }) => boot === 2 && /^paused: none/.test(message ?? ''));
        expect(rig.kube.writes(rig.cluster.agentNamespace)).toEqual([]);
        await rig.healthy(await rig.assign(many(3, '2'), { generation }));
        expect(await applied(rig, '2')).toBe(3);
      }));

    it('once it has applied all says how that is, and puts drift right only when it is let go', () =>
      withRig(async (rig) => {
        await rig.start();
        const objects = [...many(3), deployment('web')];
        const first = await rig.assign(objects);
        const { generation } = first;
        await rig.healthy(first);
        await rig.assign(objects, { generation, halted: true });
        await taken(rig);
        await rig.edit(pathOf(rig, 'c-000'), { data: { v: 'by hand' } });
        await new Promise((resolve) => setTimeout(resolve, 300));
        expect(await applied(rig)).toBe(2);
        expect(rig.hub.latest(rig.application)).toMatchObject({ generation, phase: 'healthy' });
        await rig.assign(objects, { generation });
        await rig.live(pathOf(rig, 'c-000'), (live) => JSON.stringify(live?.['data']) === '{"v":"1"}');
      }));

    it('in the middle of a correction corrects the rest once it is let go', () =>
      withRig(async (rig) => {
        // One is taken over from its editor and put back; the others, however many are corrected at once, are held.
        const kube = new HoldingKube(rig.kube, 22);
        await rig.start({ kube });
        const { generation } = await rig.assign(many(20));
        await rig.hub.until(rig.application, (each) => each.phase === 'healthy');
        await Promise.all(
          many(20).map(({ metadata }) =>
            rig.edit(pathOf(rig, (metadata as { name: string }).name), { data: { v: 'by hand' } }),
          ),
        );
        await rig.hub.eventually(
          () => (kube.begun > 22 ? true : undefined),
          () => `${kube.begun} writes were begun`,
        );
        await rig.assign(many(20), { generation, halted: true });
        await taken(rig);
        kube.letGo();
        await new Promise((resolve) => setTimeout(resolve, 300));
        expect(await applied(rig)).toBeLessThan(20);
        await rig.assign(many(20), { generation });
        const last = pathOf(rig, 'c-019');
        await rig.live(last, (live) => JSON.stringify(live?.['data']) === '{"v":"1"}');
        await rig.hub.until(rig.application, (each) => (each.drift?.corrected ?? 0) > 1);
        expect(await applied(rig)).toBe(20);
      }));

    it('in the middle of a prune deletes nothing more until it is let go', () =>
      withRig(async (rig) => {
        await rig.start();
        await rig.healthy(await rig.assign(many(60)), 30_000);
        await rig.stop();
        const kube = new HoldingKube(rig.kube, 10, 'DELETE');
        await rig.start({ kube });
        const { generation } = await rig.assign(many(2));
        await rig.hub.eventually(
          () => (kube.begun === 10 + AT_ONCE ? true : undefined),
          () => `${kube.begun} deletions were begun`,
        );
        await rig.assign(many(2), { generation, halted: true });
        await taken(rig);
        kube.letGo();
        const left = 58 - 10 - AT_ONCE;
        await paused(
          rig,
          generation,
          `paused: 2 of 2 objects applied, ${left} that are no longer in Git not deleted yet`,
        );
        await new Promise((resolve) => setTimeout(resolve, 300));
        expect(kube.begun).toBe(10 + AT_ONCE);
        expect(await applied(rig)).toBe(2 + left);
        await rig.assign(many(2), { generation });
        await rig.hub.until(rig.application, (each) => each.phase === 'healthy' && each.objects === 2);
        expect(await applied(rig)).toBe(2);
      }));

    it('or ended in the middle of the way back to what it ran goes on writing, where drift is only told of too', () =>
      withRig(async (rig) => {
        const drift = 'report' as const;
        const begunAt = (kube: HoldingKube, count: number) =>
          rig.hub.eventually(
            () => (kube.begun === count ? true : undefined),
            () => `${kube.begun} writes were begun`,
          );
        await rig.start();
        await rig.healthy(await rig.assign(many(40), { drift }), 30_000);
        await rig.healthy(await rig.assign([...many(20, '2'), ...many(40).slice(20)], { drift }), 30_000);
        await rig.stop();
        const there = new HoldingKube(rig.kube, 5);
        await rig.start({ kube: there });
        await rig.assign(many(40, '3'), { drift });
        await begunAt(there, 5 + AT_ONCE);
        await rig.stop();
        there.letGo();
        const back = new HoldingKube(rig.kube, 2);
        await rig.start({ kube: back });
        const { generation } = await rig.assign([...many(20, '2'), ...many(40).slice(20)], { drift });
        await begunAt(back, 2 + AT_ONCE);
        await rig.stop();
        back.letGo();
        await rig.start();
        await rig.hub.until(rig.application, (each) => each.generation === generation && each.phase === 'healthy');
        expect([await applied(rig, '1'), await applied(rig, '2'), await applied(rig, '3')]).toEqual([20, 20, 0]);
      }));

    it('and only tells of instant applies, halts as well', () =>
      withRig(async (rig) => {
        await rig.start({ mode: 'instant' });
        await rig.healthy(await rig.assign(many(3)));
        const { generation } = await rig.assign(many(3, '2'), { halted: true });
        await paused(rig, generation, 'paused: none of its objects is applied yet');
        await new Promise((resolve) => setTimeout(resolve, 100));
        expect(rig.hub.latest(rig.application)).toMatchObject({ generation, phase: 'progressing' });
        await rig.healthy(await rig.assign(many(3, '2'), { generation }));
      }));
  });

  describe(`an agent on ${name} that takes a release back`, () => {
    const withRig = rigOn(openCluster);
    const pathOf = (rig: Rig, named: string) => `/api/v1/namespaces/${rig.cluster.namespace}/configmaps/${named}`;
    const added = Array.from({ length: 8 }, (_, index) => configMap(`added-${index}`));
    const named = (namespace: string) => ({ ...configMap('named'), metadata: { name: 'named', namespace } });

    it('deletes what that release had added without counting it, after a restart too', () =>
      withRig(async (rig) => {
        await rig.start();
        const good = [configMap('settings')];
        await rig.healthy(await rig.assign(good));
        const bad = await rig.assign([...good, ...added, named(rig.cluster.namespace)]);
        await rig.healthy(bad);
        const exempt = { digest: bad.digest, chunks: bad.chunks };
        await rig.stop();
        await rig.assign(good, { maxDeletions: 0, exempt });
        await rig.start();
        await rig.hub.until(rig.application, (each) => each.phase === 'healthy' && each.objects === 1);
        expect(await rig.get(pathOf(rig, 'added-0'))).toBeNull();
        expect(await rig.get(pathOf(rig, 'named'))).toBeNull();
      }));

    it('counts whatever else it would delete against its budget', () =>
      withRig(async (rig) => {
        await rig.start();
        const good = [configMap('settings')];
        const bad = await rig.assign([...good, ...added]);
        await rig.healthy(bad);
        const mixed = await rig.assign([...good, ...added, configMap('other'), configMap('another')]);
        await rig.healthy(mixed);
        const exempt = { digest: bad.digest, chunks: bad.chunks };
        const over = await rig.assign(good, { maxDeletions: 1, exempt });
        const report = await rig.hub.until(
          rig.application,
          (each) => each.generation === over.generation && each.phase === 'failed',
        );
        expect(report.message).toMatch(/it would delete 2 objects \(.*other.*\) and may delete 1/);
        expect(await rig.get(pathOf(rig, 'added-0'))).not.toBeNull();
        const within = await rig.assign(good, { maxDeletions: 2, exempt });
        await rig.hub.until(
          rig.application,
          (each) => each.generation === within.generation && each.phase === 'healthy' && each.objects === 1,
        );
      }));

    it('exempts nothing by a bundle that is not what the manifest says', () =>
      withRig(async (rig) => {
        await rig.start();
        const good = [configMap('settings')];
        await rig.healthy(await rig.assign([...good, ...added]));
        const digest = 'e'.repeat(64);
        const chunks = await rig.hub.bus.putBundle(digest, Buffer.from('no bundle'));
        const { generation } = await rig.assign(good, { maxDeletions: 2, exempt: { digest, chunks } });
        const report = await rig.hub.until(
          rig.application,
          (each) => each.generation === generation && each.phase === 'failed',
        );
        expect(report.message).toMatch(/it would delete 8 objects/);
      }));
  });
}
