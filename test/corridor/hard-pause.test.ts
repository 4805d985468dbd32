import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CommandAnswer, RolloutView, SyncAnswer, TargetView, Why } from '#contract';
import { SimulatedClusters } from '../helpers/simulated-clusters.js';
import { eventually, rolloutSettled, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { configMap, TestRepository } from '../helpers/test-repository.js';

const OBJECTS = 200;

/** A pause that bites at once, from the command to the cluster: real hub, bus, database and agents, simulated clusters. */
describe('a hard pause', () => {
  let test: TestHub;
  let repository: TestRepository;
  let clusters: SimulatedClusters;

  const files = (version: string): Record<string, string> => ({
    'all/c.yaml': Array.from({ length: OBJECTS }, (_, index) => configMap(`c-${index}`, version)).join('---\n'),
  });
  const document = (kind: string, name: string, spec: object): object => ({
    apiVersion: 'flotilla.dev/v1',
    kind,
    metadata: { name },
    spec,
  });
  const command = (name: string, body: object = {}): Promise<CommandAnswer> =>
    test.api.post(`/api/v1/rollouts/web/${name}`, body);
  const release = async (version: string): Promise<number> => {
    await repository.commit(version, files(version));
    const answer = await test.api.post<SyncAnswer>('/api/v1/sources/shop/sync');
    return answer.releases[0]?.release ?? 0;
  };
  /** How many of the cluster's objects are of a version, by the cluster itself. */
  const held = (version: string): number =>
    clusters
      .cluster('one')
      .cluster.objects('configmaps')
      .filter((object) => (object as { data?: { value?: string } }).data?.value === version).length;
  /** Lets a release begin, and slows the cluster's API down once a part of it is written. */
  const releaseSlowedMidway = async (version: string): Promise<{ number: number; hurry: () => void }> => {
    const { cluster } = clusters.cluster('one');
    const writes = { methods: ['PATCH'], path: '/configmaps/' };
    const slow = cluster.setFault({ ...writes, latencyMs: 40 });
    const number = await release(version);
    await eventually(
      'some objects are written',
      async () => held(version),
      (count) => count >= 10,
      30_000,
    );
    // Far longer for the rest than a pause takes to come, on a busy machine too.
    const slower = cluster.setFault({ ...writes, latencyMs: 1_000 });
    const hurry = (): void => {
      slow();
      slower();
    };
    return { number, hurry };
  };
  /** The agent's own word of how far it came, as a person is told it. */
  const paused = (): Promise<string> =>
    eventually(
      'the agent says that it paused',
      async () => {
        const { evidence } = await test.api.get<Why>('/api/v1/why/clusters/one');
        return evidence.find((each) => each.startsWith('web: its agent says: paused: ')) ?? '';
      },
      (word) => word !== '',
      30_000,
    );
  const target = async (): Promise<TargetView | undefined> =>
    (await test.api.get<{ items: TargetView[] }>('/api/v1/rollouts/web/targets')).items[0];

  beforeAll(async () => {
    test = await startTestHub();
    repository = await TestRepository.create(files('first'));
    const shop = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'shop' },
    };
    clusters = await SimulatedClusters.start(test, [{ name: 'one' }]);
    await clusters.request('one', { method: 'POST', path: '/api/v1/namespaces', body: shop });
    await test.api.post('/api/v1/apply', {
      documents: [
        document('Source', 'shop', { url: repository.folder, interval: '1h' }),
        document('Strategy', 'all', { waves: [{ name: 'all', healthyFor: '0s' }] }),
        document('Application', 'web', { source: 'shop', path: 'all', strategy: 'all', namespace: 'shop' }),
      ],
    });
    await rolloutSettled(test.api, 'web', 1, 30_000);
  }, 90_000);

  afterAll(async () => {
    await clusters?.stop();
    await test?.stop();
    await repository?.remove();
  }, 30_000);

  it('stops an agent in the middle of an apply, learns how far it came, and goes on from there', async () => {
    const { number, hurry } = await releaseSlowedMidway('second');
    await command('pause', { hard: true, reason: 'it looks wrong' });
    const word = await paused();
    expect(await target()).toMatchObject({ state: 'progressing', halted: true, release: number });
    const [, count = ''] = /paused: (\d+) of 200 objects applied$/.exec(word) ?? [];
    const before = held('second');
    expect(Number(count)).toBe(before);
    expect(before).toBeLessThan(OBJECTS);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(held('second')).toBe(before);
    expect(await test.api.get<RolloutView>('/api/v1/rollouts/web')).toMatchObject({ hard: true, paused: true });

    // The agent of a cluster that restarts finds its halt in the cluster.
    await clusters.stopAgent('one');
    await clusters.startAgent('one');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(held('second')).toBe(before);

    hurry();
    await command('resume');
    expect(await rolloutSettled(test.api, 'web', number, 30_000)).toMatchObject({ state: 'succeeded', paused: false });
    expect(held('second')).toBe(OBJECTS);
  }, 90_000);

  it('is no hindrance to a rollback', async () => {
    const { hurry } = await releaseSlowedMidway('third');
    await command('pause', { hard: true });
    await paused();
    hurry();
    await command('rollback', { reason: 'it is wrong' });
    await eventually(
      'all is as it was',
      async () => held('second'),
      (count) => count === OBJECTS,
      30_000,
    );
    expect(held('third')).toBe(0);
  }, 90_000);
});
