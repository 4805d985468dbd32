import { expect, it } from '@jest/globals';
import { matchesSelector, selectable, type Selector } from '#domain';
import { allPages, type StoreTest } from './opened-store.js';
import { addCluster, addOnline, assignmentOf, lastReport, rowOf, save } from './samples.js';

export function clusters(test: StoreTest): void {
  it('registers a cluster that nobody has heard of yet', () =>
    test(async ({ store: { read } }) => {
      const registered = await read.clusters.register({ uid: 'u1', name: 'eu-1', labels: { env: 'dev' }, now: 7 });
      expect(registered).toEqual({
        ...{ uid: 'u1', name: 'eu-1', labels: { env: 'dev' }, facts: {}, state: 'registered', createdAt: 7 },
        ...{
          publicKey: null,
          agentVersion: null,
          protocol: null,
          online: false,
          seenAt: null,
          joinedAt: null,
          heldSequence: 0,
          hold: null,
          leaving: null,
          credential: null,
        },
      });
      expect(await read.clusters.get('u1')).toEqual(registered);
      expect(await read.clusters.byName('eu-1')).toEqual(registered);
      expect(await read.clusters.get('u2')).toBeNull();
    }));

  it('refuses a name that is taken, until its cluster is revoked', () =>
    test(async ({ store }) => {
      const { clusters: kept } = store.read;
      await kept.register({ uid: 'u1', name: 'eu-1', labels: {}, now: 1 });
      const again = { uid: 'u2', name: 'eu-1', labels: {}, now: 2 };
      await expect(kept.register(again)).rejects.toMatchObject({ kind: 'rejected', code: 'name-taken' });
      // The transaction that was refused can go on.
      await store.transact(async (unit) => {
        await unit.clusters.register(again).catch(() => undefined);
        await unit.settings.set('after', 'the refusal');
      });
      expect(await store.read.settings.get('after')).toBe('the refusal');
      await kept.revoke('u1', 3);
      expect(await kept.byName('eu-1')).toBeNull();
      await kept.register(again);
      expect((await kept.byName('eu-1'))?.uid).toBe('u2');
      expect(await kept.get('u1')).toMatchObject({ state: 'revoked', name: 'eu-1' });
    }));

  it('tells the names of many at once, of revoked ones too, and of none that it does not know', () =>
    test(async ({ store }) => {
      const { clusters: kept } = store.read;
      await kept.register({ uid: 'u1', name: 'eu-1', labels: {}, now: 1 });
      await kept.register({ uid: 'u2', name: 'eu-2', labels: {}, now: 1 });
      await kept.revoke('u1', 2);
      const names = await kept.names(['u2', 'u3', 'u1', 'u2']);
      expect([...names].sort()).toEqual([
        ['u1', 'eu-1'],
        ['u2', 'eu-2'],
      ]);
      expect(await kept.names([])).toEqual(new Map());
    }));

  it('gives a name to one of two that register it at once', () =>
    test(async ({ store, another }) => {
      const other = await another();
      const results = await Promise.allSettled([
        store.transact((unit) => unit.clusters.register({ uid: 'u1', name: 'eu-1', labels: {}, now: 1 })),
        other.transact((unit) => unit.clusters.register({ uid: 'u2', name: 'eu-1', labels: {}, now: 1 })),
      ]);
      expect(results.map((each) => each.status).sort()).toEqual(['fulfilled', 'rejected']);
    }));

  it('takes a cluster from registered over joined to revoked, and no way back', () =>
    test(async ({ store: { read } }) => {
      await read.clusters.register({ uid: 'u1', name: 'u1', labels: {}, now: 1 });
      await read.clusters.markJoined('u1', { publicKey: 'UKEY', version: '0.1.0', protocol: 1, now: 5 });
      expect(await read.clusters.get('u1')).toMatchObject({
        ...{ state: 'joined', publicKey: 'UKEY', agentVersion: '0.1.0', protocol: 1, joinedAt: 5 },
      });
      expect((await read.clusters.joined()).map((each) => each.uid)).toEqual(['u1']);
      expect((await read.clusters.byKey('UKEY'))?.uid).toBe('u1');
      expect(await read.clusters.byKey('OTHER')).toBeNull();
      await read.clusters.seen([{ uid: 'u1', sequence: 3, version: '0.1.0', protocol: 1 }], 6);
      await read.clusters.revoke('u1', 7);
      await read.clusters.markJoined('u1', { publicKey: 'OTHER', version: '0.2.0', protocol: 1, now: 8 });
      expect(await read.clusters.seen([{ uid: 'u1', sequence: 4, version: '0.1.0', protocol: 1 }], 9)).toEqual([]);
      expect(await read.clusters.get('u1')).toMatchObject({ state: 'revoked', online: false, publicKey: 'UKEY' });
      expect(await read.clusters.joined()).toEqual([]);
      expect(await read.clusters.byKey('UKEY')).toBeNull();
    }));

  it('takes over many that joined elsewhere at once, all of them or none', () =>
    test(async ({ store }) => {
      const { clusters: kept, revocations } = store.read;
      const taken = (uid: string, name = uid) => ({ uid, name, labels: { env: uid }, publicKey: `KEY-${uid}` });
      const agents = { protocol: 1, now: 5 };
      await kept.register({ uid: 'u0', name: 'eu-0', labels: {}, now: 1 });
      await store.transact((unit) => unit.clusters.takeOver([taken('u2', 'eu-2'), taken('u1', 'eu-1')], agents));
      await kept.takeOver([], agents);
      expect(await kept.get('u1')).toEqual({
        ...{ uid: 'u1', name: 'eu-1', labels: { env: 'u1' }, facts: {}, state: 'joined', publicKey: 'KEY-u1' },
        ...{ agentVersion: '', protocol: 1, online: false, seenAt: null, createdAt: 5, joinedAt: 5 },
        ...{ heldSequence: 0, hold: null, leaving: null, credential: null },
      });
      const uids = async (found: Promise<readonly { uid: string }[]>): Promise<string[]> =>
        (await found).map(({ uid }) => uid);
      expect(await uids(kept.named(['eu-2', 'eu-0', 'none']))).toEqual(['u0', 'u2']);
      const refused = store.transact((unit) => unit.clusters.takeOver([taken('u3'), taken('u4', 'eu-1')], agents));
      await expect(refused).rejects.toMatchObject({ code: 'name-taken', message: expect.stringContaining('eu-1') });
      expect(await kept.get('u3')).toBeNull();
      await kept.setLabelsOf(
        new Map<string, Readonly<Record<string, string>>>([
          ['u1', { env: 'prod' }],
          ['u2', {}],
          ['none', {}],
        ]),
      );
      await kept.setLabelsOf(new Map());
      expect((await kept.named(['eu-1', 'eu-2'])).map(({ labels }) => labels)).toEqual([{ env: 'prod' }, {}]);
      // A manifest's row came with each, or nothing could ever be written for it.
      await store.read.outbox.mark(['u1', 'u2']);
      expect((await store.transact((unit) => unit.outbox.claim(10))).map(({ uid }) => uid).sort()).toEqual([
        'u1',
        'u2',
      ]);
      await kept.revoke('u2', 6);
      expect(await uids(kept.named(['eu-1', 'eu-2']))).toEqual(['u1']);
      expect(await uids(kept.holding({ uids: ['u2', 'u9'], publicKeys: ['KEY-u1', 'KEY-u2'] }))).toEqual(['u1', 'u2']);
      expect(await uids(kept.holding({ uids: [], publicKeys: ['KEY-u2'] }))).toEqual([]);
      await revocations.add({ publicKey: 'KEY-u2', at: 6 });
      expect([...(await revocations.among(['KEY-u1', 'KEY-u2']))]).toEqual(['KEY-u2']);
      expect(await revocations.among([])).toEqual(new Set());
    }));

  it('knows of the newest credential that an agent was given, whichever is told of first', () =>
    test(async ({ store }) => {
      const { clusters: kept } = store.read;
      const credential = async (uid: string) => (await kept.get(uid))?.credential;
      await addOnline(store, 'u1');
      await addOnline(store, 'u2');
      expect(await credential('u1')).toBeNull();
      await kept.credentialGiven('u1', { issuedAt: 20, expiresAt: 120 });
      await kept.credentialGiven('u1', { issuedAt: 10, expiresAt: 110 });
      expect(await credential('u1')).toEqual({ issuedAt: 20, expiresAt: 120 });
      await kept.credentialGiven('u1', { issuedAt: 30, expiresAt: 130 });
      expect(await credential('u1')).toEqual({ issuedAt: 30, expiresAt: 130 });
      expect(await credential('u2')).toBeNull();
      await kept.revoke('u2', 5);
      await kept.credentialGiven('u2', { issuedAt: 1, expiresAt: 2 });
      await kept.credentialGiven('unknown', { issuedAt: 1, expiresAt: 2 });
      expect(await credential('u2')).toBeNull();
    }));

  it('replaces labels and facts whole', () =>
    test(async ({ store }) => {
      await addCluster(store, 'u1', { env: 'dev', tier: 'a' });
      await store.read.clusters.setLabels('u1', { env: 'prod' });
      await store.read.clusters.setFacts('u1', { provider: 'kind' });
      await store.read.clusters.setFacts('u1', { region: 'eu' });
      expect(await store.read.clusters.get('u1')).toMatchObject({ labels: { env: 'prod' }, facts: { region: 'eu' } });
    }));

  it('lists page by page in name order, each once, without the revoked', () =>
    test(async ({ store }) => {
      const names = ['eu-10', 'eu-2', 'a.b', 'us-1', 'a-b', 'z'];
      for (const name of names) await addCluster(store, name);
      await store.read.clusters.revoke('z', 2);
      const listed = await allPages((page) => store.read.clusters.list(page), 2);
      expect(listed.map((each) => each.name)).toEqual(['a-b', 'a.b', 'eu-10', 'eu-2', 'us-1']);
      const revoked = await store.read.clusters.list({ state: 'revoked' });
      expect(revoked.items.map((each) => each.name)).toEqual(['z']);
      const exact = await store.read.clusters.list({ limit: 5 });
      expect(exact.next).toBeUndefined();
    }));

  it('refuses a page size or a cursor that is none', () =>
    test(async ({ store: { read } }) => {
      await expect(read.clusters.list({ limit: 0 })).rejects.toMatchObject({ code: 'bad-limit' });
      await expect(read.clusters.list({ limit: 1001 })).rejects.toMatchObject({ code: 'bad-limit' });
      for (const after of ['x', '', Buffer.from('[1]').toString('base64url'), 'A'.repeat(5000)]) {
        await expect(read.clusters.list({ after })).rejects.toMatchObject({ kind: 'rejected', code: 'bad-cursor' });
      }
    }));

  it('selects as the domain does, by labels and facts, on every page', () =>
    test(async ({ store }) => {
      const { clusters: kept } = store.read;
      const values = [undefined, 'a', 'b', ''];
      let number = 0;
      for (const env of values) {
        for (const fact of values) {
          const uid = `c-${(number += 1)}`;
          const label: Record<string, string> = number % 2 === 0 ? { 'fact.region': 'label' } : {};
          await addCluster(store, uid, { ...(env === undefined ? {} : { env }), ...label });
          await kept.setFacts(uid, fact === undefined ? {} : { region: fact });
        }
      }
      const all = await allPages((page) => kept.list(page), 100);
      expect(all).toHaveLength(16);
      const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const;
      const selectors: Selector[] = [
        {},
        { matchLabels: { env: 'a' } },
        { matchLabels: { env: 'a', 'fact.region': 'b' } },
      ];
      for (const key of ['env', 'fact.region', 'none', "o'quote", 'fact.']) {
        selectors.push({ matchLabels: { [key]: 'label' } });
        for (const operator of operators) {
          selectors.push({ matchExpressions: [{ key, operator, values: ['a', ''] }] });
          selectors.push({ matchLabels: { env: 'b' }, matchExpressions: [{ key, operator, values: ['b', "'"] }] });
        }
      }
      for (const selector of selectors) {
        const expected = all.filter((each) => matchesSelector(selector, selectable(each))).map((each) => each.uid);
        const listed = await allPages((page) => kept.list({ ...page, selector }), 3);
        expect({ selector, uids: listed.map((each) => each.uid) }).toEqual({ selector, uids: expected });
      }
    }));

  it('lists by state and presence', () =>
    test(async ({ store }) => {
      await addCluster(store, 'new');
      await addOnline(store, 'here', 50);
      await addOnline(store, 'away', 10);
      await store.read.clusters.markSilent(20);
      const uids = async (query: object): Promise<string[]> =>
        (await store.read.clusters.list(query)).items.map((each) => each.uid);
      expect(await uids({ online: true })).toEqual(['here']);
      expect(await uids({ online: false })).toEqual(['away', 'new']);
      expect(await uids({ state: 'joined', online: false })).toEqual(['away']);
      expect(await uids({ state: 'registered' })).toEqual(['new']);
    }));

  it('counts the fleet: healthy is who reported healthy of every release in force', () =>
    test(async ({ store }) => {
      const none = { total: 0, ready: 0, offline: 0, waiting: 0, leaving: 0, healthy: 0 };
      expect(await store.read.clusters.summary()).toEqual(none);
      await addCluster(store, 'new');
      for (const uid of ['good', 'old-report', 'half', 'empty', 'leaving', 'gone', 'away'])
        await addOnline(store, uid, 50);
      await store.read.clusters.seen([{ uid: 'away', sequence: 0, version: '0.1.0', protocol: 1 }], 50);
      const assigned = { state: 'passed' as const, assignment: assignmentOf(), generation: 1 };
      const healthy = { ...assigned, report: lastReport() };
      const withdrawn = { ...assigned, assignment: assignmentOf({ release: null, digest: '' }) };
      await save(store, 'web', () => ({}), {
        rows: [
          rowOf('good', healthy),
          rowOf('old-report', { ...assigned, assignment: assignmentOf({ generation: 2 }), report: lastReport() }),
          rowOf('half', healthy),
          rowOf('empty'),
          rowOf('leaving', withdrawn),
          rowOf('gone', healthy),
          rowOf('away', healthy),
        ],
      });
      await save(store, 'api', () => ({}), {
        rows: [
          rowOf('good', healthy),
          rowOf('half', { ...assigned, report: lastReport({ phase: 'progressing' }) }),
          rowOf('leaving', withdrawn),
        ],
      });
      await store.read.clusters.revoke('gone', 60);
      expect(await store.read.clusters.summary()).toEqual({ ...none, total: 7, ready: 6, waiting: 1, healthy: 2 });
      await store.read.clusters.seen([{ uid: 'good', sequence: 0, version: '0.1.0', protocol: 1 }], 90);
      await store.read.clusters.markSilent(80);
      expect(await store.read.clusters.summary()).toEqual({
        ...none,
        total: 7,
        ready: 1,
        offline: 5,
        waiting: 1,
        healthy: 2,
      });
    }));
}
