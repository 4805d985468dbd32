import type { DataSource } from 'typeorm';
import { RejectedError } from '#kit';
import { migrations } from '../../../migrations/index.js';
import { createDataSource } from './postgres/data-source.js';
import { toStoreError } from './postgres/database-error.js';

/** Any constant will do, as long as nothing else of ours uses it. */
const MIGRATION_LOCK = 4_710_000;
/** For `on conflict … where` with generated identities and everything else that the statements use; what is tested is 18. */
const MINIMUM_VERSION = 14;

export interface MigrateOptions {
  /** Of a role that may change the schema. */
  readonly url: string;
  /** The same database as the role that the hub works as; absent: as the same. */
  readonly hubUrl?: string;
}

/**
 * Brings the database to this release's schema, forward only; returns the names of the migrations that ran. Several hubs may
 * start at once: one migrates, the others wait. A hub's role of its own gets what it needs and no more: it can't change what is
 * only ever added to.
 * @throws RetryableError `database-unavailable`; RejectedError `database-too-old`.
 */
export async function migrate({ url, hubUrl }: MigrateOptions): Promise<readonly string[]> {
  const hubRole = hubUrl === undefined ? null : await roleOf(hubUrl);
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
      if (hubRole !== null) await letWork(dataSource, hubRole);
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

/** Only ever added to, or not the hub's to write at all. */
const APPEND_ONLY = 'audit, rollout_events, engine_steps, engine_checkpoints';

async function letWork(dataSource: DataSource, hubRole: string): Promise<void> {
  const rows: unknown = await dataSource.query('select current_user as role, current_schema() as schema');
  const [{ role, schema } = { role: '', schema: '' }] = rows as { role: string; schema: string }[];
  if (role === hubRole) return;
  const [hub, where] = [quoted(hubRole), quoted(schema)];
  for (const statement of [
    `grant usage on schema ${where} to ${hub}`,
    `grant select, insert, update, delete on all tables in schema ${where} to ${hub}`,
    `grant usage, select on all sequences in schema ${where} to ${hub}`,
    `revoke update, delete, truncate on ${APPEND_ONLY} from ${hub}`,
    `revoke insert, update, delete, truncate on migrations from ${hub}`,
  ]) {
    await dataSource.query(statement);
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** As which role a URL lets in. */
async function roleOf(url: string): Promise<string> {
  const dataSource = createDataSource({ url, poolSize: 1, statementTimeoutMs: 10_000, onPoolError: () => undefined });
  try {
    await dataSource.initialize();
    const rows: unknown = await dataSource.query('select current_user as role');
    return (rows as { role: string }[])[0]?.role ?? '';
  } catch (error) {
    throw toStoreError(error);
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
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
