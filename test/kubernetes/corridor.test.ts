import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { kubernetesVersion, startControlPlane } from '#control-plane';
import { makeAgentKey, signByAgentKey } from '#bus';
import {
  joinProofText,
  type ClusterView,
  type CommandAnswer,
  type FleetView,
  type RegisterAnswer,
  type ReleaseView,
  type RolloutView,
  type SyncAnswer,
  type TargetView,
  type Why,
} from '#contract';
import { PROTOCOL_VERSION } from '#domain';
import { CommandLine } from '../helpers/run-flotilla.js';
import { eventually, rolloutSettled, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { TestRepository } from '../helpers/test-repository.js';
import { buildAgentImage, type AgentImage } from './installed-agent.js';
import { kustomization, overlay, SHOP_OBJECTS, shopFiles } from './shop-files.js';
import { isLike, TestCluster } from './test-cluster.js';

/** Long, because the machine may be busy: what waits here waits for a condition, and fails with what it saw last. */
const WITHIN_MS = 60_000;
const AGENT_IMAGE = 'registry.example/flotilla-agent:7.7.7';

/**
 * From a commit to healthy clusters and back, as a user goes: two real clusters, each installed by the line that the hub prints, a
 * real hub between them. The tests are one story and go on from each other.
 */
describe('the corridor on real Kubernetes', () => {
  let folder: string;
  let test: TestHub;
  let repository: TestRepository;
  let image: AgentImage;
  let dev: TestCluster;
  let prod: TestCluster;
  const invitations = new Map<string, RegisterAnswer>();

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'flotilla-corridor-'));
    image = await buildAgentImage();
    const plane = (name: string, region: string) =>
      startControlPlane({
        folder: path.join(folder, name),
        name,
        nodeLabels: { 'topology.kubernetes.io/region': region },
      });
    // One after the other: the programs of both at once take a small machine longer.
    dev = await TestCluster.open(await plane('dev', 'eu-north-1'), image, path.join(folder, 'dev-agent'));
    prod = await TestCluster.open(await plane('prod', 'us-east-1'), image, path.join(folder, 'prod-agent'));
    repository = await TestRepository.create(shopFiles('1.0.0'));
    // A process that gets no share of a busy machine for some seconds is not away.
    test = await startTestHub({ FLOTILLA_HEARTBEAT: '3s', FLOTILLA_AGENT_IMAGE: AGENT_IMAGE });
  }, 180_000);

  afterAll(async () => {
    // One that does not end well must not keep the others from ending.
    const ends = await Promise.allSettled([dev?.close(), prod?.close(), test?.stop(), repository?.remove()]);
    image?.remove();
    await rm(folder, { recursive: true, force: true });
    expect(ends.filter(({ status }) => status === 'rejected')).toEqual([]);
  }, 60_000);

  const document = (kind: string, name: string, spec: object): object => ({
    apiVersion: 'flotilla.dev/v1',
    kind,
    metadata: { name },
    spec,
  });
  const cluster = (name: string): Promise<ClusterView> => test.api.get(`/api/v1/clusters/${name}`);
  const rollout = (): Promise<RolloutView> => test.api.get('/api/v1/rollouts/shop');
  const target = async (name: string): Promise<TargetView | undefined> =>
    (await test.api.get<{ items: TargetView[] }>('/api/v1/rollouts/shop/targets')).items.find(
      (each) => each.cluster === name,
    );
  const command = (name: string, body: object = {}): Promise<CommandAnswer> =>
    test.api.post(`/api/v1/rollouts/shop/${name}`, body);
  const release = async (message: string, files: Record<string, string | null>): Promise<number> => {
    await repository.commit(message, files);
    const answer = await test.api.post<SyncAnswer>('/api/v1/sources/shop/sync');
    expect(answer).toMatchObject({ changed: true, errors: [], releases: [{ application: 'shop' }] });
    return answer.releases[0]?.release ?? 0;
  };
  const succeeded = async (number: number): Promise<RolloutView> => {
    const ended = await rolloutSettled(test.api, 'shop', number, WITHIN_MS);
    expect(ended).toMatchObject({ state: 'succeeded', total: 2, counts: { passed: 2 }, holds: [] });
    return ended;
  };

  /** Registers a cluster and pastes the line that the hub answers, with kubectl pointing at the cluster. */
  const install = async (name: string, env: string, into: TestCluster): Promise<void> => {
    const invitation = await test.api.post<RegisterAnswer>('/api/v1/clusters', { name, labels: { env } });
    invitations.set(name, invitation);
    expect(await cluster(name)).toMatchObject({ state: 'registered', status: 'waiting' });
    const printed = await into.paste(invitation.command);
    for (const object of ['namespace/flotilla-system', 'deployment.apps/flotilla-agent', 'secret/flotilla-agent-hub']) {
      expect(printed).toContain(`${object} created`);
    }
  };

  it('takes a cluster in by the one line that it prints, with the rights of its manifest and no more', async () => {
    await Promise.all([install('dev-1', 'dev', dev), install('prod-1', 'prod', prod)]);
    // The namespace enforces the restricted standard: a Pod that broke it would not be there to be ready.
    await dev.kubectl('rollout', 'status', 'deployment/flotilla-agent', '-n', 'flotilla-system', '--timeout=60s');
    const { container, serviceAccountName } = await dev.agent.podTemplate();
    expect(container.image).toBe(AGENT_IMAGE);
    const account = `--as=system:serviceaccount:flotilla-system:${serviceAccountName}`;
    const may = async (...words: string[]): Promise<string> =>
      (await dev.plane.kubectl(['auth', 'can-i', ...words, account])).stdout.trim();
    expect(await may('create', 'deployments.apps', '-n', 'shop')).toBe('yes');
    expect(await may('update', 'deployments.apps', '-n', 'shop')).toBe('no');
    expect(await may('impersonate', 'users')).toBe('no');
    await Promise.all([dev.agent.start(), prod.agent.start()]);
    const version = `v${await kubernetesVersion()}`;
    for (const [name, region] of [
      ['dev-1', 'eu-north-1'],
      ['prod-1', 'us-east-1'],
    ] as const) {
      const view = await eventually(
        `${name} ready`,
        () => cluster(name),
        ({ status }) => status === 'ready',
        WITHIN_MS,
      );
      expect(view).toMatchObject({
        state: 'joined',
        health: 'none',
        facts: { 'kubernetes.version': version, nodes: '1', provider: 'kwok', region },
      });
    }
    expect(await test.api.get<FleetView>('/api/v1/fleet')).toMatchObject({ clusters: { total: 2, ready: 2 } });
  }, 180_000);

  it('refuses a token that was spent: to another key, and at the address of the manifest', async () => {
    const { token = '', url = '' } = invitations.get('dev-1') ?? {};
    const { publicKey, seed } = makeAgentKey();
    const proof = signByAgentKey(seed, joinProofText(token));
    const request = { token, publicKey, proof, protocol: PROTOCOL_VERSION, version: '0.1.0', facts: {} };
    const stranger = test.api.as('');
    await expect(stranger.post('/api/v1/join', request)).rejects.toMatchObject({
      problem: { status: 410, code: 'token-spent' },
    });
    const served = await stranger.raw('GET', new URL(url).pathname);
    stranger.close();
    expect(served.status).toBe(410);
    expect(served.text).not.toContain(token);
    await expect(dev.paste(invitations.get('dev-1')?.command ?? '')).rejects.toThrow(/410/);
    expect(await cluster('dev-1')).toMatchObject({ status: 'ready' });
  });

  it('carries a commit to healthy in wave after wave, with every object there and marked', async () => {
    const wave = (env: string): object => ({
      name: env,
      selector: { matchLabels: { env } },
      maxConcurrency: '100%',
      maxFailures: 0,
      healthyFor: '1s',
      ackTimeout: '1m',
      progressDeadline: '2m',
    });
    await test.api.post('/api/v1/apply', {
      documents: [
        document('Source', 'shop', { url: repository.folder, interval: '1h' }),
        document('Strategy', 'by-env', { waves: [wave('dev'), wave('prod')], maxDeletions: '50%' }),
        document('Application', 'shop', {
          source: 'shop',
          path: 'overlays/{{ labels.env }}',
          strategy: 'by-env',
          namespace: 'shop',
        }),
      ],
    });
    await succeeded(1);
    const number = await release('a second version', { 'base/kustomization.yaml': kustomization('1.1.0') });
    const ended = await succeeded(number);
    const [first, second] = ended.waves;
    expect(first?.doneAt).toBeDefined();
    expect([first?.doneAt ?? '', second?.openedAt ?? '']).toEqual([first?.doneAt, second?.openedAt].sort());
    const { items } = await test.api.get<{ items: ReleaseView[] }>('/api/v1/releases?application=shop');
    const made = items.find((each) => each.release === number);
    expect(made?.overlays.map(({ objects }) => objects)).toEqual([SHOP_OBJECTS.length, SHOP_OBJECTS.length]);
    for (const [env, at] of [
      ['dev', dev],
      ['prod', prod],
    ] as const) {
      const objects = await at.shop();
      expect([...objects.keys()].sort()).toEqual([...SHOP_OBJECTS]);
      expect(objects.get('ConfigMap/settings')).toMatchObject({ data: { environment: env } });
      expect(objects.get('ConfigMap/web-env')).toMatchObject({ data: { VERSION: '1.1.0' } });
      expect(objects.get('Gadget/lamp')).toMatchObject({ spec: { watts: 7 } });
      expect(objects.get('Secret/session')?.['data']).toEqual({
        sample: Buffer.from('not-a-secret').toString('base64'),
      });
      expect(objects.get('Deployment/web')).toMatchObject({
        status: { updatedReplicas: 2, availableReplicas: 2 },
        spec: { template: { spec: { containers: [{ image: 'registry.example/shop/web:1.1.0' }] } } },
      });
      expect(objects.get('StatefulSet/store')).toMatchObject({ status: { availableReplicas: 1 } });
      expect(objects.get('Job/seed')).toMatchObject({ status: { succeeded: 1 } });
      for (const object of objects.values()) {
        expect(object.metadata.managedFields?.map(({ manager }) => manager)).toContain('flotilla');
      }
    }
    expect(await test.api.get<FleetView>('/api/v1/fleet')).toMatchObject({
      healthy: 2,
      applications: [{ name: 'shop', release: number, health: { healthy: 2 } }],
    });
  }, 180_000);

  it('writes nothing where nothing has changed: in a commit beside it, for another cluster, and at a new start', async () => {
    const [before, elsewhere] = await Promise.all([dev.settledVersions(), prod.settledVersions()]);
    const { release: newest } = await rollout();
    await repository.commit('words', { 'README.md': 'A shop.\n' });
    expect(await test.api.post<SyncAnswer>('/api/v1/sources/shop/sync')).toMatchObject({
      changed: true,
      releases: [{ application: 'shop', release: newest }],
    });
    const number = await release('prod alone', { 'overlays/prod/kustomization.yaml': overlay('production') });
    const ended = await rolloutSettled(test.api, 'shop', number, WITHIN_MS);
    expect(ended).toMatchObject({ state: 'succeeded', counts: { unchanged: 1, passed: 1 } });
    expect(await dev.versions()).toEqual(before);
    const { 'ConfigMap/settings': changed, ...others } = await prod.versions();
    expect(changed).not.toBe(elsewhere['ConfigMap/settings']);
    expect(elsewhere).toMatchObject(others);

    const { reportedAt = '' } = (await cluster('dev-1')).applications?.[0] ?? {};
    await dev.agent.kill();
    expect(dev.agent.isRunning).toBe(false);
    await dev.agent.start();
    await eventually(
      'dev-1 says that it is healthy, after its new start',
      () => cluster('dev-1'),
      ({ applications = [] }) =>
        applications[0]?.health === 'healthy' && (applications[0].reportedAt ?? '') > reportedAt,
      WITHIN_MS,
    );
    expect(await dev.versions()).toEqual(before);
  }, 180_000);

  it('tells a person what is there, what differs and what Kubernetes said of it, by asking the agents', async () => {
    const line = new CommandLine(() => test.folder);
    const spec = { source: 'shop', path: 'overlays/{{ labels.env }}', strategy: 'by-env', namespace: 'shop' };
    const declare = (more: object): Promise<unknown> =>
      test.api.post('/api/v1/apply', { documents: [document('Application', 'shop', { ...spec, ...more })] });
    const diff = async (): Promise<string> => (await line.run('diff dev-1/shop')).out;
    const tree = await line.fine('tree dev-1/shop');
    expect(tree).toMatch(
      /Deployment shop\/web +synced +healthy [^\n]*\n└── ReplicaSet web-\w+ [^\n]*\n {4}├── Pod web-\S+ +- +healthy/,
    );
    expect(tree).toMatch(/StatefulSet shop\/store +synced +healthy [^\n]*\n└── Pod store-0 /);
    expect(await line.run('diff dev-1/shop')).toMatchObject({ out: '', code: 0 });
    expect(await line.fine('events dev-1/shop')).toMatch(
      /Normal +ScalingReplicaSet +Deployment shop\/web +\d+ +Scaled up/,
    );

    await declare({ drift: 'report' });
    const patch = (what: string, data: object): Promise<string> =>
      dev.kubectl('patch', what, '-n', 'shop', '--field-manager=kubectl-edit', '-p', JSON.stringify({ data }));
    const secret = Buffer.from('from-elsewhere').toString('base64');
    // Until the agent has heard of the terms, it puts back what is changed.
    await eventually(
      'what was changed stays',
      async () => {
        await patch('configmap/banner', { value: 'closed' });
        await patch('secret/session', { sample: secret });
        return diff();
      },
      (text) => text.includes('-  value: closed\n+  value: open\n') && text.includes('git/Secret/shop/session'),
      WITHIN_MS,
    );
    const shown = await diff();
    expect(shown).toMatch(/- {2}sample: \(hidden [0-9a-f]{8}\)\n\+ {2}sample: \(hidden [0-9a-f]{8}\)\n/);
    expect(shown).not.toContain(secret);
    expect(shown).not.toContain('from-elsewhere');
    expect(await line.fine('tree dev-1/shop')).toMatch(/ConfigMap shop\/banner +outOfSync/);

    await declare({
      drift: 'report',
      ignoreDifferences: [
        { kind: 'ConfigMap', name: 'banner', jsonPointers: ['/data/value'] },
        { kind: 'Secret', managers: ['kubectl-edit'] },
      ],
    });
    await eventually(
      'nothing differs that may',
      () => line.run('diff dev-1/shop'),
      ({ code }) => code === 0,
      WITHIN_MS,
    );
    await declare({});
    await eventually(
      'it is as Git has it',
      () => dev.shop(),
      (objects) => isLike(objects.get('ConfigMap/banner'), { data: { value: 'open' } }),
      WITHIN_MS,
    );
    await eventually(
      'nothing differs',
      () => line.run('diff dev-1/shop'),
      ({ code }) => code === 0,
      WITHIN_MS,
    );
  }, 180_000);

  it('puts back within seconds what a person changed by hand, and leaves what is not its own', async () => {
    const elsewhere = await prod.settledVersions();
    const former = await dev.shop();
    const uidOf = (key: string): string | undefined => former.get(key)?.metadata.uid;
    const began = performance.now();
    const shop = (...words: string[]): Promise<string> => dev.kubectl(...words, '-n', 'shop');
    await Promise.all([
      shop('scale', 'deployment/web', '--replicas=5'),
      shop('set', 'image', 'deployment/worker', 'worker=registry.example/elsewhere/worker:9'),
      shop('annotate', 'configmap/settings', '--overwrite', 'shop.example/contact=nobody@shop.example'),
      shop('patch', 'configmap/banner', '--field-manager=kubectl-edit', '-p', '{"data":{"value":"closed"}}'),
      shop('annotate', 'configmap/banner', 'shop.example/note=mine'),
      shop('annotate', 'configmap/banner', '--field-manager=some-controller', 'shop.example/seen=yes'),
      shop('label', 'serviceaccount/web', 'flotilla.dev/application-'),
      shop('delete', 'service/web'),
      shop('delete', 'role/web'),
    ]);
    const objects = await eventually(
      'all of it put back',
      () => dev.shop(),
      (now) =>
        now.size === SHOP_OBJECTS.length &&
        // Until the Service and the Role are others, the old ones may not have gone.
        now.get('Service/web')?.metadata.uid !== uidOf('Service/web') &&
        now.get('Role/web')?.metadata.uid !== uidOf('Role/web') &&
        isLike(now.get('Deployment/web'), { spec: { replicas: 2 }, status: { replicas: 2, availableReplicas: 2 } }) &&
        isLike(now.get('Deployment/worker'), {
          spec: { template: { spec: { containers: [{ image: 'registry.example/shop/worker:1.0.0' }] } } },
        }) &&
        isLike(now.get('ConfigMap/settings'), {
          metadata: { annotations: { 'shop.example/contact': 'team@shop.example' } },
        }) &&
        isLike(now.get('ConfigMap/banner'), { data: { value: 'open' } }) &&
        !now.get('ConfigMap/banner')?.metadata.annotations?.['shop.example/note'],
      WITHIN_MS,
    );
    process.stderr.write(`manual changes put back after ${Math.round(performance.now() - began)} ms\n`);
    expect(objects.get('ConfigMap/banner')?.metadata.annotations).toEqual({ 'shop.example/seen': 'yes' });
    await eventually(
      'dev-1 healthy again',
      () => cluster('dev-1'),
      ({ health }) => health === 'healthy',
      WITHIN_MS,
    );
    expect(await prod.versions()).toEqual(elsewhere);
  }, 120_000);

  it("stops a bad image in the first wave with the kubelet's own reason, and goes back to what ran before", async () => {
    const good = await rollout();
    const [told, elsewhere] = [(await target('prod-1'))?.generation, await prod.settledVersions()];
    const number = await release('a bad image', { 'base/kustomization.yaml': kustomization('1.2.0-bad') });
    const held = await rolloutSettled(test.api, 'shop', number, WITHIN_MS);
    expect(held).toMatchObject({
      state: 'running',
      paused: true,
      counts: { failed: 1, pending: 1 },
      holds: expect.arrayContaining([expect.objectContaining({ code: 'failures' })]),
    });
    const broken = await target('dev-1');
    expect(broken).toMatchObject({ state: 'failed', message: expect.stringContaining('Deployment') });
    const saying = /ImagePull.*registry\.example\/shop\/web:1\.2\.0-bad/;
    const why = await test.api.get<Why>('/api/v1/why/rollouts/shop');
    expect(why.sentence).toMatch(/dev/);
    expect(why.evidence.join('\n')).toMatch(saying);
    expect((await test.api.get<Why>('/api/v1/why/clusters/dev-1')).evidence.join('\n')).toMatch(saying);
    // What served before serves on, with the settings that it was started with.
    const during = await dev.shop();
    expect(isLike(during.get('Deployment/web'), { status: { availableReplicas: 2 } })).toBe(true);
    expect(await dev.webEnvs()).toEqual(['1.1.0', '1.2.0-bad']);
    expect(await target('prod-1')).toMatchObject({ state: 'pending', generation: told });
    expect((await cluster('prod-1')).applications?.[0]).toMatchObject({ generation: told, release: good.release });

    await command('rollback', { reason: 'a bad image' });
    await eventually(
      'the rollback has ended',
      rollout,
      ({ kind, state }) => kind === 'rollback' && state === 'succeeded',
      WITHIN_MS,
    );
    await eventually(
      'dev-1 is healthy on the release before',
      () => cluster('dev-1'),
      ({ health, applications = [] }) => health === 'healthy' && applications[0]?.release === good.release,
      WITHIN_MS,
    );
    const web = (await dev.shop()).get('Deployment/web');
    expect(web).toMatchObject({
      spec: { template: { spec: { containers: [{ image: 'registry.example/shop/web:1.1.0' }] } } },
      status: { availableReplicas: 2 },
    });
    expect(await dev.webEnvs()).toEqual(['1.1.0']);
    expect((await cluster('prod-1')).applications?.[0]).toMatchObject({ generation: told, release: good.release });
    expect(await prod.versions()).toEqual(elsewhere);
  }, 180_000);

  it('removes what Git does not have any more, and nothing else', async () => {
    const kept = await dev.shop();
    const text = kustomization('1.3.0').replace(', worker.yaml', '');
    await succeeded(await release('no worker', { 'base/kustomization.yaml': text, 'base/worker.yaml': null }));
    const gone = ['ConfigMap/banner', 'Deployment/worker', 'Service/worker'];
    const left = SHOP_OBJECTS.filter((key) => !gone.includes(key));
    for (const at of [dev, prod]) {
      await eventually(
        'the worker is gone, its Pods too',
        () => at.names('shop', 'configmap/banner', 'deployment/worker', 'service/worker'),
        (names) => names.length === 0,
        WITHIN_MS,
      );
      const objects = await at.shop();
      expect([...objects.keys()].sort()).toEqual([...left]);
    }
    const now = await dev.shop();
    const same = left.filter((key) => key !== 'ConfigMap/web-env');
    expect(same.map((key) => now.get(key)?.metadata.uid)).toEqual(same.map((key) => kept.get(key)?.metadata.uid));
  }, 180_000);

  it('goes on with a rollout after the agent was killed in the middle of it', async () => {
    const text = kustomization('1.4.0-slow-4s').replace(', worker.yaml', '');
    const number = await release('a slow start', { 'base/kustomization.yaml': text });
    await eventually(
      'the new version is written',
      () => dev.shop(),
      (now) =>
        isLike(now.get('Deployment/web'), {
          spec: { template: { spec: { containers: [{ image: 'registry.example/shop/web:1.4.0-slow-4s' }] } } },
        }),
      WITHIN_MS,
    );
    expect(await rollout()).toMatchObject({ release: number, state: 'running' });
    await dev.agent.kill();
    expect(await target('prod-1')).toMatchObject({ state: 'pending' });
    await dev.agent.start();
    await succeeded(number);
    expect(await dev.webEnvs()).toEqual(['1.4.0-slow-4s']);
    expect(await prod.webEnvs()).toEqual(['1.4.0-slow-4s']);
  }, 180_000);

  it('lets a cluster go: its agent is cut off, and what runs there stays as it is', async () => {
    const before = await dev.settledVersions();
    const since = dev.agent.log.length;
    await test.api.delete('/api/v1/clusters/dev-1?workloads=leave');
    await expect(cluster('dev-1')).rejects.toMatchObject({ problem: { status: 404 } });
    await eventually(
      'the agent is cut off, and told that it is out',
      async () => dev.agent.log.slice(since),
      (log) => /the bus is gone/.test(log) && /the hub refuses a new credential/.test(log),
      WITHIN_MS,
    );
    const text = kustomization('1.5.0').replace(', worker.yaml', '');
    const number = await release('without dev-1', { 'base/kustomization.yaml': text });
    const ended = await rolloutSettled(test.api, 'shop', number, WITHIN_MS);
    expect(ended).toMatchObject({ state: 'succeeded', total: 1, counts: { passed: 1 } });
    expect(await prod.webEnvs()).toEqual(['1.5.0']);
    expect(await dev.webEnvs()).toEqual(['1.4.0-slow-4s']);
    expect(await dev.versions()).toEqual(before);
    expect(await test.api.get<FleetView>('/api/v1/fleet')).toMatchObject({
      healthy: 1,
      clusters: { total: 1, ready: 1 },
    });
  }, 180_000);

  it('takes the cluster in again by a new line, and brings it up to date without making anything anew', async () => {
    const before = await dev.shop();
    const invitation = await test.api.post<RegisterAnswer>('/api/v1/clusters', {
      name: 'dev-1',
      labels: { env: 'dev' },
    });
    invitations.set('dev-1 again', invitation);
    const printed = await dev.paste(invitation.command);
    for (const object of ['secret/flotilla-agent-hub', 'deployment.apps/flotilla-agent']) {
      expect(printed).toContain(`${object} configured`);
    }
    await dev.agent.kill('SIGTERM');
    await dev.agent.start();
    await eventually(
      'dev-1 runs what the fleet runs',
      () => Promise.all([rollout(), cluster('dev-1')]),
      ([{ state, release: newest }, { uid, health, applications = [] }]) =>
        state === 'succeeded' &&
        uid === invitation.cluster.uid &&
        health === 'healthy' &&
        applications[0]?.release === newest,
      WITHIN_MS,
    );
    expect(await dev.webEnvs()).toEqual(['1.5.0']);
    const now = await dev.shop();
    expect([...now.keys()]).toEqual([...before.keys()]);
    const uids = (objects: typeof now): unknown =>
      [...objects].filter(([key]) => key !== 'ConfigMap/web-env').map(([, { metadata }]) => metadata.uid);
    expect(uids(now)).toEqual(uids(before));
  }, 120_000);

  it('kept to its rights and to its secrets all the while', async () => {
    expect(invitations.size).toBe(3);
    for (const at of [dev, prod]) {
      expect(at.agent.log).toContain('"the agent is ready"');
      expect(at.agent.log).not.toMatch(/forbidden/i);
      for (const { token } of invitations.values()) expect(at.agent.log).not.toContain(token);
      expect(at.agent.log).not.toContain('not-a-secret');
    }
  });
});
