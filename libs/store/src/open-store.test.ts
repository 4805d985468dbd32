import { describeStoreContract } from '#ports/contract-suites/store-contract-suite';
import { afterAll, beforeAll } from '@jest/globals';
import type { Store } from '#ports';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/test-database.js';
import { openStore } from './open-store.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

describeStoreContract('PostgreSQL', async () => {
  await database.empty();
  const opened: Store[] = [];
  const open = async (): Promise<Store> => {
    const store = await openStore({ url: database.url, poolSize: 8 });
    opened.push(store);
    return store;
  };
  return {
    store: await open(),
    another: open,
    close: async () => void (await Promise.all(opened.map((store) => store.close()))),
  };
});
