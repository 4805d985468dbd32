import type { DataSource } from 'typeorm';
import { RejectedError } from '#kit';
import { migrations } from '../../../migrations/index.js';
import { createDataSource } from './postgres/data-source.js';
import { toStoreError } from './postgres/database-error.js';

/** Any constant will do, as long as nothing else of ours uses it. */
const MIGRATION_LOCK = 4_710_000;
/** For `on conflict … where` with generated identities and everything else that the statements use; what is tested is 18. */
const MINIMUM_VERSION = 14;

/**
 * Brings the database to this release's schema, forward only; returns the names of the migrations that ran. Several hubs may
 * start at once: one migrates, the others wait.
 * @throws RetryableError `database-unavailable`; RejectedError `database-too-old`.
 */
export async function migrate({ url }: { readonly url: string }): Promise<readonly string[]> {
  const dataSource = createDataSource({
    url,
    // One for the lock, one for the migration.
    poolSize: 2,
    migrations,
    statementTimeoutMs: 0,
    onPoolError: () => undefined,
  });
  try {
    await dataSource.initialize();
    await requireVersion(dataSource);
    return await underLock(dataSource, async () => {
      const ran = await dataSource.runMigrations({ transaction: 'each' });
      return ran.map((migration) => migration.name);
    });
  } catch (error) {
    throw toStoreError(error);
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
  }
}

async function requireVersion(dataSource: DataSource): Promise<void> {
  const rows: unknown = await dataSource.query(`select current_setting('server_version') as version`);
  const version = (rows as { version: string }[])[0]?.version ?? '';
  if (Number.parseInt(version, 10) < MINIMUM_VERSION) {
    throw new RejectedError(
      'database-too-old',
      `DATABASE_URL names PostgreSQL ${version}: Flotilla needs ${MINIMUM_VERSION} or newer.`,
    );
  }
}

/** TypeORM's migrations take no lock of their own: two hubs starting together would both run them. */
async function underLock<T>(dataSource: DataSource, work: () => Promise<T>): Promise<T> {
  const holder = dataSource.createQueryRunner();
  try {
    await holder.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    return await work();
  } finally {
    if (!holder.isReleased)
      await holder.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
    await holder.release();
  }
}
