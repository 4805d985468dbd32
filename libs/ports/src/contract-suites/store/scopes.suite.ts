import { expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  coversClusters,
  EVERYWHERE,
  seesApplication,
  seesCluster,
  seesPair,
  type HistoryEntry,
  type Rollout,
  type Scope,
  type Selector,
  type TargetRow,
} from '#domain';
import type { StoredCluster } from '../../store/cluster-store.js';
import type { StoredEvent } from '../../store/rollout-store.js';
import type { Store } from '../../store/store.js';
import { allPages, type StoreTest } from './opened-store.js';
import { addCluster, assignmentOf, lastReport, releaseOf, rolloutOf, rowOf, save } from './samples.js';

const APPLICATIONS = ['api', 'web', 'web_1', 'webx1'] as const;
const [ENVS, REGIONS] = [
  ['dev', 'prod', undefined],
  ['eu', 'us', undefined],
] as const;

const values = fc.subarray(['dev', 'prod', 'eu', 'us'], { minLength: 1 });
const key = fc.constantFrom('env', 'fact.region', 'none');
const selector: fc.Arbitrary<Selector> = fc.record(
  {
    matchLabels: fc.dictionary(key, fc.constantFrom('dev', 'prod', 'eu', 'us'), { maxKeys: 2 }),
    matchExpressions: fc.array(
      fc.oneof(
        fc.record({ key, operator: fc.constantFrom('In' as const, 'NotIn' as const), values }),
        fc.record({ key, operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const) }),
      ),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: [] },
);
// In a LIKE, `_` and `%` would stand for more than themselves.
const pattern = fc.constantFrom(
  '*',
  'api',
  'web',
  'web*',
  'web_1',
  'web_*',
  '*1',
  'w*_1',
  'none',
  'web%',
  String.raw`w\*`,
);
const scope: fc.Arbitrary<Scope> = fc.record({
  clusters: fc.option(selector, { freq: 3 }),
  applications: fc.option(fc.array(pattern, { maxLength: 3 }), { freq: 3 }),
});
const someScopes = fc.array(scope, { maxLength: 3 });

/** Everything, read without bounds. */
interface Fleet {
  readonly clusters: ReadonlyMap<string, StoredCluster>;
  readonly rollouts: readonly { readonly application: string; readonly rollout: Rollout }[];
  readonly targets: ReadonlyMap<string, readonly TargetRow[]>;
  readonly events: readonly StoredEvent[];
}

async function fill(store: Store): Promise<void> {
  const uids: string[] = [];
  for (const env of ENVS) {
    for (const region of REGIONS) {
      const uid = `${env ?? 'none'}-${region ?? 'none'}`;
      uids.push(uid);
      await addCluster(store, uid, env === undefined ? {} : { env });
      await store.read.clusters.markJoined(uid, { publicKey: `key ${uid}`, version: '0.1.0', protocol: 1, now: 1 });
      if (region !== undefined) await store.read.clusters.setFacts(uid, { region });
    }
  }
  for (const [index, application] of APPLICATIONS.entries()) {
    await store.read.releases.add(releaseOf({ application, createdAt: index }));
    // The first rollouts end, and had fewer clusters; that of `webx1` had none at all.
    const first = application === 'webx1' ? [] : uids.slice(index, index + 3);
    const one = rolloutOf(1, { id: `${application}-1`, startedAt: 10 + index });
    const history = (number: number, of: readonly string[]): HistoryEntry[] => [
      { rollout: `${application}-${number}`, event: 'started', message: 'of all' },
      ...of.map((cluster) => ({ rollout: `${application}-${number}`, event: 'passed', message: 'of one', cluster })),
    ];
    const rows = (of: readonly string[], rollout: string): TargetRow[] =>
      of.map((uid, position) => ({
        ...rowOf(uid, { rollout, position, state: position % 2 === 0 ? 'passed' : 'failed', generation: 1 }),
        assignment: assignmentOf({ rollout }),
        report: lastReport({ phase: position % 3 === 0 ? 'progressing' : 'healthy' }),
      }));
    await save(store, application, () => ({ rollout: one }), { rows: rows(first, one.id), history: history(1, first) });
    const final: Rollout = { ...one, state: 'succeeded', endedAt: 20 };
    await save(store, application, () => ({ rollout: final }), {
      effects: [{ type: 'ended', rollout: one.id, final }],
    });
    const second = uids.filter((_uid, place) => place % (index + 1) === 0);
    const two = rolloutOf(2, { id: `${application}-2`, startedAt: 30 + index });
    if (application !== 'api') {
      await save(store, application, () => ({ rollout: two }), {
        ...{ rows: rows(second, two.id), history: history(2, second) },
      });
    }
  }
}

