export { migrate } from './migrate.js';
export { openStore, type StoreLog, type StoreOptions } from './open-store.js';
