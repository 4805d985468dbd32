import { beforeEach, describe, expect, it } from '@jest/globals';
import { clusterSchema } from '#contract';
import { EVERYWHERE } from '#domain';
import type { Store, Unit } from '#ports';
import { createFakeStore } from '#store';
import type { Caller } from '../http/access/permit.js';
import { takeClusters } from './take-clusters.js';

const ADMIN: Caller = {
  ...{ actor: 'token:ann', email: null, via: 'token', id: 'ann' },
  ...{ grants: [{ role: 'admin', scope: EVERYWHERE }], scopes: [EVERYWHERE], sees: [EVERYWHERE] },
};

let store: Store;
beforeEach(() => {
  store = createFakeStore();
});

const uidOf = (number: number): string => `0198c0de-0000-7000-8000-${String(number).padStart(12, '0')}`;
const keyOf = (number: number): string =>
  `U${[...String(number).padStart(55, '0')].map((digit) => 'ABCDEFGHIJ'[Number(digit)]).join('')}`;

/** A cluster as an export has it; what is told besides takes the place of its own. */
function exported(number: number, { uid = uidOf(number), key = keyOf(number) } = {}) {
  return clusterSchema.parse({
    ...{ apiVersion: 'flotilla.dev/v1', kind: 'Cluster', spec: { agentKey: key } },
    metadata: { name: `c-${number}`, uid, labels: { number: String(number) } },
  });
}

function take(documents: readonly ReturnType<typeof exported>[], within: (unit: Unit) => Unit = (unit) => unit) {
  const placed = documents.map((resource, index) => ({ resource, index }));
  const options = { now: 5_000, dryRun: false, refuseByHand: () => undefined };
  return store.transact((unit) => takeClusters(within(unit), placed, ADMIN, options));
}

describe('clusters that are taken in', () => {
  it('are as they were, with their labels, and are told of in the audit each', async () => {
    const results = await take([exported(1), exported(2)]);
    expect(results.map(({ name, result }) => `${name} ${result}`)).toEqual(['c-1 adopted', 'c-2 adopted']);
    expect(await store.read.clusters.byName('c-2')).toMatchObject({
      ...{ uid: uidOf(2), publicKey: keyOf(2), state: 'joined', labels: { number: '2' }, online: false },
    });
    const { items } = await store.read.audit.list({});
    expect(items.map(({ act, object }) => `${act} ${object}`)).toEqual([
      'cluster.adopt Cluster/c-2',
      'cluster.adopt Cluster/c-1',
    ]);
    const again = await take([exported(1), exported(2)]);
    expect(again.map(({ result }) => result)).toEqual(['unchanged', 'unchanged']);
  });

  it('cost as many statements as one does, however many they are', async () => {
    const counted = async (documents: readonly ReturnType<typeof exported>[]): Promise<number> => {
      let calls = 0;
      const counting = <T extends object>(part: T): T =>
        new Proxy(part, {
          get: (target, name, receiver) => {
            calls += 1;
            return Reflect.get(target, name, receiver) as unknown;
          },
        });
      const watched = (unit: Unit): Unit => ({
        ...unit,
        clusters: counting(unit.clusters),
        revocations: counting(unit.revocations),
        settings: counting(unit.settings),
        resources: counting(unit.resources),
      });
      await take(documents, watched);
      return calls;
    };
    const one = await counted([exported(0)]);
    expect(await counted(Array.from({ length: 200 }, (_, index) => exported(index + 1)))).toBe(one);
    expect(one).toBeLessThan(10);
  });

  it.each<[string, ReturnType<typeof exported>[], string, RegExp]>([
    ['a uid that is another cluster’s', [exported(2, { uid: uidOf(1) })], 'key-taken', /the uid of cluster "c-1"/],
    [
      'a key that is another cluster’s',
      [exported(2, { key: keyOf(1) })],
      'key-taken',
      /the agent key of cluster "c-1"/,
    ],
    ['one uid twice', [exported(2), exported(3, { uid: uidOf(2) })], 'key-taken', /"c-3" has the uid of cluster "c-2"/],
    ['one key twice', [exported(2), exported(3, { key: keyOf(2) })], 'key-taken', /"c-3" has the agent key of .*"c-2"/],
    ['a cluster that was removed', [exported(2), exported(8)], 'cluster-removed', /"c-8" .* was removed/],
    ['a key that was revoked', [exported(9)], 'key-revoked', /key of cluster "c-9" was revoked/],
  ])('are none at all with %s', async (_what, documents, code, message) => {
    await take([exported(1), exported(8)]);
    await store.read.clusters.revoke(uidOf(8), 6_000);
    await store.read.revocations.add({ publicKey: keyOf(9), at: 6_000 });
    await expect(take(documents)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect((await store.read.clusters.list({ limit: 10 })).items.map(({ name }) => name)).toEqual(['c-1']);
  });
});
