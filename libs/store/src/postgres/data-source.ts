import pg from 'pg';
import { DataSource, type MigrationInterface } from 'typeorm';
import { storeEntities } from './entities.js';

const INT8 = 20;

/** bigint columns hold milliseconds and counters, all far below 2^53: they come as numbers, for this pool only. */
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
    if (oid === INT8 && format !== 'binary') return Number;
    return pg.types.getTypeParser(oid, format) as (value: string) => unknown;
  },
};

export interface DataSourceOptions {
  readonly url: string;
  readonly poolSize: number;
  readonly onPoolError: (error: unknown) => void;
  readonly migrations?: readonly (new () => MigrationInterface)[];
  /** Bounds one statement; a migration may need longer. */
  readonly statementTimeoutMs: number;
}

export function createDataSource(options: DataSourceOptions): DataSource {
  return new DataSource({
    type: 'postgres',
    entities: [...storeEntities],
    migrations: [...(options.migrations ?? [])],
    migrationsTableName: 'migrations',
    synchronize: false,
    logging: false,
    installExtensions: false,
    poolSize: options.poolSize,
    poolErrorHandler: options.onPoolError,
    applicationName: 'flotilla',
    connectTimeoutMS: 5_000,
    extra: {
      // TypeORM's own reading of URLs knows no Unix sockets.
      connectionString: options.url,
      types,
      keepAlive: true,
      statement_timeout: options.statementTimeoutMs,
      // A hub that hangs must not hold an application's lock for ever.
      idle_in_transaction_session_timeout: 60_000,
    },
  });
}
