import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ClusterView, FleetView, RolloutView, SyncAnswer, TargetView } from '#contract';
import { BIG_FLEET_ENV, growBigFleet, type BigFleet } from './big-fleet.js';
import { startTestHub, type TestHub } from './test-hub.js';

const CLUSTERS = Number(process.env['BIG_FLEET'] ?? 1_200);
const SHOP = CLUSTERS / 10;

describe('a fleet put into the database of a hub that runs', () => {
  let hub: TestHub;
  let fleet: BigFleet;

  beforeAll(async () => {
    hub = await startTestHub(BIG_FLEET_ENV);
    const began = performance.now();
    fleet = await growBigFleet(hub.databaseUrl, { clusters: CLUSTERS, rollout: SHOP, everywhere: 2 });
    if (process.env['BIG_FLEET']) process.stderr.write(`grown in ${Math.round(performance.now() - began)} ms\n`);
  }, 120_000);

  afterAll(async () => {
    await hub?.stop();
    await fleet?.close();
  }, 30_000);

  const list = async <T>(route: string): Promise<T[]> => (await hub.api.get<{ items: T[] }>(route)).items;

  it('has as many clusters in each state as it says', async () => {
    const { clusters } = await hub.api.get<FleetView>('/api/v1/fleet');
    const { offline, waiting, leaving } = fleet.states;
    expect(clusters).toMatchObject({ total: CLUSTERS, offline, waiting, leaving });
    const total = Object.values(fleet.states).reduce((sum, count) => sum + count, 0);
    expect(total).toBe(CLUSTERS);
    expect(Object.entries(fleet.states).filter(([, count]) => count === 0)).toEqual([]);
  });

  it('is in the midst of a rollout, after others that ended', async () => {
    const rollouts = await list<RolloutView>('/api/v1/rollouts');
    expect(rollouts.map(({ id, state }) => [id, state])).toEqual([
      ['shop-3', 'running'],
      ['platform-2', expect.stringMatching(/^succeeded/)],
      ['shop-2', 'succeeded'],
      ['telemetry-1', 'succeeded'],
      ['shop-1', 'succeeded'],
      ['platform-1', 'succeeded'],
    ]);
    const [shop] = rollouts;
    expect(shop?.waves.map(({ name, phase }) => [name, phase])).toEqual([
      ['canary', 'done'],
      ['early', 'done'],
      ['rest', 'progressing'],
    ]);
    const targets = await list<TargetView>('/api/v1/rollouts/shop-3/targets?limit=1000');
    const states = new Set(targets.map(({ state }) => state));
    expect([...states].sort()).toEqual(['assigned', 'deferred', 'failed', 'passed', 'pending', 'progressing']);
    expect(targets).toHaveLength(SHOP);
  });

  it('stays as it is when the hub looks at its sources', async () => {
    const { releases, errors } = await hub.api.post<SyncAnswer>('/api/v1/sources/fleet/sync');
    expect(errors).toEqual([]);
    expect(Object.fromEntries(releases.map(({ application, release }) => [application, release]))).toEqual({
      shop: 3,
      platform: 2,
      telemetry: 1,
    });
    expect(await list<RolloutView>('/api/v1/rollouts')).toHaveLength(6);
    for (const { status } of await list<{ status: object }>('/api/v1/applications')) {
      expect(status).toMatchObject({ holds: [] });
    }
  });

  it('goes on as any fleet does', async () => {
    const { message } = await hub.api.post<{ message: string }>('/api/v1/rollouts/shop-3/pause?dryRun=true', {
      reason: 'to look',
    });
    expect(message).not.toBe('');
    const [cluster] = await list<ClusterView>('/api/v1/clusters?limit=1');
    expect(await hub.api.get(`/api/v1/clusters/${cluster?.name}`)).toMatchObject({ name: cluster?.name });
    expect(await hub.api.get(`/api/v1/why/clusters/${cluster?.name}`)).toHaveProperty('sentence');
  });
});
