import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Manifest } from '#domain';
import type { AuditView, Problem, ReleaseView, RolloutView, SyncAnswer, Why } from '#contract';
import { healthy, PuppetAgent, type Script } from '../helpers/puppet-agent.js';
import { eventually, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { configMap, TestRepository } from '../helpers/test-repository.js';

const silent: Script = () => null;

/** Sources, environments and patches as a team has them, on a real hub with real git and kustomize; the clusters are puppets. */
describe('an application with environments', () => {
  let test: TestHub;
  let repository: TestRepository;
  const puppets = new Map<string, PuppetAgent>();

  beforeAll(async () => {
    test = await startTestHub();
    repository = await TestRepository.create({
      'app/c.yaml': configMap('settings', 'one'),
      'other/c.yaml': configMap('o', '1'),
    });
    await repository.git('branch', 'prod');
    for (const [name, env] of [
      ['dev-1', 'dev'],
      ['prod-1', 'prod'],
      ['prod-2', 'prod'],
    ] as const) {
      puppets.set(name, await PuppetAgent.join(test.api, name, { env, name }));
    }
    const wave = { name: 'all', maxConcurrency: '100%', healthyFor: '0s' };
    await test.api.post('/api/v1/apply', {
      documents: [
        document('Source', 'dev', { url: repository.folder, ref: 'main', interval: '1h' }),
        document('Source', 'prod', { url: repository.folder, ref: 'prod', interval: '1h' }),
        document('Strategy', 'all', { waves: [wave] }),
        document('Application', 'web', {
          ...{ source: 'dev', path: 'app', strategy: 'all' },
          environments: [
            { name: 'dev', selector: { matchLabels: { env: 'dev' } } },
            { name: 'prod', selector: { matchLabels: { env: 'prod' } }, source: 'prod' },
          ],
          patches: [
            {
              selector: { matchLabels: { name: 'prod-2' } },
              target: { kind: 'ConfigMap', name: 'settings' },
              patch: '- {op: replace, path: /data/value, value: patched}',
            },
          ],
        }),
        document('Application', 'other', { source: 'dev', path: 'other', strategy: 'all' }),
      ],
    });
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
  const sync = (source: string): Promise<SyncAnswer> => test.api.post(`/api/v1/sources/${source}/sync`);
  const newest = async (application = 'web'): Promise<ReleaseView | undefined> =>
    (await test.api.get<{ items: ReleaseView[] }>(`/api/v1/releases?application=${application}&limit=1`)).items[0];
  const revisionOf = async (environment: string): Promise<string | undefined> =>
    (await newest())?.sources?.find((each) => each.environment === environment)?.revision;
  const why = async (): Promise<string> => (await test.api.get<Why>('/api/v1/why/applications/web')).sentence;
  const manifest = async (name: string): Promise<Manifest['applications'][string] | undefined> =>
    (await puppets.get(name)?.manifest())?.applications['web'];
  const head = (ref: string): Promise<string> => repository.git('rev-parse', ref);

  it('takes its first commit in the order of its environments, each with its own patches', async () => {
    await eventually(
      'prod took it',
      () => revisionOf('prod'),
      (revision) => revision !== undefined,
    );
    const ended = await eventually(
      'all run it',
      () => test.api.get<RolloutView>('/api/v1/rollouts/web'),
      ({ state, total }) => state === 'succeeded' && total === 3,
    );
    const first = await head('main');
    expect(ended).toMatchObject({ counts: { passed: 2, unchanged: 1 } });
    const release = await newest();
    expect(release).toMatchObject({
      sources: [
        { name: 'dev', environment: 'dev', revision: first },
        { name: 'prod', environment: 'prod', revision: first },
      ],
    });
    expect(release?.overlays.map(({ path }) => path)).toEqual(['dev:app', 'prod:app', 'prod:app?patches=0']);
    const digests = await Promise.all(
      ['dev-1', 'prod-1', 'prod-2'].map(async (name) => (await manifest(name))?.digest),
    );
    expect(digests[0]).toBe(digests[1]);
    expect(digests[2]).not.toBe(digests[1]);
  }, 60_000);

  it('keeps what an environment has until the one before runs the commit healthy, and says so in a sentence', async () => {
    const before = await head('main');
    puppets.get('dev-1')!.script = silent;
    const second = await repository.commit('second', { 'app/c.yaml': configMap('settings', 'two') });
    await repository.git('branch', '--force', 'prod', 'main');
    // The environment behind it looks first.
    await sync('prod');
    expect([await revisionOf('prod'), await why()]).toEqual([
      before,
      `Environment "prod" stays at ${before.slice(0, 7)} and waits for "dev" to run ${second.slice(0, 7)}: it runs ${before.slice(0, 7)}, which does not have that in its history; what runs stays as it is`,
    ]);
    await sync('dev');
    expect([await revisionOf('dev'), await revisionOf('prod')]).toEqual([second, before]);
    expect(await why()).toBe(
      `Environment "prod" stays at ${before.slice(0, 7)} and waits for "dev" to run ${second.slice(0, 7)} healthy: 0 of 1 cluster does; what runs stays as it is`,
    );
    expect((await manifest('prod-1'))?.revision).not.toBe(second);
    const { release = 0 } = (await newest()) ?? {};
    const dev = puppets.get('dev-1')!;
    dev.script = healthy;
    const told = await manifest('dev-1');
    await dev.report('web', told!, { phase: 'healthy', steadyMs: 0 });
    await eventually(
      'prod took it',
      () => revisionOf('prod'),
      (revision) => revision === second,
    );
    expect((await newest())?.release).toBe(release + 1);
    await eventually('no hold is left', why, (sentence) => !sentence.includes('Environment'));
  }, 60_000);

  it('takes a merge that has the same contents, and tells the audit of each release what it is made of', async () => {
    const third = await repository.commit('third', { 'app/c.yaml': configMap('settings', 'three') });
    await repository.git('checkout', '--quiet', 'prod');
    await repository.git('merge', '--quiet', '--no-ff', '-m', 'release', 'main');
    await repository.git('checkout', '--quiet', 'main');
    const merged = await head('prod');
    expect(merged).not.toBe(third);
    await sync('dev');
    await sync('prod');
    await eventually(
      'prod took it',
      () => revisionOf('prod'),
      (revision) => revision === merged,
    );
    const { items } = await test.api.get<{ items: AuditView[] }>(
      '/api/v1/audit?act=release&object=Application/web&limit=1',
    );
    const environments = {
      dev: expect.objectContaining({ revision: third }),
      prod: expect.objectContaining({ source: 'prod', revision: merged }),
    };
    expect(items).toMatchObject([{ actor: 'system', detail: { release: (await newest())?.release, environments } }]);
  }, 60_000);

  it('goes on in the environments that render when a commit of one does not', async () => {
    const before = await revisionOf('dev');
    await repository.commit('broken', { 'app/c.yaml': 'kind: [' });
    await sync('dev');
    expect(await why()).toMatch(/^Environment "dev" stays at [0-9a-f]{7}: Overlay "dev:app" .*app\/c\.yaml/);
    expect(await revisionOf('dev')).toBe(before);
    await repository.commit('mended', { 'app/c.yaml': configMap('settings', 'four') });
    await sync('dev');
    expect(await revisionOf('dev')).toBe(await head('main'));
  }, 60_000);

  it('is not passed over for a commit that changes nothing of it, and its status tells that it was looked at', async () => {
    const release = (await newest('other'))?.release;
    const sha = await repository.commit('elsewhere', { 'app/d.yaml': configMap('more', '1') });
    const answer = await sync('dev');
    expect(answer.releases.find(({ application }) => application === 'other')).toEqual({
      application: 'other',
      release,
    });
    const { status } = await test.api.get<{ status: object }>('/api/v1/applications/other');
    expect(status).toMatchObject({ revision: sha, release, holds: [] });
    expect((await newest('other'))?.revision).not.toBe(sha);
    await repository.commit('there', { 'other/c.yaml': configMap('o', '2') });
    await sync('dev');
    expect((await newest('other'))?.release).toBe((release ?? 0) + 1);
  }, 60_000);

  it('names only sources that are there', async () => {
    const application = document('Application', 'lost', {
      ...{ source: 'dev', path: 'app', environments: [{ name: 'dev', source: 'nowhere' }] },
      helm: { valuesFiles: [{ source: 'neither', path: 'a.yaml' }] },
    });
    const refused: unknown = await test.api
      .post('/api/v1/apply', { documents: [application] })
      .catch((error: unknown) => error);
    expect((refused as { problem: Problem }).problem).toMatchObject({
      status: 422,
      errors: [{ path: 'documents[0].spec.environments[0].source', message: expect.stringContaining('"nowhere"') }],
    });
    await expect(test.api.delete('/api/v1/sources/prod')).rejects.toMatchObject({ problem: { status: 409 } });
  });
});
