import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import { configMap } from '../agent/samples.js';
import type { ProxiedRequest } from '../helpers/kube-proxy.js';
import { WebhookServer } from '../helpers/webhook-server.js';
import { sharedControlPlane } from './control-plane/shared-control-plane.js';
import { isWriteOf, times, Unruly, version, WAIT_MS } from './unruly-cluster.js';

const opened: Unruly[] = [];

async function open(): Promise<Unruly> {
  const unruly = await Unruly.open();
  opened.push(unruly);
  return unruly;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((unruly) => unruly.close()));
}, WAIT_MS);

describe('an API server that is busy', () => {
  it('and says for how long, is left alone for that long, while the others go on and nothing is called failed', async () => {
    const unruly = await open();
    const { rig, proxy } = unruly;
    await unruly.start();
    const busy = { kind: 'answer', status: 429, reason: 'TooManyRequests', retryAfterSeconds: 4 } as const;
    proxy.rule(times(1, isWriteOf('b'), busy));
    const assigned = await rig.assign(version('1'));
    await unruly.hasValue('a', '1');
    await rig.healthy(assigned, WAIT_MS);
    const writes = unruly.about('b').filter(({ isWrite }) => isWrite);
    expect(writes).toHaveLength(2);
    expect((writes[1]?.at ?? 0) - (writes[0]?.at ?? 0)).toBeGreaterThanOrEqual(3_990);
    expect(unruly.phases()).not.toContain('failed');
  });

  it('or in conflict with itself, or broken for a moment, is asked again, and nothing is called failed', async () => {
    const unruly = await open();
    const { rig, proxy } = unruly;
    await unruly.start();
    await rig.healthy(await rig.assign([...version('1'), configMap('old')]), WAIT_MS);
    const conflict = { kind: 'answer', status: 409, reason: 'Conflict' } as const;
    proxy.rule(times(2, isWriteOf('a'), conflict));
    proxy.rule(times(2, isWriteOf('b'), { kind: 'answer', status: 500, reason: 'InternalError' }));
    proxy.rule(times(3, (each) => each.path.endsWith('/services/web'), { kind: 'answer', status: 503 }));
    proxy.rule(times(2, (each) => isWriteOf('old')(each) && each.method === 'DELETE', conflict));
    const before = rig.hub.reports.length;
    await rig.healthy(await rig.assign(version('2')), WAIT_MS);
    await rig.live(unruly.configMapAt('old'), (live) => live === null, WAIT_MS);
    expect(await unruly.valueOf('a')).toBe('2');
    expect(await unruly.valueOf('b')).toBe('2');
    expect(unruly.phases(before)).not.toContain('failed');
  });
});

describe('answers that break off, or never arrive', () => {
  it('are asked for again, and what was done already is not done wrong the second time', async () => {
    const unruly = await open();
    const { rig, proxy } = unruly;
    await unruly.start();
    await rig.healthy(await rig.assign([...version('1'), configMap('old')]), WAIT_MS);
    const lost = { kind: 'cut', when: 'after' } as const;
    proxy.rule(times(1, isWriteOf('a'), lost));
    proxy.rule(times(1, isWriteOf('b'), { kind: 'truncate' }));
    proxy.rule(times(1, isWriteOf('old'), lost));
    proxy.rule(times(1, (each) => each.isWrite && each.path.includes('/secrets'), lost));
    proxy.rule(times(2, (each) => each.path.endsWith('/deployments/web'), { kind: 'truncate' }));
    const before = rig.hub.reports.length;
    await rig.healthy(await rig.assign([...version('2'), configMap('new', { v: '2' })]), WAIT_MS);
    await rig.live(unruly.configMapAt('old'), (live) => live === null, WAIT_MS);
    for (const name of ['a', 'b', 'new']) expect(await unruly.valueOf(name)).toBe('2');
    expect(unruly.phases(before)).not.toContain('failed');
  });

  it('of one object over and over, hold up that object alone, and it is not asked without end', async () => {
    const unruly = await open();
    const { rig, proxy } = unruly;
    await unruly.start({ timing: { retryMs: 100, retryMaxMs: 6_000 } });
    await rig.healthy(await rig.assign(version('1')), WAIT_MS);
    const heal = proxy.rule((each) => (isWriteOf('b')(each) ? { kind: 'cut', when: 'before' } : undefined));
    await unruly.changeByHand('b');
    await rig.hub.until(rig.application, ({ phase }) => phase === 'progressing', WAIT_MS);
    await unruly.changeByHand('a');
    await unruly.hasValue('a', '1');
    const from = performance.now();
    await sleep(6_000);
    // 100 ms, doubled up to 6 s: with its two tries each, and what looks at it, this is far from a spin.
    expect(unruly.about('b').filter(({ at }) => at >= from).length).toBeLessThan(40);
    expect(unruly.phases()).not.toContain('failed');
    heal();
    await unruly.hasValue('b', '1');
    await rig.hub.until(rig.application, ({ phase }) => phase === 'healthy', WAIT_MS);
  });
});

