import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '#kit';
import { systemClock, type Store, type Unit } from '#ports';
import { createFakeStore } from '#store';
import type { HubSettings } from '../parts.js';
import { writeDeclared } from './declared-objects.js';
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

describe('a fleet in Git', () => {
  it('is followed as soon as its source tells of a commit, without being asked for again and again', async () => {
    const store = createFakeStore();
    const followed: string[] = [];
    let tell: () => void = () => undefined;
    const pass = {
      read: async () => (await store.read.resources.get('Source', 'fleet'))?.status,
      run: async (unit: Unit, wanted: unknown) => {
        const revision = String((wanted as { readonly revision: string }).revision);
        const at = { source: 'fleet', path: '.', revision, at: 0, generation: 1, objects: [] };
        await writeDeclared(unit, at);
        followed.push(revision);
        return { plan: { changes: [] }, after: async () => tell() };
      },
    } as unknown as FleetPass;
    const keeper = new FleetKeeper(store, systemClock, {} as HubSettings, pass);
    Object.assign(keeper, { log: createLogger({ level: 'silent' }) });
    await keeper.onApplicationBootstrap();
    const next = async (revision: string): Promise<void> => {
      const told = new Promise<void>((resolve) => (tell = resolve));
      await store.read.resources.setStatus('Source', 'fleet', { revision });
      await told;
    };
    await store.read.resources.put('Source', 'fleet', { url: 'https://git.example/fleet.git' }, 0);
    await store.read.resources.put('Fleet', 'fleet', { source: 'fleet' }, 0);
    await next('a'.repeat(40));
    await next('b'.repeat(40));
    await store.read.resources.setStatus('Source', 'fleet', { revision: 'b'.repeat(40), subject: 'the same commit' });
    await keeper.onApplicationShutdown();
    await store.read.resources.setStatus('Source', 'fleet', { revision: 'c'.repeat(40) });
    await keeper.onApplicationShutdown();
    expect(followed).toEqual(['a'.repeat(40), 'b'.repeat(40)]);
  });
});