async function readAll({ read }: Store): Promise<Fleet> {
  const rollouts = await allPages((page) => read.rollouts.list(null, page), 1000);
  const targets = new Map<string, readonly TargetRow[]>();
  for (const { application, rollout } of rollouts) {
    const rows = await allPages((page) => read.rollouts.targets(application, rollout.number, page), 1000);
    targets.set(rollout.id, rows);
  }
  const clusters = await allPages((page) => read.clusters.list(page), 1000);
  return {
    clusters: new Map(clusters.map((each) => [each.uid, each])),
    ...{ rollouts, targets },
    events: await read.rollouts.eventsAfter(0, 1000),
  };
}

/** Runs with a store that has something of everything, for many scopes. */
async function forScopes(
  store: Store,
  check: (scopes: readonly Scope[], fleet: Fleet) => Promise<void>,
): Promise<void> {
  await fill(store);
  const fleet = await readAll(store);
  const property = fc.asyncProperty(someScopes, (scopes) => check(scopes, fleet));
  // The last one says nothing of clusters without that label: in SQL, neither that they match nor that they don't.
  const labelled: Scope = {
    clusters: { matchExpressions: [{ key: 'env', operator: 'In', values: ['dev', 'prod'] }] },
    applications: null,
  };
  const examples: [Scope[]][] = [[[]], [[EVERYWHERE]], [[{ clusters: {}, applications: null }]], [[labelled]]];
  await fc.assert(property, { numRuns: 60, examples });
}

