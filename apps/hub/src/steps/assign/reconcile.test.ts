import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { createLogger } from '#kit';
import type { Store } from '#ports';
import { Reconcile } from './reconcile.js';
import type { ReconcileWork } from './reconcile-work.js';

const PASS_MS = 40;

it('rests between passes for longer than they work, however many clusters come one after the other', async () => {
  const began: number[] = [];
  const list = async (): Promise<readonly object[]> => {
    began.push(performance.now());
    await sleep(PASS_MS);
    return [];
  };
  const store = { read: { resources: { list } } } as unknown as Store;
  const reconcile = new Reconcile(store, createLogger({ level: 'silent' }), {} as unknown as ReconcileWork);
  while (began.length < 3) {
    reconcile.fleetChanged();
    await sleep(1);
  }
  await reconcile.onApplicationShutdown();
  const [first = 0, second = 0, third = 0] = began;
  // A busy machine only ever lengthens them.
  expect(second - first).toBeGreaterThan(4 * PASS_MS);
  expect(third - second).toBeGreaterThan(4 * PASS_MS);
  reconcile.fleetChanged();
  await sleep(10);
  expect(began).toHaveLength(3);
});
