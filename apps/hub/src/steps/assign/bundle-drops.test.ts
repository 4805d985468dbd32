import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { makeBundle, type JsonObject, type Member, type TargetRow } from '#domain';
import { createFakeStore } from '#store';
import { BundleDrops } from './bundle-drops.js';
import { dropBetween, objectsOfBundle } from './dropped-objects.js';

const configMap = (name: string, more: object = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...more },
});
const bundleOf = (...objects: JsonObject[]) => {
  const bundle = makeBundle(objects);
  if (!bundle.ok) throw new Error(bundle.errors[0]?.message);
  return bundle;
};
const drop = (before: JsonObject[], after: JsonObject[]) =>
  dropBetween(
    { from: 'a', to: 'b' },
    objectsOfBundle(bundleOf(...before).json),
    objectsOfBundle(bundleOf(...after).json),
    'shop',
  );

describe('what one bundle has and the next has not', () => {
  it('is told by kind, namespace and name, with how many there were', () => {
    expect(drop([configMap('a'), configMap('b', { namespace: 'x' }), configMap('c')], [configMap('a')])).toEqual({
      from: 'a',
      to: 'b',
      dropped: 2,
      of: 3,
      objects: ['ConfigMap c', 'ConfigMap x/b'],
    });
  });

  it('is nothing where an object only changed, or is written in another version of its group', () => {
    const deployment = (apiVersion: string, replicas: number): JsonObject => ({
      apiVersion,
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: { replicas },
    });
    expect(drop([deployment('apps/v1beta2', 1)], [deployment('apps/v1', 3)])).toBeNull();
    expect(drop([deployment('apps/v1', 1)], [deployment('other/v1', 1)])).toMatchObject({ dropped: 1 });
  });

  it('is nothing where the namespace that the application means is written out, or left out', () => {
    expect(drop([configMap('a')], [configMap('a', { namespace: 'shop' })])).toBeNull();
    expect(drop([configMap('a', { namespace: 'shop' })], [configMap('a')])).toBeNull();
    expect(drop([configMap('a')], [configMap('a', { namespace: 'other' })])).toMatchObject({ dropped: 1 });
  });

  it('leaves out what stays in the cluster because it says so', () => {
    const kept = configMap('a', { annotations: { 'flotilla.dev/prune': 'disabled' } });
    expect(drop([kept, configMap('b')], [configMap('b')])).toBeNull();
  });

  it('names twenty at most, and counts them all', () => {
    const many = Array.from({ length: 30 }, (_, index) => configMap(`c-${index}`));
    const found = drop([...many, configMap('a')], [configMap('a')]);
    expect(found).toMatchObject({ dropped: 30, of: 31 });
    expect(found?.objects).toHaveLength(20);
  });
});

describe('the drops of a start', () => {
  const small = bundleOf(configMap('a'));
  const large = bundleOf(configMap('a'), configMap('b'));
  const other = bundleOf(configMap('z'));
  const member = (uid: string, digest: string): Member => ({
    uid,
    name: uid,
    labels: {},
    facts: {},
    overlay: 'overlays/dev',
    digest,
  });
  const row = (uid: string, digest: string): TargetRow =>
    ({ uid, acked: true, assignment: { release: 1, digest }, report: null, lastPassed: null }) as unknown as TargetRow;

  const open = async () => {
    const store = createFakeStore();
    const loads: string[] = [];
    for (const { digest, json, bytes, count } of [small, large, other]) {
      await store.read.releases.putBundle(digest, { gzipped: gzipSync(json), bytes, objects: count });
    }
    const releases = {
      ...store.read.releases,
      getBundle: (digest: string) => {
        loads.push(digest);
        return store.read.releases.getBundle(digest);
      },
    };
    return { read: { ...store.read, releases }, loads, drops: new BundleDrops() };
  };

  it('are found once for each pair of bundles, however many clusters go from one to the other', async () => {
    const { read, loads, drops } = await open();
    const rows = Array.from({ length: 10_000 }, (_, index) => row(`c${index}`, large.digest));
    const members = rows.map(({ uid }) => member(uid, small.digest));
    const found = await drops.of(read, { rows, members, namespace: 'shop' });
    expect(found).toEqual([{ from: large.digest, to: small.digest, dropped: 1, of: 2, objects: ['ConfigMap b'] }]);
    expect(loads).toHaveLength(2);
    await drops.of(read, { rows, members, namespace: 'shop' });
    expect(loads).toHaveLength(2);
  });

  it('are none for newcomers, for what stays the same, and where nothing is lost', async () => {
    const { read, drops } = await open();
    const rows = [row('same', small.digest), row('more', small.digest)];
    const members = [member('same', small.digest), member('more', large.digest), member('new', small.digest)];
    expect(await drops.of(read, { rows, members, namespace: 'shop' })).toEqual([]);
  });

  it('leave out a bundle that is not stored any more', async () => {
    const { read, drops } = await open();
    const rows = [row('old', 'f'.repeat(64)), row('all', other.digest)];
    const members = [member('old', small.digest), member('all', small.digest)];
    expect(await drops.of(read, { rows, members, namespace: 'shop' })).toMatchObject([{ dropped: 1, of: 1 }]);
  });
});
