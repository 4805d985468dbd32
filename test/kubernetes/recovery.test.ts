import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startControlPlane } from '#control-plane';
import type { ClusterView, FleetExport, FleetStatus, RegisterAnswer, RolloutView, SyncAnswer } from '#contract';
import { freePort } from '#kit';
import { eventually, rolloutSettled, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { configMap, TestRepository } from '../helpers/test-repository.js';
import { buildAgentImage, type AgentImage } from './installed-agent.js';
import { kustomization, shopFiles } from './shop-files.js';
import { TestCluster } from './test-cluster.js';

/** Long, because the machine may be busy: what waits here waits for a condition, and fails with what it saw last. */
const WITHIN_MS = 120_000;
const CLUSTERS = ['dev', 'prod'] as const;
/** What a hub is known by, and all that is kept of the one that is lost. */
const KEPT = ['format.json', 'keys', 'tls'];

/**
 * The hub's database and the bus's streams are lost; the keys, and a repository with what `flotilla export` wrote, are not. An
 * empty hub that is pointed there becomes the same fleet again, with the agents that still run. The tests are one story.
 */
describe('an empty hub on real Kubernetes', () => {
  let folder: string;
  let test: TestHub;
  let code: TestRepository;
  let fleet: TestRepository;
  let image: AgentImage;
  let ports: Record<string, string>;
  const clusters = new Map<string, TestCluster>();
  /** By cluster, as the hub that is lost left them. */
  const before = new Map<string, { readonly pods: unknown; readonly uids: unknown; readonly view: ClusterView }>();

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'flotilla-recovery-'));
    image = await buildAgentImage();
    // One after the other: the programs of both at once take a small machine longer.
    for (const name of CLUSTERS) {
      const plane = await startControlPlane({ folder: path.join(folder, name), name });
      clusters.set(name, await TestCluster.open(plane, image, path.join(folder, `${name}-agent`)));
    }
    // What is told of first has the agents let go of the other for a while.
    code = await TestRepository.create({ ...shopFiles('1.0.0'), 'tools/tools.yaml': configMap('tools', 'sharp') });
    fleet = await TestRepository.create({ 'README.md': 'the fleet' });
    // Agents go on looking where the hub and its bus were.
    ports = { FLOTILLA_PORT: String(await freePort()), FLOTILLA_NATS_PORT: String(await freePort()) };
    test = await startTestHub({ FLOTILLA_HEARTBEAT: '3s', ...ports });
  }, 300_000);

  afterAll(async () => {
    // One that does not end well must not keep the others from ending.
    const all = [...clusters.values()].map((each) => each.close());
    const ends = await Promise.allSettled([...all, test?.stop(), code?.remove(), fleet?.remove()]);
    image?.remove();
    await rm(folder, { recursive: true, force: true });
    expect(ends.filter(({ status }) => status === 'rejected')).toEqual([]);
  }, 120_000);

  const cluster = (name: string): Promise<ClusterView> => test.api.get(`/api/v1/clusters/${name}`);
  const allHealthy = (
    what: string,
    isAsWell: (views: readonly ClusterView[]) => boolean = () => true,
  ): Promise<ClusterView[]> =>
    eventually(
      what,
      () => Promise.all(CLUSTERS.map(cluster)),
      (views) => views.every(({ status, health }) => status === 'ready' && health === 'healthy') && isAsWell(views),
      WITHIN_MS,
    );
  const isWhole = (views: readonly ClusterView[]): boolean =>
    views.every(({ applications: all = [] }) => all.length === 2 && all.every(({ health }) => health === 'healthy'));
  const pods = async (at: TestCluster): Promise<readonly string[]> => {
    const names = '{range .items[*]}{.metadata.name} {.metadata.uid}{"\\n"}{end}';
    const owned = '-l=app';
    const text = await at.kubectl('get', 'pods', '-n', 'shop', owned, '-o', `jsonpath=${names}`);
    return text.trim().split('\n').sort();
  };
  const uids = async (at: TestCluster): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries([...(await at.shop())].map(([key, { metadata }]) => [key, metadata.uid]));
  const release = async (version: string): Promise<RolloutView> => {
    await code.commit(version, { 'base/kustomization.yaml': kustomization(version) });
    const { releases } = await test.api.post<SyncAnswer>('/api/v1/sources/code/sync');
    return rolloutSettled(test.api, 'shop', releases[0]?.release ?? 0, WITHIN_MS);
  };

  it('is lost when all runs, and was exported before', async () => {
    for (const [name, at] of clusters) {
      const { command } = await test.api.post<RegisterAnswer>('/api/v1/clusters', { name, labels: { env: name } });
      await at.paste(command);
      await at.agent.start();
    }
    const document = (kind: string, name: string, spec: object): object => ({
      apiVersion: 'flotilla.dev/v1',
      kind,
      metadata: { name },
      spec,
    });
    const documents = [
      document('Source', 'code', { url: code.folder, interval: '1h' }),
      document('Strategy', 'waves', {
        waves: CLUSTERS.map((env) => ({
          ...{ name: env, maxConcurrency: '100%', healthyFor: '1s' },
          ...(env === 'dev' && { selector: { matchLabels: { env } } }),
        })),
      }),
      document('Application', 'shop', {
        ...{ source: 'code', path: 'overlays/{{ labels.env }}', strategy: 'waves', namespace: 'shop' },
        placement: { selector: { matchExpressions: [{ key: 'fact.kubernetes.version', operator: 'Exists' }] } },
      }),
      document('Strategy', 'quick', { waves: [{ name: 'all', maxConcurrency: '100%', healthyFor: '0s' }] }),
      document('Application', 'tools', { source: 'code', path: 'tools', strategy: 'quick' }),
    ];
    await test.api.post('/api/v1/apply', { documents });
    await allHealthy('the first releases run', isWhole);
    // So that what agents hold is ahead of where a new hub would begin.
    expect(await release('1.1.0')).toMatchObject({ state: 'succeeded', counts: { passed: 2 } });
    for (const view of await allHealthy('the second release runs', isWhole)) {
      const at = clusters.get(view.name);
      if (!at) throw new Error(`no cluster ${view.name}`);
      await at.settledVersions();
      before.set(view.name, { pods: await pods(at), uids: await uids(at), view });
    }
    // What people held and paused must not go on because the hub was lost.
    await test.api.post('/api/v1/clusters/prod/hold', { reason: 'a disk fails' });
    await test.api.post('/api/v1/apply', { documents: [document('Pause', 'tools', { reason: 'look first' })] });
    const exported = await test.api.get<FleetExport>('/api/v1/export');
    expect(exported.documents.slice(-2).map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([
      'Hold/prod',
      'Pause/tools',
    ]);
    const files = exported.documents.map(({ kind, metadata }, index) => [
      `fleet/${kind.toLowerCase()}-${metadata.name}.json`,
      JSON.stringify(exported.documents[index]),
    ]);
    await fleet.commit('the export', Object.fromEntries(files) as Record<string, string>);
    for (const kept of KEPT)
      await cp(path.join(test.folder, 'data', kept), path.join(folder, 'kept', kept), { recursive: true });
    await test.stop();
    await Promise.all([...clusters.values()].map((at) => at.kubectl('get', 'namespace', 'shop')));
  }, 300_000);

  it('becomes the same fleet, and no Pod is another', async () => {
    test = await startTestHub(
      {
        ...{ FLOTILLA_HEARTBEAT: '3s', ...ports },
        ...{ FLOTILLA_FLEET_SOURCE: fleet.folder, FLOTILLA_FLEET_PATH: 'fleet' },
      },
      undefined,
      {
        prepare: async (into) => {
          await cp(path.join(folder, 'kept'), path.join(into, 'data'), { recursive: true });
          return {};
        },
      },
    );
    await eventually(
      'the files are applied',
      () => test.api.get<FleetStatus>('/api/v1/declared'),
      ({ state }) => state === 'current',
      WITHIN_MS,
    );
    const assigned = ({ applications = [] }: ClusterView): readonly string[] =>
      applications.flatMap(({ application, release }) => (release === null ? [] : [application]));
    await eventually(
      'the cluster that nobody holds goes on',
      () => cluster('dev'),
      (view) => assigned(view).includes('shop'),
      WITHIN_MS,
    );
    expect(await cluster('prod')).toMatchObject({ hold: { reason: 'a disk fails', by: 'fleet:fleet' } });
    expect(assigned(await cluster('prod'))).toEqual([]);
    expect(assigned(await cluster('dev'))).toEqual(['shop']);
    const tools = await eventually(
      'the rollout that was paused begins',
      () => test.api.get<RolloutView>('/api/v1/rollouts/tools').catch(() => null),
      (view) => view !== null,
      WITHIN_MS,
    );
    expect(tools).toMatchObject({
      ...{ state: 'running', paused: true, counts: { pending: 2 } },
      holds: [{ code: 'user', message: 'paused by fleet:fleet: look first' }],
    });
    await test.api.post('/api/v1/clusters/prod/unhold', { reason: 'mended' });
    await test.api.post('/api/v1/rollouts/tools/resume', { reason: 'looked' });
    const views = await allHealthy('the agents are current again', isWhole);
    for (const view of views) {
      const at = clusters.get(view.name);
      const known = before.get(view.name);
      if (!at || !known) throw new Error(`no cluster ${view.name}`);
      const heldOf = (name: string) => known.view.applications?.find(({ application }) => application === name);
      expect(view).toMatchObject({
        ...{ uid: known.view.uid, labels: known.view.labels, facts: known.view.facts },
        agentVersion: known.view.agentVersion,
      });
      expect(view.applications?.map(({ application }) => application)).toEqual(['shop', 'tools']);
      for (const { application, health, digest, generation } of view.applications ?? []) {
        const held = heldOf(application);
        expect({ health, digest }).toEqual({ health: 'healthy', digest: held?.digest });
        expect(generation).toBeGreaterThan(held?.generation ?? 0);
      }
      await at.settledVersions();
      expect(await pods(at)).toEqual(known.pods);
      expect(await uids(at)).toEqual(known.uids);
      expect(at.agent.log).not.toContain('a manifest was refused');
      expect(at.agent.isRunning).toBe(true);
    }
  }, 300_000);

  it('goes on as if it had been there all the time', async () => {
    expect(await release('1.2.0')).toMatchObject({ state: 'succeeded', total: 2, counts: { passed: 2 } });
    for (const at of clusters.values()) expect(await at.webEnvs()).toEqual(['1.2.0']);
  }, 300_000);
});
