import { beforeEach, describe, expect, it } from '@jest/globals';
import type { FleetDrift } from '#contract';
import { createFakeStore, type FakeStore } from '#store';
import { withAuthors } from './who-changed.js';

const drift = (kind: string, name: string): FleetDrift =>
  ({ kind, name, file: 'a.yaml', change: 'changed', declared: {}, now: null }) as unknown as FleetDrift;

describe('who changed by hand what files declare', () => {
  let store: FakeStore;
  const entry = (at: number, act: string, object: string, actor = 'token:ann', reason?: string) =>
    store.transact((unit) => unit.audit.append({ at, actor, act, object, ...(reason !== undefined && { reason }) }));
  const author = async (kind: string, name: string): Promise<string | undefined> => {
    const [found] = await withAuthors(store.read, [drift(kind, name)], 1000);
    return found?.by;
  };

  beforeEach(() => {
    store = createFakeStore();
  });

  it('is the last person to do so since the files were applied, with time and reason', async () => {
    await entry(500, 'apply', 'Strategy/web', 'token:early');
    await entry(1500, 'apply', 'Strategy/web', 'token:bob');
    await entry(2000, 'delete', 'Strategy/web', 'token:ann', 'not needed');
    await entry(2500, 'apply', 'Strategy/web', 'fleet:fleet');
    await entry(3000, 'apply', 'Strategy/web-2', 'token:other');
    expect(await withAuthors(store.read, [drift('Strategy', 'web')], 1000)).toMatchObject([
      { by: 'token:ann', at: '1970-01-01T00:00:02.000Z', reason: 'not needed' },
    ]);
  });

  it.each([
    ['Cluster', 'eu-1', 'cluster.label', 'Cluster/eu-1'],
    ['Hold', 'eu-1', 'cluster.unhold', 'Cluster/eu-1'],
    ['Freeze', 'fleet', 'fleet.unfreeze', 'Fleet'],
    ['Pause', 'web', 'rollout.resume', 'Rollout/web-12'],
  ])('is found for a %s by the act that changes one', async (kind, name, act, object) => {
    await entry(2000, act, object);
    expect(await author(kind, name)).toBe('token:ann');
  });

  it.each([
    ['Cluster', 'eu-1', 'cluster.hold', 'Cluster/eu-1'],
    ['Hold', 'eu-1', 'cluster.label', 'Cluster/eu-1'],
    ['Pause', 'web', 'rollout.pause', 'Rollout/web-shop-12'],
    ['Freeze', 'fleet', 'fleet.apply', 'Fleet/fleet'],
  ])('is nobody for a %s by another act, or one of another object', async (kind, name, act, object) => {
    await entry(2000, act, object);
    expect(await author(kind, name)).toBeUndefined();
  });
});