describe('an API server that is gone', () => {
  it('changes no verdict and is not stormed, and what was changed meanwhile is put back when it returns', async () => {
    const unruly = await open();
    const { rig, proxy } = unruly;
    await unruly.start({ timing: { verifyMs: 1_500, retryMs: 100, retryMaxMs: 6_000 } });
    await rig.healthy(await rig.assign(version('1')), WAIT_MS);
    await sleep(500);
    const before = rig.hub.reports.length;
    const back = proxy.rule(() => ({ kind: 'cut', when: 'before' }));
    proxy.cutWatches();
    await unruly.changeByHand('a');
    const from = performance.now();
    await sleep(6_000);
    const asked = proxy.requests.filter(({ at }) => at >= from);
    expect(asked.length).toBeGreaterThan(3);
    expect(asked.length).toBeLessThan(120);
    expect(rig.hub.reports.length).toBe(before);
    back();
    await unruly.hasValue('a', '1');
    expect(unruly.phases(before).filter((phase) => phase !== 'healthy')).toEqual([]);
  });

  it('or answers every request with an error, keeps a verification from nothing but being done', async () => {
    const unruly = await open();
    const { rig, proxy } = unruly;
    await unruly.start({ timing: { verifyMs: 1_000 } });
    await rig.healthy(await rig.assign(version('1')), WAIT_MS);
    await sleep(500);
    const before = rig.hub.reports.length;
    const outage = { kind: 'answer', status: 500, message: 'etcdserver: request timed out' } as const;
    const back = proxy.rule(() => outage);
    proxy.cutWatches();
    const from = performance.now();
    await sleep(5_000);
    expect(proxy.count(({ at }) => at >= from)).toBeLessThan(200);
    expect(rig.hub.reports.length).toBe(before);
    // Nor does a restart in the middle of it make one up.
    await rig.stop();
    back();
    const again = proxy.rule((each) => (each.path.includes('/secrets') ? undefined : outage));
    await unruly.start();
    await sleep(3_000);
    expect(rig.hub.reports.length).toBe(before);
    again();
    const report = await rig.hub.until(rig.application, ({ boot }) => boot === 2, WAIT_MS);
    expect(report.phase).toBe('healthy');
  });
});

describe('watches', () => {
  it('whose past is forgotten, and lists that are forgotten half way, are begun anew', async () => {
    const unruly = await open();
    const { rig, proxy } = unruly;
    const isOurs = ({ path: at, method, query }: ProxiedRequest): boolean =>
      at === '/api/v1/configmaps' && method === 'GET' && query.has('labelSelector');
    const expired = { kind: 'answer', status: 410, reason: 'Expired' } as const;
    proxy.rule((each) => (isOurs(each) && !each.isWatch ? { kind: 'forward', query: { limit: '1' } } : undefined));
    proxy.rule(times(1, (each) => isOurs(each) && each.query.has('continue'), expired));
    proxy.rule(times(1, (each) => isOurs(each) && each.isWatch, expired));
    await unruly.start();
    await rig.healthy(await rig.assign(version('1')), WAIT_MS);
    await rig.hub.eventually(
      () => (proxy.count((each) => isOurs(each) && each.isWatch) >= 2 ? true : undefined),
      () => 'watches that were opened',
      WAIT_MS,
    );
    await unruly.changeByHand('a');
    await unruly.hasValue('a', '1');
    expect(proxy.count((each) => isOurs(each) && each.query.has('continue'))).toBeGreaterThanOrEqual(3);
    expect(proxy.count(isOurs)).toBeLessThan(40);
  });

  it('that stall without a word are found out by their silence', async () => {
    const unruly = await open();
    const { rig, proxy } = unruly;
    await unruly.start({ timing: { watchIdleMs: 2_000 } });
    await rig.healthy(await rig.assign(version('1')), WAIT_MS);
    proxy.stallWatches();
    await unruly.changeByHand('a');
    await sleep(500);
    expect(await unruly.valueOf('a')).toBe('by hand');
    proxy.letWatchesSpeak();
    await unruly.hasValue('a', '1');
    expect(unruly.phases()).not.toContain('failed');
  });
});

describe('a service account token that rotates', () => {
  it('is read anew when the old one is refused, and to be refused for a while is no failure', async () => {
    const unruly = await open();
    const { rig, proxy } = unruly;
    const plane = sharedControlPlane();
    await unruly.start({ timing: { verifyMs: 1_000 } });
    await rig.healthy(await rig.assign(version('1')), WAIT_MS);
    await sleep(500);
    const before = rig.hub.reports.length;
    const old = `Bearer ${plane.adminToken}`;
    const refused = { kind: 'answer', status: 401, reason: 'Unauthorized', message: 'Unauthorized' } as const;
    proxy.rule(({ authorization }) => (authorization === old ? refused : undefined));
    proxy.cutWatches();
    await unruly.changeByHand('a');
    // The file is late, as the kubelet may be.
    await sleep(3_000);
    unruly.writeToken(`${plane.adminToken}-kwok`);
    await unruly.hasValue('a', '1');
    await rig.hub.until(rig.application, ({ phase }) => phase === 'healthy', WAIT_MS);
    expect(unruly.phases(before)).not.toContain('failed');
    const from = performance.now();
    await unruly.changeByHand('b');
    await unruly.hasValue('b', '1');
    expect(proxy.count(({ at, authorization }) => at >= from && authorization === old)).toBe(0);
  });
});

