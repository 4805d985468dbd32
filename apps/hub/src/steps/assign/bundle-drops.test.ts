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
const drop = (before: JsonObject[], after: JsonObject[], namespaces = { from: 'shop', to: 'shop' }) =>
  dropBetween(
    { from: 'a', to: 'b', namespaces },
    objectsOfBundle(bundleOf(...before).json),
    objectsOfBundle(bundleOf(...after).json),
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

  it('is all that names none where the application moves to another, and is in one at all', () => {
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'r' } };
    const objects = [configMap('a'), configMap('b', { namespace: 'fixed' }), role];
    const found = drop(objects, objects, { from: 'shop', to: 'elsewhere' });
    expect(found).toMatchObject({ dropped: 1, of: 3, objects: ['ConfigMap a'] });
    expect(drop([configMap('a')], [configMap('a', { namespace: 'shop' })], { from: 'shop', to: 'new' })).toBeNull();
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
  const row = (uid: string, digest: string, held = 1): TargetRow =>
    ({
      uid,
      acked: true,
      assignment: { release: held, digest },
      report: null,
      lastPassed: null,
    }) as unknown as TargetRow;
  const release = { application: 'web', number: 9 };

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
    const found = await drops.of(read, { rows, members, release, namespace: 'shop' });
    expect(found).toEqual([{ from: large.digest, to: small.digest, dropped: 1, of: 2, objects: ['ConfigMap b'] }]);
    expect(loads).toHaveLength(2);
    await drops.of(read, { rows, members, release, namespace: 'shop' });
    expect(loads).toHaveLength(2);
  });

  it('are none for newcomers, for what stays the same, and where nothing is lost', async () => {
    const { read, drops } = await open();
    const rows = [row('same', small.digest), row('more', small.digest)];
    const members = [member('same', small.digest), member('more', large.digest), member('new', small.digest)];
    expect(await drops.of(read, { rows, members, release, namespace: 'shop' })).toEqual([]);
  });

  it('are told of one and the same bundle where it goes to another namespace, for whoever has it in that', async () => {
    const { read, drops } = await open();
    const told = (number: number, namespace: string) => ({
      ...{ application: 'web', number, source: 's', revision: `r${number}`, author: '', subject: '', committedAt: '' },
      ...{ overlays: {}, specGeneration: 1, createdAt: 0 },
      details: { sources: {}, terms: { drift: 'correct' as const, namespace } },
    });
    await read.releases.add(told(1, 'old'));
    await read.releases.add(told(2, 'new'));
    const next = { ...told(3, 'new'), number: 3 };
    const [old, moved] = [row('old', small.digest, 1), row('moved', small.digest, 2)];
    const all = (rows: TargetRow[]) => ({ rows, members: rows.map(({ uid }) => member(uid, small.digest)) });
    const of = (rows: TargetRow[]) => drops.of(read, { ...all(rows), release: next, namespace: 'new' });
    expect(await of([moved])).toEqual([]);
    expect(await of([moved, old])).toMatchObject([{ from: small.digest, to: small.digest, dropped: 1, of: 1 }]);
  });

  it('leave out a bundle that is not stored any more', async () => {
    const { read, drops } = await open();
    const rows = [row('old', 'f'.repeat(64)), row('all', other.digest)];
    const members = [member('old', small.digest), member('all', small.digest)];
    expect(await drops.of(read, { rows, members, release, namespace: 'shop' })).toMatchObject([{ dropped: 1, of: 1 }]);
  });
});
