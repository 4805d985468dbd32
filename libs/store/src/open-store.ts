import type { Store, StoreSignal } from '#ports';
import { messageOf } from '#kit';
import { createDataSource } from './postgres/data-source.js';
import { toStoreError } from './postgres/database-error.js';
import { openSignalLine } from './postgres/signal-line.js';
import { PoolSql, transact } from './postgres/sql.js';
import { createUnit } from './postgres/unit.js';
import { SignalHandlers } from './signal-handlers.js';

/** What the store needs of a log; #kit's Logger is one. */
export interface StoreLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface StoreOptions {
  /** `postgres://user:password@host:port/database`, or with `?host=/folder/of/the/socket`. */
  readonly url: string;
  /** Connections at most, one more for signals; 10 unless told. */
  readonly poolSize?: number;
  readonly log?: StoreLog;
}

const STATEMENT_TIMEOUT_MS = 30_000;
const silent: StoreLog = { debug: () => undefined, warn: () => undefined };

/**
 * Opens the store on a migrated database; see migrate().
 * @throws RetryableError `database-unavailable`.
 */
export async function openStore({ url, poolSize = 10, log = silent }: StoreOptions): Promise<Store> {
  const handlers = new SignalHandlers((error) =>
    log.warn({ reason: messageOf(error) }, 'a handler of store signals failed'),
  );
  let closing = false;
  const dataSource = createDataSource({
    url,
    poolSize,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    // A pool that ends leaves the server's goodbyes to be read by nobody.
    onPoolError: (error) => {
      if (!closing) log.warn({ reason: messageOf(error, 200) }, 'lost an idle connection to the database');
    },
  });
  const line = await open();

  async function open(): ReturnType<typeof openSignalLine> {
    try {
      await dataSource.initialize();
      return await openSignalLine(url, (signals) => handlers.tell(signals), log);
    } catch (error) {
      if (dataSource.isInitialized) await dataSource.destroy();
      throw toStoreError(error);
    }
  }

  const announce = (signals: ReadonlySet<StoreSignal>): void => {
    handlers.tell(signals);
    line.notify(signals);
  };
  const pool = new PoolSql(dataSource, announce);

  return {
    read: createUnit(pool),
    transact: (work) => transact(dataSource, announce, (sql) => work(createUnit(sql))),
    onSignal: (handle) => handlers.add(handle),
    ping: async () => void (await pool.query('select 1')),
    close: async () => {
      closing = true;
      await line.close();
      await dataSource.destroy();
    },
  };
}
