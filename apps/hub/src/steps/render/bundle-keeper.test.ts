import { beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFakeBus, type FakeBus } from '#bus';
import { createLogger } from '#kit';
import { ManualClock, type HubBus, type Store } from '#ports';
import { createFakeStore } from '#store';
import { BundleKeeper } from './bundle-keeper.js';
import { BundleShelf } from './bundle-shelf.js';

const OLD = '1'.repeat(64);
const NEW = '2'.repeat(64);
const DAY_MS = 24 * 3_600_000;

describe('the keeper of bundles', () => {
  let store: Store;
  let broker: FakeBus;
  let bus: HubBus;
  let clock: ManualClock;
  let shelf: BundleShelf;
  let keeper: BundleKeeper;

  beforeEach(async () => {
    store = createFakeStore();
    broker = makeFakeBus();
    bus = broker.hub();
    clock = new ManualClock();
    shelf = new BundleShelf(store, bus);
    keeper = keeperOf();
    for (const digest of [OLD, NEW]) {
      await shelf.put(digest, { gzipped: new Uint8Array(200_000).fill(7), bytes: 1, objects: 1 });
      await store.read.releases.add({
        application: 'web',
        source: 'shop',
        revision: digest.slice(0, 40),
        author: 'Ada <ada@example.com>',
        subject: 'Change it',
        committedAt: '2026-11-20T10:00:00Z',
        overlays: { '.': { digest, objects: 1, bytes: 1, tool: 'yaml' } },
        specGeneration: 1,
        createdAt: clock.now(),
      });
    }
  });

  function keeperOf(): BundleKeeper {
    const made = new BundleKeeper(store, bus, clock, shelf);
    Object.assign(made, { log: createLogger({ level: 'silent' }) });
    return made;
  }

  it('leaves what is young, or the newest, alone', async () => {
    expect(await keeper.keep()).toEqual({ restored: 0, dropped: 0 });
    clock.advance(DAY_MS);
    expect(await keeper.keep()).toEqual({ restored: 0, dropped: 0 });
    expect(await bus.hasBundle(OLD)).toBe(true);
  });

  it('drops what no agent may fetch any more, at the second look, and not before half an hour', async () => {
    clock.advance(DAY_MS + 1);
    expect(await keeper.keep()).toEqual({ restored: 0, dropped: 0 });
    clock.advance(29 * 60_000);
    expect(await keeper.keep()).toEqual({ restored: 0, dropped: 0 });
    clock.advance(60_000);
    expect(await keeper.keep()).toEqual({ restored: 0, dropped: 1 });
    expect([await bus.hasBundle(OLD), await bus.hasBundle(NEW)]).toEqual([false, true]);
    expect(await store.read.releases.bundleChunks(OLD)).toBeNull();
  });

  it('puts a dropped one there again when somebody needs it', async () => {
    clock.advance(DAY_MS + 1);
    await keeper.keep();
    clock.advance(DAY_MS);
    await keeper.keep();
    expect(await bus.hasBundle(OLD)).toBe(false);
    expect(await shelf.publish(OLD)).toBe(2);
    expect(await bus.hasBundle(OLD)).toBe(true);
  });

  it('spares one that somebody has asked for between the two looks', async () => {
    clock.advance(DAY_MS + 1);
    await keeper.keep();
    await shelf.publish(OLD);
    clock.advance(DAY_MS);
    expect(await keeper.keep()).toEqual({ restored: 0, dropped: 0 });
    expect(await bus.hasBundle(OLD)).toBe(true);
  });

  it('puts there again what the bus has lost, and is told of chunks by what is really there', async () => {
    await bus.deleteBundle(NEW);
    expect(await keeper.keep()).toEqual({ restored: 1, dropped: 0 });
    expect(await bus.hasBundle(NEW)).toBe(true);
    expect(await store.read.releases.bundleChunks(NEW)).toBe(2);
  });

  it('looks again soon after a look that failed: a bus that has just come back may not have its streams yet', async () => {
    await bus.deleteBundle(NEW);
    broker.stop();
    keeper.look();
    await sleep(100);
    broker.start();
    const isThere = (): Promise<boolean> => bus.hasBundle(NEW).catch(() => false);
    for (let tries = 0; tries < 200 && !(await isThere()); tries += 1) await sleep(50);
    expect(await isThere()).toBe(true);
    await keeper.onApplicationShutdown();
  }, 30_000);

  it('only forgets what the bus has lost and nobody needs', async () => {
    clock.advance(DAY_MS + 1);
    await bus.deleteBundle(OLD);
    expect(await keeper.keep()).toEqual({ restored: 0, dropped: 0 });
    expect(await store.read.releases.bundleChunks(OLD)).toBeNull();
  });

  it('drops what the database does not know, as after a restore of its backup, as late as anything else', async () => {
    const stray = '3'.repeat(64);
    await bus.putBundle(stray, new Uint8Array([1]));
    expect(await keeper.keep()).toEqual({ restored: 0, dropped: 0 });
    clock.advance(30 * 60_000);
    expect(await keeper.keep()).toEqual({ restored: 0, dropped: 1 });
    expect(await bus.hasBundle(stray)).toBe(false);
  });

  it('begins to count anew after a restart: no bundle goes at the first look', async () => {
    clock.advance(DAY_MS + 1);
    await keeper.keep();
    clock.advance(DAY_MS);
    expect(await keeperOf().keep()).toEqual({ restored: 0, dropped: 0 });
    expect(await bus.hasBundle(OLD)).toBe(true);
  });
});
