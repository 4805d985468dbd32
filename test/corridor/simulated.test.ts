import { cp, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ClusterView, CommandAnswer, FleetView, RolloutView, SyncAnswer, TargetView, Why } from '#contract';
import type { ClusterPlan } from '../../apps/simulator/src/simulate.js';
import { handEdit, SimulatedClusters } from '../helpers/simulated-clusters.js';
import { eventually, rolloutSettled, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { TestRepository } from '../helpers/test-repository.js';

const DEMO = path.resolve('deploy/demo/repository');
/** Long, because the machine may be busy: what waits here waits for a condition, and fails with what it saw last. */
const WITHIN_MS = 60_000;
const CASE_MS = 120_000;

const ENVIRONMENTS = { dev: 2, staging: 3, prod: 3 } as const;
type Environment = keyof typeof ENVIRONMENTS;
const WAVES = Object.keys(ENVIRONMENTS) as Environment[];
const WEB_REPLICAS: Readonly<Record<Environment, number>> = { dev: 1, staging: 2, prod: 5 };

const NAMESPACED = '/api/v1/namespaces/shop';
const KINDS = {
  ConfigMap: `${NAMESPACED}/configmaps`,
  Deployment: '/apis/apps/v1/namespaces/shop/deployments',
  Namespace: '/api/v1/namespaces',
  Service: `${NAMESPACED}/services`,
};

/**
 * The corridor with nothing played: hub, PostgreSQL, nats-server, git, kustomize and agents are the real ones, the demo's
 * repository is what they roll out, and only the clusters' API servers are simulated. What is in a cluster is asked of the cluster.
 */
describe('the corridor through simulated clusters', () => {
  let test: TestHub;
  let repository: TestRepository;
  let clusters: SimulatedClusters;
  /** Of the last release that was good. */
  let goodTag = '1.0.0';

  beforeAll(async () => {
    test = await startTestHub();
    repository = await TestRepository.create({});
    await cp(DEMO, repository.folder, { recursive: true });
    await repository.commit('the shop', {});
    const plans = WAVES.flatMap((env) =>
      Array.from({ length: ENVIRONMENTS[env] }, (_, index): ClusterPlan => ({
        name: `${env}-${index + 1}`,
        labels: { env },
      })),
    );
    clusters = await SimulatedClusters.start(test, plans);
  }, CASE_MS);

  afterAll(async () => {
    await clusters?.stop();
    await test?.stop();
    await repository?.remove();
  }, CASE_MS);

  const document = (kind: string, name: string, spec: object): object => ({
    apiVersion: 'flotilla.dev/v1',
    kind,
    metadata: { name },
    spec,
  });
  const apply = (...documents: object[]): Promise<unknown> => test.api.post('/api/v1/apply', { documents });
  /** What every wave asks for from the next release on. */
  const strategy = (wave: object = {}): object =>
    document('Strategy', 'by-env', {
      waves: WAVES.map((env) => ({
        name: env,
        selector: { matchLabels: { env } },
        maxConcurrency: '100%',
        maxFailures: 0,
        maxUnreachable: 0,
        ackTimeout: '60s',
        progressDeadline: '90s',
        healthyFor: '500ms',
        ...wave,
      })),
    });
  const file = (name: string): Promise<string> => readFile(path.join(repository.folder, name), 'utf8');
  /** The base with both images at `tag`. */
  const withTag = async (tag: string): Promise<Record<string, string>> => {
    const name = 'base/kustomization.yaml';
    return { [name]: (await file(name)).replaceAll(/newTag: .*/g, `newTag: ${tag}`) };
  };
  /** Commits and has the hub look; answers the release's number. */
  const release = async (message: string, files: Record<string, string | null>): Promise<number> => {
    const revision = await repository.commit(message, files);
    // Whether this look finds it, or the one that a hub takes at its start did a moment ago.
    const answer = await test.api.post<SyncAnswer>('/api/v1/sources/shop/sync');
    expect(answer).toMatchObject({ revision, errors: [], releases: [{ application: 'shop' }] });
    return answer.releases[0]?.release ?? 0;
  };
  const rollout = (): Promise<RolloutView> => test.api.get('/api/v1/rollouts/shop');
  const targets = async (): Promise<Map<string, TargetView>> => {
    const { items } = await test.api.get<{ items: TargetView[] }>('/api/v1/rollouts/shop/targets?limit=100');
    return new Map(items.map((each) => [each.cluster, each]));
  };
  const settled = (number: number): Promise<RolloutView> => rolloutSettled(test.api, 'shop', number, WITHIN_MS);
  const command = (name: string, body: object = {}): Promise<CommandAnswer> =>
    test.api.post(`/api/v1/rollouts/shop/${name}`, body);
  const corrections = async (name: string): Promise<number> =>
    (await test.hub.store.read.reports.get('shop', clusters.uid(name)))?.report.drift?.corrected ?? 0;

  /** Every cluster's own API says that it runs this tag, ready. */
  async function allRun(tag: string, names = clusters.names()): Promise<void> {
    for (const name of names) {
      await eventually(
        `${name} is ready with ${tag}`,
        () => clusters.readyTag(name),
        (ready) => ready === tag,
        WITHIN_MS,
      );
    }
  }
  /** By the clusters' own past: nobody of a later wave held it before all of the earlier were ready with it. */
  function wasGated(tag: string): void {
    WAVES.slice(1).forEach((env, index) => {
      const earlier = clusters.names(new RegExp(`^${WAVES[index] ?? ''}-`));
      const ready = earlier.map((name) => clusters.past(name).ready.get(tag) ?? Infinity);
      const later = clusters
        .names(new RegExp(`^${env}-`))
        .map((name) => clusters.past(name).held.get(tag) ?? -Infinity);
      expect(Math.max(...ready)).toBeLessThan(Math.min(...later));
    });
  }
  const everHeld = (tag: string): string[] => clusters.names().filter((name) => clusters.past(name).held.has(tag));

  async function goodRelease(tag: string, more: Record<string, string | null> = {}): Promise<RolloutView> {
    const ended = await settled(await release(`version ${tag}`, { ...(await withTag(tag)), ...more }));
    expect(ended).toMatchObject({ state: 'succeeded', total: 8, counts: { passed: 8 }, holds: [] });
    goodTag = tag;
    return ended;
  }
  async function rollBack(): Promise<void> {
    const { rollout: back } = await command('rollback', { reason: 'it is bad' });
    expect(back).toMatchObject({ kind: 'rollback' });
    await eventually(
      'the rollback ended',
      rollout,
      ({ kind, state }) => kind === 'rollback' && state !== 'running',
      WITHIN_MS,
    );
    expect((await rollout()).state).toBe('succeeded');
    await allRun(goodTag);
  }

  it(
    'takes the first commit into every cluster, each with the objects of its overlay',
    async () => {
      await apply(
        document('Source', 'shop', { url: repository.folder, interval: '1h' }),
        strategy(),
        document('Application', 'shop', {
          source: 'shop',
          path: 'overlays/{{ labels.env }}',
          strategy: 'by-env',
          namespace: 'shop',
        }),
      );
      expect(await settled(1)).toMatchObject({ state: 'succeeded', counts: { passed: 8 } });
      await allRun('1.0.0');
      for (const env of WAVES) {
        for (const name of clusters.names(new RegExp(`^${env}-`))) {
          const owned = await clusters.owned(name, 'shop', KINDS);
          expect(owned).toEqual([
            expect.stringMatching(/^ConfigMap\/web-settings-/),
            'Deployment/web',
            'Deployment/worker',
            'Namespace/shop',
            'Service/web',
          ]);
          expect((await clusters.deployment(name))?.spec.replicas).toBe(WEB_REPLICAS[env]);
        }
      }
      const fleet = await test.api.get<FleetView>('/api/v1/fleet');
      expect(fleet).toMatchObject({ healthy: 8, clusters: { total: 8, ready: 8, offline: 0, waiting: 0 } });
    },
    CASE_MS,
  );

  it(
    'takes a commit out in three waves, each of which is ready before the next is touched',
    async () => {
      await goodRelease('1.1.0');
      await allRun('1.1.0');
      wasGated('1.1.0');
      // The generated ConfigMap of the release before is gone where its content changed, and kept where it did not.
      for (const name of clusters.names()) {
        const owned = await clusters.owned(name, 'shop', KINDS);
        expect(owned.filter((each) => each.startsWith('ConfigMap/'))).toHaveLength(1);
      }
    },
    CASE_MS,
  );

  it(
    'stops an image that cannot be pulled in the first wave, and tells what the agents saw',
    async () => {
      const number = await release('a bad image', await withTag('1.2.0-bad'));
      const held = await settled(number);
      expect(held).toMatchObject({
        state: 'running',
        paused: true,
        holds: expect.arrayContaining([expect.objectContaining({ code: 'failures' })]),
      });
      // 2 of 8: the clusters that failed, and none behind them.
      expect(everHeld('1.2.0-bad')).toEqual(clusters.names(/^dev-/));
      const why = await test.api.get<Why>('/api/v1/why/rollouts/shop');
      expect(why.evidence.join('\n')).toMatch(/dev-[12] failed .*web.*(ImagePull|ErrImagePull|pull)/i);
      const ofCluster = await test.api.get<Why>('/api/v1/why/clusters/dev-1');
      expect(ofCluster.evidence.join('\n')).toMatch(/Deployment shop\/web/);
      // The old Pods go on beside the ones that can't start: nothing went dark.
      expect((await clusters.deployment('dev-1'))?.status?.readyReplicas).toBe(1);

      await rollBack();
      expect(everHeld('1.2.0-bad')).toEqual(clusters.names(/^dev-/));
      for (const name of clusters.names(/^dev-/)) {
        expect(
          (await clusters.owned(name, 'shop', KINDS)).filter((each) => each.startsWith('ConfigMap/')),
        ).toHaveLength(1);
      }
      // The same commit, seen again, stays where it is.
      await test.api.post('/api/v1/sources/shop/sync');
      expect(await rollout()).toMatchObject({ kind: 'rollback', state: 'succeeded' });
    },
    CASE_MS,
  );

  it.each([
    ['healthyFor', { healthyFor: '10s' }, '1.3.0-crash-after-2s'],
    ['a soak', { healthyFor: '200ms', soak: '60s' }, '1.3.1-crash-after-2s'],
  ])(
    'catches a crash that comes after two seconds before the second wave, by %s',
    async (_by, wave, tag) => {
      await apply(strategy(wave));
      const held = await settled(await release('crashes later', await withTag(tag)));
      expect(held).toMatchObject({ state: 'running', paused: true, wave: 0 });
      expect(held.counts.failed).toBeGreaterThan(0);
      expect(everHeld(tag)).toEqual(clusters.names(/^dev-/));
      const why = await test.api.get<Why>('/api/v1/why/rollouts/shop');
      expect(why.evidence.join('\n')).toMatch(/dev-[12] failed/);
      await rollBack();
      expect(everHeld(tag)).toEqual(clusters.names(/^dev-/));
      await apply(strategy());
    },
    CASE_MS,
  );

  it(
    'prunes an object that was removed from Git, everywhere, and nothing else',
    async () => {
      const base = (await withTag('1.4.0'))['base/kustomization.yaml'] ?? '';
      await goodRelease('1.4.0', { 'base/kustomization.yaml': base.replace('  - service.yaml\n', '') });
      for (const name of clusters.names()) {
        await eventually(
          `${name} has pruned it`,
          () => clusters.owned(name, 'shop', KINDS),
          (owned) => !owned.includes('Service/web'),
          WITHIN_MS,
        );
        expect(await clusters.owned(name, 'shop', KINDS)).toEqual([
          expect.stringMatching(/^ConfigMap\//),
          'Deployment/web',
          'Deployment/worker',
          'Namespace/shop',
        ]);
      }
    },
    CASE_MS,
  );

  it(
    'puts back what a person changed or deleted in a cluster, and counts it',
    async () => {
      const before = await corrections('prod-1');
      const container = { name: 'web', image: 'registry.example/shop/web:by-hand' };
      const note = { metadata: { annotations: { 'example.com/note': 'not ours' } } };
      await clusters.request(
        'prod-1',
        handEdit('/apis/apps/v1/namespaces/shop/deployments/web', note, 'some-operator'),
      );
      await clusters.request(
        'prod-1',
        handEdit('/apis/apps/v1/namespaces/shop/deployments/web', {
          spec: { template: { spec: { containers: [container] } } },
        }),
      );
      await allRun('1.4.0', ['prod-1']);
      await eventually(
        'it is counted',
        () => corrections('prod-1'),
        (count) => count > before,
        WITHIN_MS,
      );
      // What Git says nothing of is not ours to take away.
      const live = await clusters.request('prod-1', {
        method: 'GET',
        path: '/apis/apps/v1/namespaces/shop/deployments/web',
      });
      expect(live.body).toMatchObject(note);

      const [map] = (await clusters.owned('staging-2', 'shop', KINDS)).filter((each) => each.startsWith('ConfigMap/'));
      const at = `${NAMESPACED}/configmaps/${map?.split('/')[1] ?? ''}`;
      expect((await clusters.request('staging-2', { method: 'DELETE', path: at })).status).toBe(200);
      await eventually(
        'it is there again',
        () => clusters.request('staging-2', { method: 'GET', path: at }),
        ({ status }) => status === 200,
        WITHIN_MS,
      );
      await eventually(
        'that is counted too',
        () => corrections('staging-2'),
        (count) => count > 0,
        WITHIN_MS,
      );
      expect(await rollout()).toMatchObject({ release: expect.any(Number), state: 'succeeded' });
    },
    CASE_MS,
  );

  it(
    'defers a cluster that is cut off during a rollout, and takes it to the release when it is back',
    async () => {
      await apply(strategy({ maxUnreachable: 1, ackTimeout: '4s' }));
      const before = goodTag;
      const number = await release('one is away', await withTag('1.5.0-slow-1s'));
      await eventually(
        'dev is told',
        rollout,
        ({ release: each, counts }) => each === number && (counts.assigned ?? 0) + (counts.progressing ?? 0) > 0,
        WITHIN_MS,
      );
      await clusters.agent('prod-2').cutOff('prod-2');
      const ended = await settled(number);
      expect(ended.state).toMatch(/^succeeded/);
      expect(ended.counts).toMatchObject({ failed: 0, deferred: 1, passed: 7 });
      expect((await targets()).get('prod-2')).toMatchObject({ state: 'deferred' });
      expect(await clusters.readyTag('prod-2')).toBe(before);
      await eventually(
        'it shows as offline',
        () => test.api.get<ClusterView>('/api/v1/clusters/prod-2'),
        ({ status }) => status === 'offline',
        WITHIN_MS,
      );

      await clusters.agent('prod-2').bringBack('prod-2');
      goodTag = '1.5.0-slow-1s';
      await allRun(goodTag);
      await eventually(
        'it is healthy on the release',
        () => test.api.get<ClusterView>('/api/v1/clusters/prod-2'),
        ({ status, health, applications }) =>
          status === 'ready' && health === 'healthy' && applications?.[0]?.release === number,
        WITHIN_MS,
      );
      await eventually('nothing runs', rollout, ({ state }) => state !== 'running', WITHIN_MS);
      await apply(strategy());
    },
    CASE_MS,
  );

  it(
    'takes no notice of an agent that is stopped and started again in the middle',
    async () => {
      const number = await release('an agent starts again', await withTag('1.6.0-slow-2s'));
      await eventually(
        'staging-1 is at it',
        async () => clusters.past('staging-1').held.has('1.6.0-slow-2s'),
        Boolean,
        WITHIN_MS,
      );
      await clusters.stopAgent('staging-1');
      await clusters.startAgent('staging-1');
      expect(await settled(number)).toMatchObject({
        state: 'succeeded',
        counts: { passed: 8, failed: 0, deferred: 0 },
      });
      goodTag = '1.6.0-slow-2s';
      await allRun(goodTag);
      wasGated(goodTag);
    },
    CASE_MS,
  );

  it(
    'fails nobody for the time in which the hub itself was away, and ends the rollout when it is back',
    async () => {
      // Each limit is shorter than the absence.
      await apply(strategy({ ackTimeout: '9s', progressDeadline: '10s' }));
      const number = await release('the hub goes away', await withTag('1.7.0-slow-1s'));
      await eventually(
        'dev holds it',
        async () => everHeld('1.7.0-slow-1s').length,
        (count) => count === 2,
        WITHIN_MS,
      );
      await test.restart(async () => {
        await allRun('1.7.0-slow-1s', clusters.names(/^dev-/));
        await sleep(11_000);
        // Without the hub nobody goes on to the next wave, and nobody stops what runs.
        expect(everHeld('1.7.0-slow-1s')).toEqual(clusters.names(/^dev-/));
        expect(await clusters.readyTag('prod-1')).toBe(goodTag);
      });
      expect(await settled(number)).toMatchObject({
        state: 'succeeded',
        counts: { passed: 8, failed: 0, deferred: 0 },
      });
      goodTag = '1.7.0-slow-1s';
      await allRun(goodTag);
      wasGated(goodTag);
      await apply(strategy());
    },
    CASE_MS,
  );

  it(
    'keeps to what it holds while the hub is away, and reports afterwards',
    async () => {
      const before = await corrections('dev-2');
      await test.restart(async () => {
        await clusters.request('dev-2', { method: 'DELETE', path: '/apis/apps/v1/namespaces/shop/deployments/worker' });
        await eventually(
          'it is put back with nobody asked',
          () => clusters.deployment('dev-2', 'worker'),
          (deployment) => deployment !== null,
          WITHIN_MS,
        );
      });
      await eventually(
        'the hub hears of it',
        () => corrections('dev-2'),
        (count) => count > before,
        WITHIN_MS,
      );
      const fleet = await eventually(
        'all are ready again',
        () => test.api.get<FleetView>('/api/v1/fleet'),
        ({ healthy, clusters: { ready } }) => healthy === 8 && ready === 8,
        WITHIN_MS,
      );
      expect(fleet.clusters.offline).toBe(0);
    },
    CASE_MS,
  );

  it(
    'rolls back a release that ended well, as a rollout with waves of its own',
    async () => {
      const ended = await goodRelease('1.8.0');
      const { rollout: back } = await command('rollback', { reason: 'second thoughts' });
      expect(back).toMatchObject({ kind: 'rollback', release: ended.release, reason: 'second thoughts' });
      await eventually('it ended', rollout, ({ kind, state }) => kind === 'rollback' && state !== 'running', WITHIN_MS);
      await allRun('1.7.0-slow-1s');
      expect(await rollout()).toMatchObject({ state: 'succeeded', counts: { passed: 8 } });
      expect(await test.api.get<RolloutView>(`/api/v1/rollouts/${ended.id}`)).toMatchObject({ state: 'rolledBack' });
    },
    CASE_MS,
  );
});