export function scopes(test: StoreTest): void {
  const clusterOf = ({ clusters }: Fleet, uid: string): StoredCluster => {
    const found = clusters.get(uid);
    if (found === undefined) throw new Error(`no cluster ${uid}`);
    return found;
  };

  it('shows the clusters that the domain says they hold', () =>
    test(({ store }) =>
      forScopes(store, async (held, fleet) => {
        const listed = await allPages((page) => store.read.clusters.list({ ...page, scopes: held }), 4);
        const expected = [...fleet.clusters.values()].filter((each) => seesCluster(held, each));
        expect(listed.map(({ uid }) => uid)).toEqual(expected.map(({ uid }) => uid));
      }),
    ));

  it('counts clusters, and as healthy those whose applications that they hold are', () =>
    test(({ store }) =>
      forScopes(store, async (held, fleet) => {
        const seen = [...fleet.clusters.values()].filter((each) => seesCluster(held, each));
        const healthy = await Promise.all(
          seen.map(async (cluster) => {
            const rows = (await store.read.rollouts.ofCluster(cluster.uid)).filter(({ application }) =>
              seesPair(held, application, cluster),
            );
            return rows.length > 0 && rows.every(({ row }) => row.report?.phase === 'healthy');
          }),
        );
        expect(await store.read.clusters.summary(held)).toMatchObject({
          ...{ total: seen.length, offline: seen.length },
          healthy: healthy.filter(Boolean).length,
        });
      }),
    ));

  it('counts the targets that the domain says they hold', () =>
    test(({ store }) =>
      forScopes(store, async (held, fleet) => {
        let expected = 0;
        for (const uid of fleet.clusters.keys()) {
          for (const { application } of await store.read.rollouts.ofCluster(uid)) {
            if (seesPair(held, application, clusterOf(fleet, uid))) expected += 1;
          }
        }
        const counts = await store.read.rollouts.counts(held);
        expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(expected);
        expect(counts.every(({ application }) => seesApplication(held, application))).toBe(true);
      }),
    ));

  it('shows releases by their application alone', () =>
    test(({ store }) =>
      forScopes(store, async (held) => {
        const listed = await allPages((page) => store.read.releases.list(null, { ...page, scopes: held }), 2);
        const expected = APPLICATIONS.filter((each) => seesApplication(held, each));
        expect(listed.map(({ application }) => application)).toEqual([...expected].reverse());
        for (const application of APPLICATIONS) {
          const own = await store.read.releases.list(application, { scopes: held });
          expect(own.items).toHaveLength(seesApplication(held, application) ? 1 : 0);
        }
      }),
    ));

  it('shows whole rollouts only where they hold every target, those that ended included', () =>
    test(({ store }) =>
      forScopes(store, async (held, fleet) => {
        const everywhere = held.filter(({ clusters }) => clusters === null);
        const expected = fleet.rollouts.filter(({ application, rollout }) => {
          const clusters = (fleet.targets.get(rollout.id) ?? []).map(({ uid }) => clusterOf(fleet, uid));
          if (seesApplication(everywhere, application)) return true;
          return clusters.length > 0 && coversClusters(held, application, clusters);
        });
        const ids = expected.map(({ rollout }) => rollout.id);
        const listed = await allPages((page) => store.read.rollouts.list(null, { ...page, scopes: held }), 3);
        expect(listed.map(({ rollout }) => rollout.id)).toEqual(ids);
        const web = await allPages((page) => store.read.rollouts.list('web', { ...page, scopes: held }), 1);
        expect(web.map(({ rollout }) => rollout.id)).toEqual(ids.filter((id) => id.startsWith('web-')));
      }),
    ));

  it('show targets one by one, and tell how many they are', () =>
    test(({ store }) =>
      forScopes(store, async (held, fleet) => {
        for (const { application, rollout } of fleet.rollouts) {
          const all = fleet.targets.get(rollout.id) ?? [];
          const expected = all.filter(({ uid }) => seesPair(held, application, clusterOf(fleet, uid)));
          const { number } = rollout;
          const listed = await allPages(
            (page) => store.read.rollouts.targets(application, number, { ...page, scopes: held }),
            2,
          );
          expect(listed).toEqual(expected);
          expect(await store.read.rollouts.reach(application, number, held)).toEqual({
            ...{ targets: all.length, held: expected.length },
          });
        }
        expect(await store.read.rollouts.reach('web', 9, held)).toEqual({ targets: 0, held: 0 });
      }),
    ));

  it('show events of their clusters, and those of no cluster where they have no selector', () =>
    test(({ store }) =>
      forScopes(store, async (held, fleet) => {
        const everywhere = held.filter(({ clusters }) => clusters === null);
        const expected = fleet.events.filter(({ application, cluster }) =>
          cluster === undefined
            ? seesApplication(everywhere, application)
            : seesPair(held, application, clusterOf(fleet, cluster)),
        );
        const listed = await allPages((page) => store.read.rollouts.events({ ...page, scopes: held }), 7);
        expect(listed).toEqual([...expected].reverse());
        expect(await store.read.rollouts.eventsAfter(0, 1000, held)).toEqual(expected);
        const first = expected[0]?.id ?? 0;
        expect(await store.read.rollouts.eventsAfter(first, 3, held)).toEqual(expected.slice(1, 4));
        const web = await store.read.rollouts.events({ application: 'web', limit: 1000, scopes: held });
        expect(web.items).toEqual(listed.filter(({ application }) => application === 'web'));
      }),
    ));
}
