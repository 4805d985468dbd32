import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Resource, RolloutView, SyncAnswer, Why } from '#contract';
import type { Manifest } from '#domain';
import { PuppetAgent } from '../helpers/puppet-agent.js';
import { eventually, rolloutSettled, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { configMap, TestRepository } from '../helpers/test-repository.js';

const WITHIN_MS = 60_000;

/** What an application says of live objects is no part of a release: it reaches the clusters that run it, and those alone. */
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

  it('reach who runs it at the same generation, and nobody else', async () => {
    const [before, other] = [await told(dev, () => true), await told(prod, () => true)];
    await apply(application('web', 'dev', { health, ignoreDifferences, serviceAccount: 'deployer', drift: 'report' }));
    const after = await told(dev, ({ sequence }) => sequence > before.sequence);
    expect(after.applications['web']).toEqual({
      ...before.applications['web'],
      health,
      ignoreDifferences,
      serviceAccount: 'deployer',
      drift: 'report',
    });
    expect((await test.api.get<RolloutView>('/api/v1/rollouts/web')).id).toBe('web-1');
    expect(await prod.manifest()).toEqual(other);
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

  it('are gone once they are taken back', async () => {
    const before = await told(dev, () => true);
    await apply(application('web', 'dev'));
    const after = await told(dev, ({ sequence }) => sequence > before.sequence);
    expect(Object.keys(after.applications['web'] ?? {})).not.toEqual(expect.arrayContaining(['health']));
    expect(after.applications['web']).not.toHaveProperty('ignoreDifferences');
    expect(after.applications['web']).not.toHaveProperty('serviceAccount');
  });

  it('leave another namespace to the next release, which goes in waves', async () => {
    const before = await told(dev, () => true);
    await apply(application('web', 'dev', { namespace: 'elsewhere' }));
    // Whatever is written after it would have carried it.
    await apply(application('api', 'prod', { drift: 'off' }));
    await told(prod, ({ applications }) => applications['api']?.drift === 'off');
    expect(await dev.manifest()).toEqual(before);
    await repository.commit('another', { 'web/c.yaml': configMap('c', '1') });
    await test.api.post<SyncAnswer>('/api/v1/sources/shop/sync');
    const after = await told(dev, ({ sequence }) => sequence > before.sequence);
    expect(after.applications['web']).toMatchObject({ namespace: 'elsewhere', release: 2 });
    await rolloutSettled(test.api, 'web', 2, WITHIN_MS);
    await rolloutSettled(test.api, 'api', 2, WITHIN_MS);
  });

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
      /Cluster "dev-1" would be told \d+ KiB of its 9 applications, and a manifest holds 256 KiB: Application "big-\d" takes most of it .* what runs stays as it is/,
    );
    // The old one stands, with all of its applications and none of the rules.
    expect(await dev.manifest()).toEqual(whole);
    // Who waits in the same queue gets its own.
    await apply(application('api', 'prod', { drift: 'correct', serviceAccount: 'robot' }));
    await told(prod, ({ applications }) => applications['api']?.serviceAccount === 'robot');

    await apply(...names.slice(2).map((name) => application(name, 'dev')));
    const after = await told(dev, ({ sequence }) => sequence > whole.sequence);
    expect(after.applications['big-0']?.health).toHaveLength(20);
    await eventually(
      'the hold is over',
      () => test.api.get<Why>('/api/v1/why/applications/big-3'),
      ({ holds }) => holds.every(({ code }) => code !== 'manifest'),
      WITHIN_MS,
    );
  }, 120_000);
});
