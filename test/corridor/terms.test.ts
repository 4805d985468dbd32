import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Resource, RolloutView, Why } from '#contract';
import type { Manifest } from '#domain';
import { PuppetAgent } from '../helpers/puppet-agent.js';
import { eventually, rolloutSettled, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { configMap, TestRepository } from '../helpers/test-repository.js';

const WITHIN_MS = 60_000;

/** What an application says besides its objects is pinned to its releases: a cluster hears of it in its turn, and not before. */
describe('the terms of an application', () => {
  let test: TestHub;
  let repository: TestRepository;
  let dev: PuppetAgent;
  let prod: PuppetAgent;
  const health = [{ kind: 'example.com/Widget', healthy: 'object.status.ready', message: 'object.status.message' }];
  const ignoreDifferences = [{ kind: 'apps/Deployment', name: 'web', jsonPointers: ['/spec/replicas'] }];

  beforeAll(async () => {
    test = await startTestHub();
    repository = await TestRepository.create({ 'web/c.yaml': configMap('c', '0') });
    dev = await PuppetAgent.join(test.api, 'dev-1', { env: 'dev' });
    prod = await PuppetAgent.join(test.api, 'prod-1', { env: 'prod' });
    await apply(
      document('Source', 'shop', { url: repository.folder, interval: '1h' }),
      document('Strategy', 'all', { waves: [{ name: 'all', healthyFor: '0s' }] }),
    );
    await apply(application('web', 'dev'), application('api', 'prod'));
    await rolloutSettled(test.api, 'web', 1, WITHIN_MS);
    await rolloutSettled(test.api, 'api', 1, WITHIN_MS);
  }, 120_000);

  afterAll(async () => {
    await Promise.all([dev, prod].map((puppet) => puppet?.close()));
    await test?.stop();
    await repository?.remove();
  }, 60_000);

  const document = (kind: string, name: string, spec: object): object => ({
    apiVersion: 'flotilla.dev/v1',
    kind,
    metadata: { name },
    spec,
  });
  const apply = (...documents: object[]): Promise<unknown> => test.api.post('/api/v1/apply', { documents });
  const application = (name: string, env: string, more: object = {}): object =>
    document('Application', name, {
      source: 'shop',
      path: 'web',
      strategy: 'all',
      placement: { selector: { matchLabels: { env } } },
      ...more,
    });
  const told = (puppet: PuppetAgent, is: (manifest: Manifest) => boolean): Promise<Manifest> =>
    eventually(
      'the manifest',
      async () => (await puppet.manifest()) ?? Promise.reject(new Error('there is none')),
      is,
      WITHIN_MS,
    );

  it('are not in the manifest where they say nothing', async () => {
    const web = (await told(dev, ({ applications }) => 'web' in applications)).applications['web'];
    expect(Object.keys(web ?? {}).sort()).toEqual([
      'chunks',
      'digest',
      'drift',
      'generation',
      'healthyForMs',
      'maxDeletions',
      'namespace',
      'release',
      'revision',
    ]);
  });

  it('reach who runs it with a release of their own, and nobody else', async () => {
    const [before, other] = [await told(dev, () => true), await told(prod, () => true)];
    const more = { health, ignoreDifferences, serviceAccount: 'deployer', drift: 'report' };
    await apply(application('web', 'dev', more));
    const after = await told(dev, ({ applications }) => applications['web']?.release === 2);
    const { generation = 0, ...web } = before.applications['web'] ?? {};
    expect(after.applications['web']).toEqual({ ...web, ...more, release: 2, generation: generation + 1 });
    await rolloutSettled(test.api, 'web', 2, WITHIN_MS);
    expect(await prod.manifest()).toEqual(other);
    const { items } = await test.api.get<{ items: { release: number; warnings?: string[] }[] }>(
      '/api/v1/releases?application=web',
    );
    expect(items[0]).toMatchObject({
      release: 2,
      warnings: expect.arrayContaining([
        'It has the objects of release 1: spec.health, spec.ignoreDifferences, spec.serviceAccount of the application are another',
      ]) as unknown as string[],
    });
  });

  it('are shown as they were declared, and are no change the second time', async () => {
    const shown = await test.api.get<Resource>('/api/v1/applications/web');
    expect(shown).toMatchObject({ spec: { health, ignoreDifferences, serviceAccount: 'deployer' } });
    const { sequence } = await told(dev, () => true);
    expect(await test.api.post('/api/v1/apply', { documents: [shown] })).toMatchObject({
      results: [{ result: 'unchanged' }],
    });
    expect((await told(dev, () => true)).sequence).toBe(sequence);
  });

  it('are gone once they are taken back, and have agents do less about drift at once', async () => {
    await apply(application('web', 'dev', { serviceAccount: 'deployer' }));
    await rolloutSettled(test.api, 'web', 3, WITHIN_MS);
    const before = await told(dev, ({ applications }) => applications['web']?.release === 3);
    expect(before.applications['web']).not.toHaveProperty('health');
    await apply(application('web', 'dev', { serviceAccount: 'deployer', drift: 'off' }));
    const after = await told(dev, ({ applications }) => applications['web']?.drift === 'off');
    expect(after.applications['web']).toEqual({ ...before.applications['web'], drift: 'off' });
    expect((await test.api.get<RolloutView>('/api/v1/rollouts/web')).id).toBe('web-3');
  });

  it('come in waves, whatever is written to the later ones meanwhile, and go with a rollback', async () => {
    const spec = { placement: {}, strategy: 'careful' };
    await apply(
      document('Strategy', 'careful', {
        waves: [
          { name: 'first', selector: { matchLabels: { env: 'dev' } }, healthyFor: '0s' },
          { name: 'rest', healthyFor: '0s', before: [{ approval: {} }] },
        ],
      }),
      application('both', 'dev', spec),
    );
    const approve = (): Promise<unknown> => test.api.post('/api/v1/rollouts/both/approve', {});
    const waits = (id: string): Promise<unknown> =>
      eventually(
        `${id} waits for a yes`,
        () => test.api.get<RolloutView>('/api/v1/rollouts/both'),
        (rollout) => rollout.id === id && rollout.holds.some(({ code }) => code === 'approval'),
        WITHIN_MS,
      );
    await waits('both-1');
    await approve();
    await rolloutSettled(test.api, 'both', 1, WITHIN_MS);
    // The same objects elsewhere: all of them go, which a person is asked about.
    await apply(application('both', 'dev', { ...spec, namespace: 'elsewhere', decryption: { secret: 'other-keys' } }));
    await eventually(
      'it asks for what is deleted',
      () => test.api.get<RolloutView>('/api/v1/rollouts/both'),
      ({ id, holds }) => id === 'both-2' && holds.some(({ code }) => code === 'deletions'),
      WITHIN_MS,
    );
    await test.api.post('/api/v1/rollouts/both/resume', { accept: true });
    await waits('both-2');
    const [first, rest] = [await told(dev, () => true), await told(prod, () => true)];
    const moved = { namespace: 'elsewhere', decryption: { secret: 'other-keys' }, release: 2, maxDeletions: 1_000_000 };
    expect(first.applications['both']).toMatchObject(moved);
    expect(rest.applications['both']).toMatchObject({ namespace: 'default', release: 1 });
    // Whatever is written to it meanwhile has nothing of the new spec.
    await test.hub.store.read.outbox.mark([prod.answer.cluster]);
    const again = await told(prod, ({ sequence }) => sequence > rest.sequence);
    expect(again.applications).toEqual(rest.applications);
    await test.api.post('/api/v1/rollouts/both/rollback', {});
    const back = await told(dev, ({ applications }) => applications['both']?.release === 1);
    expect(back.applications['both']).toMatchObject({ namespace: 'default', exempt: { namespace: 'elsewhere' } });
    expect(back.applications['both']).not.toHaveProperty('decryption');
    await eventually(
      'it is taken back',
      () => test.api.get<RolloutView>('/api/v1/rollouts/both'),
      ({ id, state }) => id === 'both-3' && state === 'succeeded',
      WITHIN_MS,
    );
  }, 120_000);

  it('hold an application whose manifest would grow too large, by its name, and keep nobody else waiting', async () => {
    // 24 KiB each way, as each character takes three bytes.
    const long = {
      health: Array.from({ length: 20 }, (_, n) => ({
        kind: `example.com/W${n}`,
        healthy: `object.a == "${'€'.repeat(340)}"`,
      })),
      ignoreDifferences: Array.from({ length: 50 }, (_, n) => ({
        kind: `example.com/W${n}`,
        jsonPointers: [`/spec/${'€'.repeat(110)}`],
      })),
    };
    const names = Array.from({ length: 8 }, (_, n) => `big-${n}`);
    await apply(...names.map((name) => application(name, 'dev')));
    for (const name of names) await rolloutSettled(test.api, name, 1, WITHIN_MS);
    const whole = await told(dev, ({ applications }) => names.every((name) => name in applications));
    await apply(...names.map((name) => application(name, 'dev', long)));

    const held = await eventually(
      'the hold',
      () => test.api.get<Why>('/api/v1/why/applications/big-3'),
      ({ holds }) => holds.some(({ code }) => code === 'manifest'),
      WITHIN_MS,
    );
    expect(held.sentence).toMatch(
      /Cluster "dev-1" would be told \d+ KiB of its 10 applications, and a manifest holds 256 KiB: Application "big-\d" takes most of it .* what runs stays as it is/,
    );
    // The old one stands, with all of its applications and none of the rules.
    expect(await dev.manifest()).toEqual(whole);
    // Who waits in the same queue gets its own.
    await apply(application('api', 'prod', { drift: 'correct', serviceAccount: 'robot' }));
    await told(prod, ({ applications }) => applications['api']?.serviceAccount === 'robot');

    await apply(...names.slice(2).map((name) => application(name, 'dev')));
    await told(dev, ({ applications }) => applications['big-0']?.health?.length === 20);
    await eventually(
      'the hold is over',
      () => test.api.get<Why>('/api/v1/why/applications/big-3'),
      ({ holds }) => holds.every(({ code }) => code !== 'manifest'),
      WITHIN_MS,
    );
  }, 120_000);
});
