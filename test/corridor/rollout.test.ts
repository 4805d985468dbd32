import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type {
  ClusterView,
  CommandAnswer,
  EventView,
  FleetView,
  RolloutView,
  SyncAnswer,
  TargetView,
  Why,
} from '#contract';
import { healthy, PuppetAgent, type Script } from '../helpers/puppet-agent.js';
import { eventually, rolloutSettled, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { configMap, TestRepository } from '../helpers/test-repository.js';

const failing: Script = () => ({
  phase: 'failed',
  cause: 'health',
  message: 'Deployment web: ImagePullBackOff',
  findings: [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: 'web',
      health: 'failed',
      reason: 'ImagePullBackOff',
      message: 'no such image',
    },
  ],
});
const silent: Script = () => null;

/** Rollouts as a person steers them, on a real hub, bus and database; the clusters are puppets that say what each case needs. */
describe('a rollout', () => {
  let test: TestHub;
  let repository: TestRepository;
  const puppets = new Map<string, PuppetAgent>();
  const environments = ['dev', 'staging', 'prod'] as const;
  let commits = 0;

  beforeAll(async () => {
    test = await startTestHub();
    repository = await TestRepository.create(files('0'));
    for (const env of environments) for (const number of [1, 2, 3]) await join(`${env}-${number}`, { env });
    const waves = environments.map((env) => ({
      name: env,
      selector: { matchLabels: { env } },
      maxConcurrency: '100%',
      healthyFor: '0s',
      maxUnreachable: 1,
      ackTimeout: '3s',
      progressDeadline: '30s',
    }));
    await test.api.post('/api/v1/apply', {
      documents: [
        document('Source', 'shop', { url: repository.folder, interval: '1h' }),
        document('Strategy', 'by-env', { waves }),
        document('Application', 'web', { source: 'shop', path: 'overlays/{{ labels.env }}', strategy: 'by-env' }),
      ],
    });
    await rolloutSettled(test.api, 'web', 1);
  }, 60_000);

  afterAll(async () => {
    await Promise.all([...puppets.values()].map((puppet) => puppet.close()));
    await test?.stop();
    await repository?.remove();
  }, 30_000);

  const document = (kind: string, name: string, spec: object): object => ({
    apiVersion: 'flotilla.dev/v1',
    kind,
    metadata: { name },
    spec,
  });
  function files(version: string): Record<string, string> {
    return Object.fromEntries(
      environments.map((env) => [`overlays/${env}/c.yaml`, configMap('settings', `${env} ${version}`)]),
    );
  }
  async function join(name: string, labels: Record<string, string>): Promise<PuppetAgent> {
    const puppet = await PuppetAgent.join(test.api, name, labels);
    puppets.set(name, puppet);
    return puppet;
  }
  function act(pattern: RegExp, script: Script): void {
    for (const [name, puppet] of puppets) if (pattern.test(name)) puppet.script = script;
  }
  /** Commits something new and carries it to a release; answers its number. */
  async function release(): Promise<number> {
    commits += 1;
    const revision = await repository.commit(`change ${commits}`, files(String(commits)));
    const answer = await test.api.post<SyncAnswer>('/api/v1/sources/shop/sync');
    // Whether that was news is not asked: a hub that has just started looks at its sources by itself.
    expect(answer).toMatchObject({ revision, errors: [], releases: [{ application: 'web' }] });
    return answer.releases[0]?.release ?? 0;
  }
  const rollout = (): Promise<RolloutView> => test.api.get('/api/v1/rollouts/web');
  const targets = async (id = 'web'): Promise<TargetView[]> =>
    (await test.api.get<{ items: TargetView[] }>(`/api/v1/rollouts/${id}/targets?limit=100`)).items;
  const command = (name: string, body: object = {}): Promise<CommandAnswer> =>
    test.api.post(`/api/v1/rollouts/web/${name}`, body);
  const releasesOf = async (): Promise<Record<string, number | null | undefined>> =>
    Object.fromEntries(
      await Promise.all(
        [...puppets].map(async ([name, puppet]) => [name, (await puppet.manifest())?.applications['web']?.release]),
      ),
    );

  it('goes out wave by wave and ends with every cluster passed', async () => {
    const number = await release();
    const ended = await rolloutSettled(test.api, 'web', number);
    expect(ended).toMatchObject({ state: 'succeeded', total: 9, counts: { passed: 9 }, holds: [] });
    const opened = ended.waves.map(({ openedAt = '', doneAt = '' }) => [openedAt, doneAt]);
    expect(opened.flat()).toEqual([...opened.flat()].sort());
    const fleet = await test.api.get<FleetView>('/api/v1/fleet');
    expect(fleet).toMatchObject({
      healthy: 9,
      clusters: { total: 9, ready: 9 },
      applications: [{ name: 'web', health: { healthy: 9 } }],
    });
  });

  it('stops in its first wave when a release is bad, says why, and goes back to what ran before', async () => {
    const good = await rollout();
    act(/./, failing);
    const number = await release();
    const held = await rolloutSettled(test.api, 'web', number);
    expect(held).toMatchObject({
      state: 'running',
      paused: true,
      holds: expect.arrayContaining([expect.objectContaining({ code: 'failures' })]),
    });
    const reached = async (): Promise<string[]> =>
      (await targets()).flatMap(({ cluster, acked }) => (acked ? [cluster] : [])).sort();
    await eventually('the whole first wave told', reached, (clusters) => clusters.length === 3);
    expect(await reached()).toEqual(['dev-1', 'dev-2', 'dev-3']);
    const why = await test.api.get<Why>('/api/v1/why/rollouts/web');
    expect(why.sentence).toMatch(/dev/);
    expect(why.evidence.join('\n')).toMatch(/ImagePullBackOff/);
    expect(why.can.length).toBeGreaterThan(0);

    act(/./, healthy);
    const back = await command('rollback', { reason: 'a bad image' });
    expect(back.rollout).toMatchObject({
      kind: 'rollback',
      release: number,
      reason: 'a bad image',
      startedBy: 'token:first-admin',
    });
    const ended = await rolloutSettled(test.api, 'web', number);
    await eventually('the rollback ended', rollout, ({ kind, state }) => kind === 'rollback' && state !== 'running');
    expect(ended.kind === 'rollback' || ended.state === 'rolledBack').toBe(true);
    const holds = Object.values(await releasesOf());
    expect(new Set(holds)).toEqual(new Set([good.release]));

    // The same commit seen again stays barred.
    await test.api.post('/api/v1/sources/shop/sync');
    expect(await rollout()).toMatchObject({ kind: 'rollback' });
    const listed = await test.api.get<{ items: { release: number; barred: boolean }[] }>(
      '/api/v1/releases?application=web',
    );
    expect(listed.items.find((each) => each.release === number)).toMatchObject({ barred: true });
  });

  it('is told by its number, and without its overlays where only their number is wanted', async () => {
    type Listed = { items: { release: number; overlays: object[]; overlayCount: number }[] };
    const read = (query: string): Promise<Listed> => test.api.get(`/api/v1/releases?${query}`);
    const { items: whole } = await read('application=web&release=1');
    expect(whole).toMatchObject([{ release: 1, overlayCount: whole[0]?.overlays.length }]);
    const count = whole[0]?.overlayCount ?? 0;
    expect(count).toBeGreaterThan(0);
    expect((await read('application=web&release=1&overlays=false')).items).toMatchObject([
      { release: 1, overlays: [], overlayCount: count },
    ]);
    const { items: many } = await read('application=web&overlays=false');
    expect(many.length).toBeGreaterThan(1);
    expect(many.every(({ overlays }) => overlays.length === 0)).toBe(true);
    expect((await read('application=web&release=999')).items).toEqual([]);
    await expect(read('release=1')).rejects.toMatchObject({ problem: { status: 400 } });
  });

  it('waits while it is paused, and a pause outlives the hub', async () => {
    act(/./, silent);
    const number = await release();
    await eventually(
      'the first wave is assigned',
      rollout,
      ({ release: each, counts }) => each === number && counts.assigned === 3,
    );
    expect(await command('pause', { reason: 'lunch' })).toMatchObject({ changed: true, rollout: { paused: true } });
    expect(await command('pause')).toMatchObject({ changed: false });
    await test.restart();
    await eventually(
      'the puppets are back',
      async () => [...puppets.values()].every(({ bus }) => bus.connected()),
      Boolean,
    );
    act(/./, healthy);
    for (const puppet of puppets.values()) {
      const given = (await puppet.manifest())?.applications['web'];
      if (given && given.release === number) await puppet.report('web', given, { phase: 'healthy' });
    }
    await eventually('the first wave passed', rollout, ({ counts }) => counts.passed === 3);
    const held = await rollout();
    expect(held).toMatchObject({
      paused: true,
      holds: expect.arrayContaining([
        expect.objectContaining({ code: 'user', message: expect.stringContaining('lunch') }),
      ]),
    });
    expect(held.counts.pending).toBe(6);
    await command('resume');
    expect(await rolloutSettled(test.api, 'web', number)).toMatchObject({ state: 'succeeded', counts: { passed: 9 } });
  }, 60_000);

  it('tries a failed cluster again when told to', async () => {
    act(/dev-2/, failing);
    const number = await release();
    await rolloutSettled(test.api, 'web', number);
    await expect(command('resume')).rejects.toMatchObject({ problem: { status: 409 } });
    act(/./, healthy);
    expect(await command('retry', { clusters: ['dev-2'] })).toMatchObject({ changed: true });
    await eventually(
      'it went on by itself or by resume',
      async () => {
        const now = await rollout();
        if (now.paused) await command('resume').catch(() => undefined);
        return rollout();
      },
      ({ state }) => state === 'succeeded',
    );
  }, 30_000);

  it('defers a cluster that is silent after its assignment, and takes it when it returns', async () => {
    act(/prod-3/, silent);
    const number = await release();
    const deferred = await eventually(
      'prod-3 is deferred',
      rollout,
      ({ release: each, counts }) => each === number && counts.deferred === 1,
      20_000,
    );
    expect(deferred.counts.failed).toBe(0);
    const puppet = puppets.get('prod-3');
    const given = (await puppet?.manifest())?.applications['web'];
    if (puppet && given) await puppet.report('web', given, { phase: 'healthy' });
    await eventually(
      'prod-3 is healthy on it',
      () => test.api.get<ClusterView>('/api/v1/clusters/prod-3'),
      ({ applications }) => applications?.[0]?.health === 'healthy' && applications[0].release === number,
    );
    act(/./, healthy);
  }, 40_000);

  it('gives a newcomer the release that the fleet runs', async () => {
    const before = await rollout();
    await eventually('nothing runs', rollout, ({ state }) => state !== 'running');
    await join('dev-9', { env: 'dev' });
    await eventually(
      'dev-9 has it',
      () => test.api.get<ClusterView>('/api/v1/clusters/dev-9'),
      ({ applications }) => applications?.[0]?.health === 'healthy',
    );
    expect((await releasesOf())['dev-9']).toBe(before.release);
    expect((await rollout()).kind).toBe('catchUp');
  });

  it('takes only the newest of several commits while one is under way', async () => {
    act(/./, silent);
    const first = await release();
    await eventually('it runs', rollout, ({ release: each, counts }) => each === first && counts.assigned > 0);
    // Whoever looks only now must not finish the first one after all.
    act(/./, (application, told) => ((told.release ?? 0) > first ? healthy(application, told) : null));
    const second = await release();
    const ended = await rolloutSettled(test.api, 'web', second);
    expect(ended).toMatchObject({ state: 'succeeded' });
    const older = await test.api.get<RolloutView>(`/api/v1/rollouts/web-${ended.number - 1}`);
    expect(older).toMatchObject({ state: 'superseded', endedBy: ended.id });
    expect(new Set(Object.values(await releasesOf()))).toEqual(new Set([second]));
  }, 30_000);

  it('is cancelled with what was not taken up taken back', async () => {
    const good = (await rollout()).release;
    act(/./, silent);
    const number = await release();
    await eventually('it runs', rollout, ({ release: each, counts }) => each === number && counts.assigned > 0);
    expect(await command('cancel', { reason: 'wrong branch' })).toMatchObject({ rollout: { state: 'cancelled' } });
    await eventually('nobody is told to run it', releasesOf, (held) =>
      Object.values(held).every((each) => each === good),
    );
    act(/./, healthy);
    await expect(command('pause')).rejects.toMatchObject({ problem: { status: 409 } });
  });

  it('of an application that is deleted leaves what runs, and one of the same name goes on with its generations', async () => {
    const before = await puppets.get('dev-1')?.manifest();
    await test.api.delete('/api/v1/applications/web');
    await eventually(
      'the manifests do not name it',
      () => Promise.all([...puppets.values()].map((puppet) => puppet.manifest())),
      (manifests) => manifests.every((manifest) => manifest && !('web' in manifest.applications)),
    );
    expect(await test.api.get('/api/v1/clusters/dev-1')).toMatchObject({ applications: [] });
    const spec = { source: 'shop', path: 'overlays/{{ labels.env }}', strategy: 'by-env' };
    await test.api.post('/api/v1/apply', { documents: [document('Application', 'web', spec)] });
    const again = await eventually('it runs again', rollout, ({ state }) => state === 'succeeded');
    expect(again.total).toBe(puppets.size);
    const after = await puppets.get('dev-1')?.manifest();
    const generation = (manifest: typeof after): number => manifest?.applications['web']?.generation ?? 0;
    expect(generation(after)).toBeGreaterThan(generation(before));
  }, 30_000);

  it('refuses a reference to what is not there, and a command to a rollout of the past', async () => {
    await expect(test.api.get('/api/v1/rollouts/nothing-7')).rejects.toMatchObject({ problem: { status: 404 } });
    await expect(test.api.post('/api/v1/rollouts/web-1/pause')).rejects.toMatchObject({
      problem: { status: 409, code: 'not-present' },
    });
    await expect(command('retry', { clusters: ['nobody'] })).rejects.toMatchObject({ problem: { status: 404 } });
    await expect(command('skip', { clusters: ['dev-1'] })).rejects.toMatchObject({
      problem: { status: 400, errors: [{ path: 'reason' }] },
    });
  });

  it('is told as events, and a stream that was cut catches up', async () => {
    const all = await test.api.get<{ items: EventView[] }>('/api/v1/events?application=web&limit=1000');
    const ids = all.items.map(({ id }) => id);
    expect(ids).toEqual([...ids].sort((a, b) => b - a));
    const [newest] = all.items;
    const from = ids[2] ?? 0;
    const text = await new Promise<string>((resolve, reject) => {
      let seen = '';
      test.api
        .stream('/api/v1/events/stream', { 'last-event-id': String(from) }, (chunk, close) => {
          seen += chunk;
          if (seen.includes(`id: ${newest?.id ?? 0}`)) {
            close();
            resolve(seen);
          }
        })
        .catch(reject);
    });
    expect(text).toContain(`id: ${ids[1] ?? 0}`);
    expect(text).not.toContain(`id: ${from}\n`);
  });
});
