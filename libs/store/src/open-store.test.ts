import { describeStoreContract } from '#ports/contract-suites/store-contract-suite';
import type { Store } from '#ports';
import { createTestDatabase } from '../../../test/helpers/test-database.js';
import { openStore } from './open-store.js';

describeStoreContract('PostgreSQL', async () => {
  const database = await createTestDatabase();
  const opened: Store[] = [];
  const open = async (): Promise<Store> => {
    const store = await openStore({ url: database.url, poolSize: 8 });
    opened.push(store);
    return store;
  };
  return {
    store: await open(),
    another: open,
    close: async () => {
      await Promise.all(opened.map((store) => store.close()));
      await database.drop();
    },
  };
});
