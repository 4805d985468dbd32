export { migrate } from './migrate.js';
export { openStore, type StoreLog, type StoreOptions } from './open-store.js';
export { startEmbeddedPostgres, type EmbeddedPostgres, type EmbeddedPostgresOptions } from './embedded-postgres.js';
export { createFakeStore, type FakeStore } from './fake-store.js';
