import { describeStoreContract } from '#ports/contract-suites/store-contract-suite';
import { expect, it } from '@jest/globals';
import { createFakeStore } from './fake-store.js';

describeStoreContract('in memory', async () => {
  const store = createFakeStore();
  return { store, another: async () => store.another(), close: () => store.close() };
});

it('refuses everything while it is told to be unavailable', async () => {
  const store = createFakeStore();
  store.unavailable = true;
  await expect(store.ping()).rejects.toMatchObject({ kind: 'retryable', code: 'database-unavailable' });
  store.unavailable = false;
  await store.ping();
});
