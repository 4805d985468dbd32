import { expect, it } from '@jest/globals';
import { allPages, type StoreTest } from './opened-store.js';
import { addCluster, assignmentOf, DIGEST, releaseOf, rowOf, save } from './samples.js';

export function releases(test: StoreTest): void {
  it('numbers the releases of each application from 1', () =>
    test(async ({ store: { read } }) => {
      const first = await read.releases.add(releaseOf());
      expect(first).toEqual({ release: { ...releaseOf(), number: 1 }, created: true });
      expect((await read.releases.add(releaseOf({ revision: 'beef' }))).release.number).toBe(2);
      expect((await read.releases.add(releaseOf({ application: 'api' }))).release.number).toBe(1);
      expect(await read.releases.get('web', 1)).toEqual(first.release);
      expect(await read.releases.get('web', 3)).toBeNull();
      expect((await read.releases.latest('web'))?.revision).toBe('beef');
      expect(await read.releases.latest('none')).toBeNull();
    }));

  it('answers the newest again for the same revision and overlays, but makes a new one of an older commit', () =>
    test(async ({ store: { read } }) => {
      const other = { 'overlays/prod': { digest: 'b'.repeat(64), objects: 1, bytes: 2, tool: 'yaml' } };
      await read.releases.add(releaseOf());
      expect(await read.releases.add(releaseOf({ subject: 'told otherwise', createdAt: 2000 }))).toEqual({
        ...{ release: { ...releaseOf(), number: 1 }, created: false },
      });
      expect(await read.releases.add(releaseOf({ overlays: other }))).toMatchObject({ created: true });
      expect(await read.releases.add(releaseOf())).toMatchObject({ created: true, release: { number: 3 } });
    }));

  it('makes a new one of the same revision and overlays where clusters are to be told something else besides', () =>
    test(async ({ store: { read } }) => {
      const told = (namespace: string) =>
        releaseOf({ details: { sources: {}, terms: { drift: 'correct', namespace } } });
      await read.releases.add(told('shop'));
      expect(await read.releases.add(told('shop'))).toMatchObject({ created: false });
      expect(await read.releases.add(told('elsewhere'))).toMatchObject({ created: true, release: { number: 2 } });
      expect((await read.releases.latest('web'))?.details?.terms).toEqual({ drift: 'correct', namespace: 'elsewhere' });
      expect((await read.releases.list('web', {})).items.map(({ details }) => details)).toEqual([
        { sources: {} },
        { sources: {} },
      ]);
    }));

  it('keeps what a release was made of, and leaves out of lists what only the next one asks for', () =>
    test(async ({ store: { read } }) => {
      const signature = { kind: 'ssh', signer: 'Ada', fingerprint: 'SHA256:x', of: 'commit' } as const;
      const told = {
        sources: {
          shop: { revision: 'c0ffee', tag: 'v1.2.0', signature },
          chart: { revision: 'ab', version: '4.1.0' },
        },
        environments: { dev: { source: 'shop', revision: 'c0ffee' } },
        warnings: ['The chart\'s test "a" is left out'],
      };
      const inputs = { 'overlays/dev': { recipe: '1', reads: { shop: ['base', 'overlays/dev'] }, contents: '2' } };
      const { release } = await read.releases.add(releaseOf({ details: { ...told, inputs } }));
      expect(release.details).toEqual({ ...told, inputs });
      expect(await read.releases.latest('web')).toEqual(release);
      const { items } = await read.releases.list('web', {});
      expect(items.map(({ details }) => details)).toEqual([told]);
    }));

  it('gives each of many concurrent releases its own number', () =>
    test(async ({ store, another }) => {
      const other = await another();
      const added = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          (index % 2 === 0 ? store : other).read.releases.add(releaseOf({ revision: `r${index}` })),
        ),
      );
      expect(added.map((each) => each.release.number).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    }));

  it('lists newest first, of one application or of all', () =>
    test(async ({ store: { read } }) => {
      for (let index = 1; index <= 5; index += 1) {
        await read.releases.add(releaseOf({ revision: `r${index}`, createdAt: index * 10 }));
      }
      await read.releases.add(releaseOf({ application: 'api', createdAt: 35 }));
      await read.releases.add(releaseOf({ application: 'db', createdAt: 30 }));
      const web = await allPages((page) => read.releases.list('web', page), 2);
      expect(web.map((each) => each.number)).toEqual([5, 4, 3, 2, 1]);
      const all = await allPages((page) => read.releases.list(null, page), 2);
      expect(all.map((each) => `${each.application}-${each.number}`)).toEqual([
        ...['web-5', 'web-4', 'api-1', 'web-3', 'db-1', 'web-2', 'web-1'],
      ]);
    }));

  it('keeps the first bundle of a digest, byte for byte', () =>
    test(async ({ store: { read } }) => {
      const whole = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256);
      const bytes = whole.subarray(1, 69_000);
      await read.releases.putBundle(DIGEST, { gzipped: bytes, bytes: 1, objects: 1 });
      await read.releases.putBundle(DIGEST, { gzipped: new Uint8Array([1, 2]), bytes: 1, objects: 1 });
      const found = await read.releases.getBundle(DIGEST);
      expect(Buffer.compare(Buffer.from(found ?? []), Buffer.from(bytes))).toBe(0);
      expect(await read.releases.getBundle('unknown')).toBeNull();
    }));

  it('knows whether an application has a bundle in any of its releases, others left out', () =>
    test(async ({ store: { read } }) => {
      const digest = (letter: string): string => letter.repeat(64);
      const overlays = (letter: string) => ({
        'overlays/dev': { digest: digest(letter), objects: 1, bytes: 1, tool: 'kustomize 5.8.1' },
      });
      await read.releases.add(releaseOf({ revision: 'r1', overlays: overlays('1') }));
      await read.releases.add(releaseOf({ revision: 'r2', overlays: overlays('2') }));
      await read.releases.add(releaseOf({ application: 'api', revision: 'r', overlays: overlays('3') }));
      expect(await read.releases.hasBundle('web', digest('1'))).toBe(true);
      expect(await read.releases.hasBundle('web', digest('2'))).toBe(true);
      expect(await read.releases.hasBundle('web', digest('3'))).toBe(false);
      expect(await read.releases.hasBundle('api', digest('3'))).toBe(true);
      expect(await read.releases.hasBundle('web', 'overlays/dev')).toBe(false);
    }));

  it('knows in how many chunks a bundle lies on the bus, once it was told', () =>
    test(async ({ store: { read } }) => {
      expect(await read.releases.bundleChunks(DIGEST)).toBeNull();
      await read.releases.putBundle(DIGEST, { gzipped: new Uint8Array([1]), bytes: 1, objects: 1 });
      expect(await read.releases.bundleChunks(DIGEST)).toBeNull();
      await read.releases.setBundleChunks(DIGEST, 3);
      await read.releases.putBundle(DIGEST, { gzipped: new Uint8Array([1]), bytes: 1, objects: 1 });
      expect(await read.releases.bundleChunks(DIGEST)).toBe(3);
    }));

  it('knows which bundles are on the bus, and forgets one that is not any more', () =>
    test(async ({ store }) => {
      const { releases } = store.read;
      const [one, two, three] = ['1', '2', '3'].map((digit) => digit.repeat(64)) as [string, string, string];
      for (const digest of [one, two, three]) {
        await releases.putBundle(digest, { gzipped: new Uint8Array([1]), bytes: 1, objects: 1 });
      }
      await releases.setBundleChunks(one, 2);
      await releases.setBundleChunks(two, 1);
      expect(await releases.bundlesOnBus()).toEqual(
        new Map([
          [one, 2],
          [two, 1],
        ]),
      );
      expect(await releases.bundlesOnBus([two, 'f'.repeat(64)])).toEqual(new Map([[two, 1]]));
      expect(await releases.bundlesOnBus([])).toEqual(new Map());
      await releases.setBundleChunks(two, null);
      expect(await releases.bundlesOnBus()).toEqual(new Map([[one, 2]]));
      expect(await releases.bundleChunks(two)).toBeNull();
    }));

  it('knows which bundles an agent may fetch: what is assigned, what that takes back, the newest releases and young ones', () =>
    test(async ({ store }) => {
      const { read } = store;
      const digest = (letter: string): string => letter.repeat(64);
      const overlays = (letter: string) => ({
        'overlays/dev': { digest: digest(letter), objects: 1, bytes: 1, tool: 'kustomize 5.8.1' },
      });
      await read.releases.add(releaseOf({ revision: 'r1', overlays: overlays('1'), createdAt: 100 }));
      await read.releases.add(releaseOf({ revision: 'r2', overlays: overlays('2'), createdAt: 200 }));
      await read.releases.add(releaseOf({ revision: 'r3', overlays: overlays('3'), createdAt: 300 }));
      await read.releases.add(releaseOf({ application: 'api', revision: 'r', overlays: overlays('4'), createdAt: 10 }));
      expect(await read.releases.bundlesInUse(1000)).toEqual([digest('3'), digest('4')]);
      expect(await read.releases.bundlesInUse(200)).toEqual([digest('2'), digest('3'), digest('4')]);
      const assignment = assignmentOf({ digest: digest('a'), takesBack: { release: 3, digest: digest('b') } });
      await addCluster(store, 'c1');
      await save(store, 'web', () => ({}), { rows: [rowOf('c1', { assignment })] });
      expect(await read.releases.bundlesInUse(1000)).toEqual([digest('3'), digest('4'), digest('a'), digest('b')]);
    }));

  it('lets one at a time say whether a bundle is on the bus', () =>
    test(async ({ store }) => {
      await store.read.releases.putBundle(DIGEST, { gzipped: new Uint8Array([1]), bytes: 1, objects: 1 });
      const order: string[] = [];
      let goOn = (): void => undefined;
      const first = store.transact(async ({ releases }) => {
        expect(await releases.lockBundle(DIGEST)).toBe(true);
        order.push('first has it');
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
        await releases.setBundleChunks(DIGEST, 7);
        order.push('first is done');
      });
      while (order.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      const second = store.transact(async ({ releases }) => {
        await releases.lockBundle(DIGEST);
        order.push(`second reads ${await releases.bundleChunks(DIGEST)}`);
      });
      goOn();
      await Promise.all([first, second]);
      expect(order).toEqual(['first has it', 'first is done', 'second reads 7']);
      expect(await store.transact(({ releases }) => releases.lockBundle('0'.repeat(64)))).toBe(false);
      await expect(store.read.releases.lockBundle(DIGEST)).rejects.toThrow('releases.lockBundle');
    }));
}
