import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuditView, ClusterView, RemoveAnswer, RolloutView, Why } from '#contract';
import { connectHubBus, ensureBusKeys } from '#bus';
import { createLogger } from '#kit';
import { OutsideBroker } from '../helpers/outside-broker.js';
import { keepingContext } from '../helpers/run-flotilla.js';
import { runCli } from '../../apps/cli/src/run-cli.js';
import { SimulatedClusters } from '../helpers/simulated-clusters.js';
import { eventually, rolloutSettled, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { configMap, TestRepository } from '../helpers/test-repository.js';

const CASE_MS = 180_000;
const WITHIN_MS = 90_000;
const NAMES = ['a-1', 'a-2', 'a-3', 'a-4', 'a-5', 'a-6'];

/**
 * How clusters leave the fleet, and come back into it after their key is lost: a real hub, PostgreSQL and nats-server, real agents,
 * simulated clusters. The bus is somebody else's, so that it can be away.
 */
describe('leaving the fleet', () => {
  const broker = new OutsideBroker();
  let test: TestHub;
  let repository: TestRepository;
  let clusters: SimulatedClusters;
  const uids = new Map<string, string>();

  beforeAll(async () => {
    test = await startTestHub({}, undefined, { prepare: (folder) => broker.start(folder) });
    repository = await TestRepository.create({
      'apps/web/c.yaml': configMap('settings', 'one'),
      'apps/web/kept.yaml': configMap('data', 'kept').replace(
        'metadata:',
        'metadata:\n  annotations: {flotilla.dev/prune: disabled}',
      ),
    });
    clusters = await SimulatedClusters.start(
      test,
      NAMES.map((name) => ({ name, labels: { env: 'dev' } })),
    );
    const document = (kind: string, name: string, spec: object): object => ({
      apiVersion: 'flotilla.dev/v1',
      kind,
      metadata: { name },
      spec,
    });
    const waves = [{ name: 'all', maxConcurrency: '100%', healthyFor: '0s' }];
    await test.api.post('/api/v1/apply', {
      documents: [
        document('Source', 'shop', { url: repository.folder, interval: '1h' }),
        document('Strategy', 'all', { waves }),
        document('Application', 'web', { source: 'shop', path: 'apps/web', strategy: 'all' }),
      ],
    });
    await rolloutSettled(test.api, 'web', 1, WITHIN_MS);
    for (const name of NAMES) uids.set(name, (await view(name)).uid);
  }, CASE_MS);
  afterAll(async () => {
    await clusters?.stop();
    await test?.stop();
    await broker.stop();
    await repository?.remove();
  }, CASE_MS);

  const view = (name: string): Promise<ClusterView> => test.api.get(`/api/v1/clusters/${name}`);
  const isThere = async (name: string, object: string): Promise<boolean> => {
    const path = `/api/v1/namespaces/default/configmaps/${object}`;
    return (await clusters.request(name, { method: 'GET', path })).status === 200;
  };
  const remove = async (name: string, workloads: string): Promise<{ status: number; answer: RemoveAnswer }> => {
    const { status, text } = await test.api.raw('DELETE', `/api/v1/clusters/${name}?workloads=${workloads}`);
    return { status, answer: JSON.parse(text) as RemoveAnswer };
  };
  const gone = (name: string): Promise<unknown> =>
    eventually(
      `${name} is no cluster any more`,
      async () => (await test.api.raw('GET', `/api/v1/clusters/${name}`)).status,
      (status) => status === 404,
      WITHIN_MS,
    );
  const why = (name: string): Promise<Why> => test.api.get(`/api/v1/why/clusters/${name}`);
  const isConnected = (name: string): unknown =>
    (clusters.agent(name).state(name) as { connected?: boolean } | undefined)?.connected;
  const isLockedOut = (name: string): Promise<unknown> =>
    eventually(
      `${name} is locked out`,
      async () => isConnected(name),
      (is) => is === false,
      WITHIN_MS,
    );
  const audited = async (object: string): Promise<AuditView[]> =>
    (await test.api.get<{ items: AuditView[] }>('/api/v1/audit?limit=1000')).items.filter(
      (each) => each.object === object,
    );
  const flotilla = async (line: string): Promise<{ out: string; error: string; code: number }> => {
    const { context, ran } = keepingContext({ env: { FLOTILLA_DATA: `${test.folder}/data` } });
    await runCli(line.split(' '), context);
    return ran();
  };

  it('wants to be told what becomes of what runs there', async () => {
    expect((await test.api.raw('DELETE', '/api/v1/clusters/a-1')).status).toBe(400);
    expect((await test.api.raw('DELETE', '/api/v1/clusters/a-1?workloads=all')).status).toBe(400);
    const unsaid = await flotilla('cluster remove a-1 --yes');
    expect(unsaid).toMatchObject({ code: 1, error: expect.stringContaining('--withdraw deletes it first') });
    expect(await view('a-1')).toMatchObject({ status: 'ready' });
  });

  it(
    'withdraws what its agent applied, keeps what asks for it, and then ends every credential',
    async () => {
      const { out, code } = await flotilla('cluster remove a-1 --withdraw --yes');
      expect({ code, out }).toEqual({
        code: 0,
        out: expect.stringMatching(/^cluster\/a-1 is leaving\. Its agent deletes/),
      });
      await gone('a-1');
      expect([await isThere('a-1', 'settings'), await isThere('a-1', 'data')]).toEqual([false, true]);
      await isLockedOut('a-1');
      expect(await audited('Cluster/a-1')).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ act: 'cluster.remove', detail: { workloads: 'withdraw' } }),
          expect.objectContaining({
            actor: 'cluster:a-1',
            act: 'cluster.withdrawn',
            detail: { kept: 1, names: ['ConfigMap default/data'] },
          }),
        ]),
      );
      // Nobody else noticed.
      for (const name of NAMES.slice(1)) expect(await isThere(name, 'settings')).toBe(true);
      expect(await test.api.get<RolloutView>('/api/v1/rollouts/web')).toMatchObject({ state: 'succeeded' });
    },
    CASE_MS,
  );

  it(
    'waits for one that is offline, says so, and gives it nothing new meanwhile',
    async () => {
      await clusters.stopAgent('a-2');
      await eventually(
        'a-2 is offline',
        () => view('a-2'),
        ({ status }) => status === 'offline',
        WITHIN_MS,
      );
      expect(await remove('a-2', 'withdraw')).toMatchObject({ status: 200, answer: { status: 'leaving' } });
      expect(await view('a-2')).toMatchObject({ status: 'leaving', leaving: { by: 'token:first-admin' } });
      const told = await why('a-2');
      expect(told.sentence).toMatch(/a-2 leaves the fleet and has not been heard of: its agent deletes/);
      expect(told.can).toEqual(['flotilla cluster remove a-2 --leave']);
      await repository.commit('two', { 'apps/web/c.yaml': configMap('settings', 'two') });
      await test.api.post('/api/v1/sources/shop/sync');
      const { total } = await rolloutSettled(test.api, 'web', 2, WITHIN_MS);
      expect(total).toBe(4);
      // Said again it is no other act.
      expect(await remove('a-2', 'withdraw')).toMatchObject({ status: 200, answer: { status: 'leaving' } });
      await clusters.startAgent('a-2');
      await gone('a-2');
      expect(await isThere('a-2', 'settings')).toBe(false);
      expect((await audited('Cluster/a-2')).filter(({ act }) => act === 'cluster.remove')).toHaveLength(1);
    },
    CASE_MS,
  );

  it(
    'lets one that leaves be left after all',
    async () => {
      await clusters.stopAgent('a-3');
      const { publicKey } = (await test.hub.store.read.clusters.get(uids.get('a-3') ?? '')) ?? {};
      expect(await remove('a-3', 'withdraw')).toMatchObject({ answer: { status: 'leaving' } });
      expect(await remove('a-3', 'leave')).toMatchObject({ status: 200, answer: { status: 'removed' } });
      await gone('a-3');
      expect(await test.hub.store.read.revocations.has(publicKey ?? '')).toBe(true);
      expect(await isThere('a-3', 'settings')).toBe(true);
    },
    CASE_MS,
  );

  it(
    'does not withdraw from one that a person holds',
    async () => {
      await test.api.post('/api/v1/clusters/a-4/hold', { reason: 'an audit' });
      const held = await test.api.raw('DELETE', '/api/v1/clusters/a-4?workloads=withdraw');
      expect(held.status).toBe(409);
      expect(held.text).toMatch(/is held by .*an audit.*unhold a-4/);
      expect(await view('a-4')).toMatchObject({ state: 'joined' });
      await test.api.post('/api/v1/clusters/a-4/unhold', {});
    },
    CASE_MS,
  );

  it(
    'locks an agent out whose registration ended while the bus was away, though the hub died before it was back',
    async () => {
      await broker.stop();
      const { status, answer } = await remove('a-4', 'leave');
      expect({ status, answer }).toMatchObject({ status: 200, answer: { status: 'removed' } });
      expect(await test.hub.store.read.revocations.pending(10)).toHaveLength(1);
      // Whatever the hub had in mind is gone with it: only the database still knows.
      await test.restart(() => broker.begin());
      await eventually(
        'it is told',
        () => test.hub.store.read.revocations.pending(10),
        (list) => list.length === 0,
        WITHIN_MS,
      );
      await isLockedOut('a-4');
      expect(await isThere('a-4', 'settings')).toBe(true);
      const { uid } = await view('a-5');
      expect(await test.hub.store.read.clusters.get(uid)).toMatchObject({ state: 'joined' });
      await eventually('the others are back', async () => isConnected('a-5'), Boolean, WITHIN_MS);
    },
    CASE_MS,
  );

  it(
    'takes a cluster back whose agent lost all that it knew, as the one that it was',
    async () => {
      const before = await view('a-5');
      const boots = await test.hub.store.read.reports.boots(before.uid);
      const { publicKey: lost } = (await test.hub.store.read.clusters.get(before.uid)) ?? {};
      const manifest = async (): Promise<number> =>
        (await test.hub.store.read.clusters.get(before.uid))?.heldSequence ?? 0;
      const sequence = await manifest();
      await clusters.stopAgent('a-5');
      const secrets = '/api/v1/namespaces/flotilla-system/secrets';
      const { body } = await clusters.request('a-5', { method: 'GET', path: secrets });
      for (const { metadata } of body['items'] as unknown as { metadata: { name: string } }[]) {
        await clusters.request('a-5', { method: 'DELETE', path: `${secrets}/${metadata.name}` });
      }
      // Its objects are there still; it takes them up again under a new key, by a new invitation.
      await clusters.startAgent('a-5');
      const after = await view('a-5');
      expect(after).toMatchObject({ uid: before.uid, createdAt: before.createdAt, labels: before.labels });
      const { publicKey: fresh } = (await test.hub.store.read.clusters.get(before.uid)) ?? {};
      expect(fresh).not.toBe(lost);
      expect(await test.hub.store.read.revocations.has(lost ?? '')).toBe(true);
      await repository.commit('three', { 'apps/web/c.yaml': configMap('settings', 'three') });
      await test.api.post('/api/v1/sources/shop/sync');
      const { state, total } = await rolloutSettled(test.api, 'web', 3, WITHIN_MS);
      expect({ state, total }).toEqual({ state: 'succeeded', total: 2 });
      expect(await test.hub.store.read.reports.boots(before.uid)).toBeGreaterThan(boots);
      await eventually('the sequence goes on', manifest, (held) => held > sequence, WITHIN_MS);
      const past = await test.api.get<{ items: { cluster: string }[] }>('/api/v1/rollouts/web-1/targets?limit=100');
      expect(past.items.map(({ cluster }) => cluster)).toContain('a-5');
      expect((await audited('Cluster/a-5')).find(({ act }) => act === 'cluster.join')?.detail).toMatchObject({
        rejoined: true,
      });
    },
    CASE_MS,
  );

  it(
    'leaves no manifest of them on the bus',
    async () => {
      const bus = await connectHubBus({
        url: `tls://127.0.0.1:${broker.port}`,
        keys: await ensureBusKeys(`${test.folder}/data/keys`),
        caPem: test.hub.caPem ?? '',
        log: createLogger({ level: 'silent' }),
      });
      try {
        for (const name of ['a-1', 'a-2', 'a-3', 'a-4']) {
          const manifest = (): Promise<unknown> => bus.getManifest(uids.get(name) ?? '');
          await eventually(`the manifest of ${name} is gone`, manifest, (found) => found === null, WITHIN_MS);
        }
        expect(await bus.getManifest(uids.get('a-5') ?? '')).not.toBeNull();
      } finally {
        await bus.close();
      }
    },
    CASE_MS,
  );
});
