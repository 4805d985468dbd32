import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock, type Store } from '#ports';
import { createFakeStore } from '#store';
import type { HubSettings } from '../parts.js';
import { FleetKeeper } from './fleet-keeper.js';
import type { FleetPass } from './fleet-pass.js';

describe('a hub whose settings say where its fleet is declared', () => {
  let store: Store = createFakeStore();
  afterEach(() => {
    store = createFakeStore();
  });

  const begin = (fleet: HubSettings['fleet']): Promise<void> =>
    new FleetKeeper(
      store,
      systemClock,
      { ...(fleet && { fleet }) } as HubSettings,
      {} as FleetPass,
    ).onApplicationBootstrap();

  it('begins there where it knows no Fleet, and is left alone from then on', async () => {
    await begin({ url: 'https://git.example/fleet.git', ref: 'release', path: 'prod', credential: 'git' });
    await begin({ url: 'https://git.example/other.git', path: '.' });
    expect(await store.read.resources.list('Source')).toMatchObject([
      { name: 'fleet', spec: { url: 'https://git.example/fleet.git', ref: 'release', credential: 'git' } },
    ]);
    expect(await store.read.resources.list('Fleet')).toMatchObject([
      { name: 'fleet', generation: 1, spec: { source: 'fleet', path: 'prod', byHand: 'report', prune: true } },
    ]);
  });

  it('knows of no Fleet where they say nothing', async () => {
    await begin(undefined);
    expect(await store.read.resources.list('Fleet')).toEqual([]);
  });

  it('does not start where that is no repository, and names the setting', async () => {
    await expect(begin({ url: '', path: '.' })).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringMatching(/^FLOTILLA_FLEET_SOURCE.*url/),
    });
    expect(await store.read.resources.list('Fleet')).toEqual([]);
  });
});
