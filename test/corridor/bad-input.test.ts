import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Resource, RolloutView, SyncAnswer, Why } from '#contract';
import { PuppetAgent } from '../helpers/puppet-agent.js';
import { ApiProblem } from '../helpers/test-api.js';
import { eventually, rolloutSettled, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { configMap, TestRepository } from '../helpers/test-repository.js';

/**
 * Every input that can be bad: a clear error on the object where a user would look, the last good state goes on, and nothing is
 * deleted. One hub, one application with two environments; each case spoils the repository and mends it again.
 */
describe('bad input', () => {
  let test: TestHub;
  let repository: TestRepository;
  const puppets: PuppetAgent[] = [];
  let good = 0;
  let before: unknown[] = [];

  const waves = [{ name: 'all', maxConcurrency: '100%', healthyFor: '0s' }];
  const documents = (): object[] => [
    {
      apiVersion: 'flotilla.dev/v1',
      kind: 'Source',
      metadata: { name: 'shop' },
      spec: { url: repository.folder, interval: '1h' },
    },
    { apiVersion: 'flotilla.dev/v1', kind: 'Strategy', metadata: { name: 'all' }, spec: { waves } },
    {
      apiVersion: 'flotilla.dev/v1',
      kind: 'Application',
      metadata: { name: 'web' },
      spec: { source: 'shop', path: 'overlays/{{ labels.env }}', strategy: 'all' },
    },
  ];
  const sync = (): Promise<SyncAnswer> => test.api.post('/api/v1/sources/shop/sync');
  const application = (): Promise<
    Resource & { status?: { holds?: { code: string; message: string }[]; release?: number; warnings?: string[] } }
  > => test.api.get('/api/v1/applications/web');

  beforeAll(async () => {
    test = await startTestHub();
    repository = await TestRepository.create({
      'overlays/dev/config.yaml': configMap('settings', 'dev 0'),
      'overlays/prod/config.yaml': configMap('settings', 'prod 0'),
    });
    for (const [name, env] of [
      ['dev-1', 'dev'],
      ['prod-1', 'prod'],
    ] as const) {
      puppets.push(await PuppetAgent.join(test.api, name, { env }));
    }
    await test.api.post('/api/v1/apply', { documents: documents() });
    await goodRelease(1);
  }, 60_000);

  afterAll(async () => {
    await Promise.all(puppets.map((puppet) => puppet.close()));
    await test?.stop();
    await repository?.remove();
  }, 30_000);

  /** What each cluster is told to run: an unchanged overlay keeps its digest and its generation from release to release. */
  const told = (): Promise<unknown[]> =>
    Promise.all(puppets.map(async (puppet) => (await puppet.manifest())?.applications['web']));

  /** What must hold after each bad commit: the same release and the same assignments, so that nobody drops anything. */
  async function nothingMoved(): Promise<void> {
    const rollout = await test.api.get<RolloutView>('/api/v1/rollouts/web');
    expect(rollout).toMatchObject({ release: good, state: 'succeeded' });
    expect(await told()).toEqual(before);
  }

  async function goodRelease(release: number): Promise<void> {
    good = (await rolloutSettled(test.api, 'web', release)).release;
    before = await told();
  }

  async function explained(code: string, message: RegExp): Promise<void> {
    expect((await application()).status?.holds).toMatchObject([{ code, message: expect.stringMatching(message) }]);
    const why = await test.api.get<Why>('/api/v1/why/applications/web');
    expect(why.sentence).toMatch(message);
    expect(why.sentence).toMatch(/what runs stays as it is/);
  }

  describe('in a commit', () => {
    const overlay = (content: string): Record<string, string> => ({ 'overlays/dev/config.yaml': content });
    const many = Array.from({ length: 5001 }, (_, index) => configMap(`c${index}`, 'x')).join('---\n');

    beforeEach(async () => {
      // Back to what is good before each case, so that one can't hide behind another.
      await repository.commit('mend', {
        overlays: null,
        'overlays/dev/config.yaml': configMap('settings', `dev ${good}`),
        'overlays/prod/config.yaml': configMap('settings', `prod ${good}`),
      });
      const answer = await sync();
      expect(answer.errors).toEqual([]);
      await goodRelease(answer.releases[0]?.release ?? 0);
    });

    it.each<[string, Record<string, string | null>, RegExp]>([
      ['an overlay missing for some cluster', { 'overlays/dev': null }, /overlays\/dev is not in the commit/],
      ['YAML that does not parse', overlay('a: [b\n'), /overlays\/dev\/config\.yaml/],
      [
        'a kustomization that fails',
        { 'overlays/dev/kustomization.yaml': 'resources: [nothing.yaml]\n' },
        /nothing\.yaml/,
      ],
      [
        'a kustomization with an unknown field',
        { 'overlays/dev/kustomization.yaml': 'resourcez: [config.yaml]\n' },
        /resourcez/,
      ],
      [
        'the same object twice',
        overlay(`${configMap('a', '1')}---\n${configMap('a', '2')}`),
        /ConfigMap.*a.*twice|twice.*ConfigMap/i,
      ],
      ['an object without a name', overlay('apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n'), /name/],
      ['an object without a kind', overlay('apiVersion: v1\nmetadata: {name: a}\n'), /kind/],
      ['generateName', overlay('apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-}\n'), /generateName/],
      ['more objects than a bundle may have', overlay(many), /5,?001.*5,?000/],
      [
        'a remote base',
        { 'overlays/dev/kustomization.yaml': 'resources: ["https://example.com/base"]\n' },
        /not in this repository/,
      ],
      [
        'a path that leaves the repository',
        { 'overlays/dev/kustomization.yaml': 'resources: [../../../etc]\n' },
        /leaves|outside|escape/i,
      ],
    ])('%s', async (_what, files, message) => {
      await repository.commit('spoil', files);
      const answer = await sync();
      expect(answer.errors).toMatchObject([{ application: 'web', message: expect.stringMatching(message) }]);
      expect(JSON.stringify(answer)).not.toContain(test.folder);
      await explained('render', message);
      await nothingMoved();
    });

    it('a symbolic link that leaves the repository', async () => {
      await repository.link('overlays/dev/passwd.yaml', '/etc/passwd');
      const answer = await sync();
      expect(answer.errors[0]?.message).toMatch(/passwd\.yaml/);
      await explained('render', /passwd\.yaml/);
      await nothingMoved();
    });

    it('is forgotten with the commit that mends it', async () => {
      await repository.commit('spoil', overlay('a: [b\n'));
      await sync();
      await repository.commit('mend', overlay(configMap('settings', 'mended')));
      const answer = await sync();
      expect(answer.errors).toEqual([]);
      await goodRelease(answer.releases[0]?.release ?? 0);
      expect((await application()).status?.holds).toEqual([]);
    });
  });

  it('an unreachable repository is told on the source and on what uses it', async () => {
    const [source, , web] = documents() as [Resource & { spec: { url: string } }, object, object];
    const away = { ...source, spec: { ...source.spec, url: `${repository.folder}-gone` } };
    await test.api.post('/api/v1/apply', { documents: [away, web] });
    await expect(sync()).rejects.toThrow(ApiProblem);
    const shown = await test.api.get<{ status: { holds: { code: string; message: string }[]; revision: string } }>(
      '/api/v1/sources/shop',
    );
    expect(shown.status.holds).toMatchObject([{ code: 'source', message: expect.stringContaining('-gone') }]);
    expect(shown.status.revision).toMatch(/^[0-9a-f]{40}$/);
    await eventually('the application tells', application, ({ status }) => status?.holds?.[0]?.code === 'source');
    await nothingMoved();
    await test.api.post('/api/v1/apply', { documents: [source] });
    await sync();
    await eventually('it is mended', application, ({ status }) => status?.holds?.length === 0);
  });

  it('a ref that does not exist is named, with the repository', async () => {
    const [source] = documents() as [Resource & { spec: object }];
    await test.api.post('/api/v1/apply', { documents: [{ ...source, spec: { ...source.spec, ref: 'relaese' } }] });
    await expect(sync()).rejects.toMatchObject({
      problem: { code: 'ref-not-found', detail: expect.stringContaining('relaese') },
    });
    await nothingMoved();
    await test.api.post('/api/v1/apply', { documents: [source] });
    await sync();
  });

  it('a cluster that lacks a label of the template is left out with a word, and blocks nobody', async () => {
    puppets.push(await PuppetAgent.join(test.api, 'nowhere', {}));
    const status = await eventually(
      'the warning',
      application,
      ({ status: each }) => (each?.warnings?.length ?? 0) > 0,
    );
    expect(status.status?.warnings?.[0]).toMatch(/nowhere has no label "env"/);
    expect(status.status?.holds).toEqual([]);
    const extra = puppets.pop();
    expect((await extra?.manifest())?.applications ?? {}).toEqual({});
    await extra?.close();
    await test.api.delete('/api/v1/clusters/nowhere?workloads=leave');
    await nothingMoved();
  });

  it('a label taken from a cluster that runs the application stops new releases, and removes nothing', async () => {
    await test.api.patch('/api/v1/clusters/prod-1', { labels: {} });
    await eventually('the hold', application, ({ status }) => status?.holds?.[0]?.code === 'placement');
    await explained('placement', /prod-1 has no label "env"/);
    await nothingMoved();
    await test.api.patch('/api/v1/clusters/prod-1', { labels: { env: 'prod' } });
    await eventually('it is mended', application, ({ status }) => status?.holds?.length === 0);
  });

  it('a selector that suddenly matches nobody is an error and never a deletion', async () => {
    const [, , web] = documents() as [object, object, Resource & { spec: object }];
    const nobody = { ...web, spec: { ...web.spec, placement: { selector: { matchLabels: { env: 'porduction' } } } } };
    await test.api.post('/api/v1/apply', { documents: [nobody] });
    await eventually('the hold', application, ({ status }) => status?.holds?.[0]?.code === 'placement');
    await explained('placement', /No joined cluster matches/);
    await nothingMoved();
    await test.api.post('/api/v1/apply', { documents: [web] });
    await eventually('it is mended', application, ({ status }) => status?.holds?.length === 0);
  });

  it('a file with unknown fields, unknown references or a used source that is deleted changes nothing', async () => {
    const [, , web] = documents() as [object, object, Resource & { spec: object }];
    const post = (document: object): Promise<unknown> => test.api.post('/api/v1/apply', { documents: [document] });
    await expect(post({ ...web, spec: { ...web.spec, pth: 'x' } })).rejects.toMatchObject({
      problem: {
        status: 400,
        errors: [{ path: 'documents[0].spec.pth', message: expect.stringContaining('unknown field') }],
      },
    });
    await expect(post({ ...web, spec: { ...web.spec, source: 'shopp' } })).rejects.toMatchObject({
      problem: { status: 422, errors: [{ path: 'documents[0].spec.source' }] },
    });
    await expect(test.api.delete('/api/v1/sources/shop')).rejects.toMatchObject({
      problem: { status: 409, code: 'in-use' },
    });
    await nothingMoved();
  });
});