describe('an admission webhook', () => {
  /** Of config maps that bear the label, in this test's namespace alone. */
  const admission = ({ rig }: Unruly, clientConfig: JsonObject): JsonObject => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: rig.application },
    webhooks: [
      {
        name: 'unruly.test.flotilla.dev',
        clientConfig,
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': rig.cluster.namespace } },
        objectSelector: { matchLabels: { guarded: 'yes' } },
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        timeoutSeconds: 1,
        failurePolicy: 'Fail',
      },
    ],
  });
  const WEBHOOKS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
  const guarded = (v: string): JsonObject => ({
    ...configMap('guarded', { v }),
    metadata: { name: 'guarded', labels: { guarded: 'yes' } },
  });

  it('that never answers keeps the objects that it guards from being put back, and no other', async () => {
    const unruly = await open();
    const { rig } = unruly;
    const server = await WebhookServer.start();
    try {
      await unruly.start({ timing: { retryMs: 100, retryMaxMs: 6_000 } });
      await rig.healthy(await rig.assign([...version('1'), guarded('1')]), WAIT_MS);
      server.meant = 'flotilla';
      server.mood = 'hang';
      await unruly.make(WEBHOOKS, admission(unruly, server.clientConfig));
      // Until the API server asks it, and what somebody changes is no longer put back.
      for (let tries = 0; server.requests === 0 && tries < 100; tries += 1) {
        await unruly.changeByHand('guarded');
        await sleep(100);
      }
      await unruly.changeByHand('guarded');
      await rig.hub.until(rig.application, ({ phase }) => phase === 'progressing', WAIT_MS);
      const from = performance.now();
      for (const name of ['a', 'b']) {
        await unruly.changeByHand(name);
        await unruly.hasValue(name, '1');
      }
      await sleep(Math.max(0, 6_000 - (performance.now() - from)));
      expect(await unruly.valueOf('guarded')).toBe('by hand');
      expect(unruly.about('guarded').filter(({ at }) => at >= from).length).toBeLessThan(25);
      const told = rig.hub.latest(rig.application);
      expect(told?.phase).toBe('progressing');
      expect(told?.message).toContain('unruly.test.flotilla.dev');
      server.mood = 'allow';
      await unruly.hasValue('guarded', '1');
      await rig.hub.until(rig.application, ({ phase }) => phase === 'healthy', WAIT_MS);
      expect(unruly.phases()).not.toContain('failed');
    } finally {
      await server.close();
    }
  });

  it('that is down holds up a release, which is tried ever less often, and not what is put back meanwhile', async () => {
    const unruly = await open();
    const { rig } = unruly;
    const server = await WebhookServer.start();
    try {
      await unruly.start({ timing: { retryMs: 100, retryMaxMs: 6_000 } });
      const many = (v: string): readonly JsonObject[] =>
        Array.from({ length: 30 }, (_, at) => configMap(`many-${at}`, { v }));
      await rig.healthy(await rig.assign([...version('1'), ...many('1'), guarded('1')]), WAIT_MS);
      const away = await WebhookServer.start();
      await away.close();
      const at = await unruly.make(
        WEBHOOKS,
        admission(unruly, { ...server.clientConfig, url: away.clientConfig['url'] ?? '' }),
      );
      // Until the API server asks it, and nobody can change what it guards.
      for (let isAsked = false; !isAsked; await sleep(50)) {
        isAsked = await unruly.changeByHand('guarded').then(
          () => false,
          () => true,
        );
      }
      await unruly.hasValue('guarded', '1').catch(() => undefined);
      const assigned = await rig.assign([...version('2'), ...many('2'), guarded('2')]);
      const held = await rig.hub.until(
        rig.application,
        ({ generation, findings }) => generation === assigned.generation && findings.length > 0,
        WAIT_MS,
      );
      expect(held.phase).toBe('progressing');
      expect(held.findings.map(({ name }) => name)).toEqual(['guarded']);
      // One dry-run that fails keeps its stage unwritten.
      expect(await unruly.valueOf('a')).toBe('1');
      const from = performance.now();
      await unruly.changeByHand('same');
      await unruly.hasValue('same', '1');
      await sleep(Math.max(0, 6_000 - (performance.now() - from)));
      expect(unruly.about('guarded').filter((each) => each.at >= from).length).toBeLessThan(30);
      // The other thirty, which nothing is wrong with, are not rehearsed again and again.
      expect(unruly.about('many-7').filter((each) => each.at >= from).length).toBeLessThan(3);
      await rig.edit(at, { webhooks: admission(unruly, server.clientConfig)['webhooks'] ?? [] });
      await rig.healthy(assigned, WAIT_MS);
      expect(await unruly.valueOf('guarded')).toBe('2');
      expect(unruly.phases()).not.toContain('failed');
    } finally {
      await server.close();
    }
  });
});
