import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import type { AuditEntry } from '#domain';
import type { StoreSignal } from '#ports';
import { BugError, type FlotillaError } from '#kit';
import { toStoreError } from './database-error.js';
import { appendAudits } from './append-audits.js';
import { appendEvents, type EventRow } from './append-events.js';

export interface SqlResult<Row> {
  readonly rows: readonly Row[];
  /** Rows that the statement touched. */
  readonly count: number;
}

/** How every operation reaches the database, within a transaction or outside of one. Rejects with the errors of #kit only. */
export interface Sql {
  query<Row>(text: string, values?: readonly unknown[]): Promise<SqlResult<Row>>;
  /** For plain CRUD by entities. */
  entities<T>(work: (manager: EntityManager) => Promise<T>): Promise<T>;
  /** Runs in the present transaction, or in one of its own where there is none. */
  atomically<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** Told to everybody once the change is committed. */
  signal(signal: StoreSignal): void;
  /** Written among the transaction's last statements. */
  appendEvents(events: readonly EventRow[]): void;
  /** The same. */
  appendAudit(entry: AuditEntry): void;
  /** @throws BugError `no-transaction`: row locks end with their transaction, so the operation means nothing outside of one. */
  requireTransaction(operation: string): void;
}

export type Announce = (signals: ReadonlySet<StoreSignal>) => void;

/** Outside a transaction: each statement takes a connection of the pool and commits by itself. */
export class PoolSql implements Sql {
  constructor(
    private readonly dataSource: DataSource,
    private readonly announce: Announce,
  ) {}

  async query<Row>(text: string, values?: readonly unknown[]): Promise<SqlResult<Row>> {
    const runner = this.dataSource.createQueryRunner();
    try {
      return await translated(() => run<Row>(runner, text, values));
    } finally {
      await runner.release();
    }
  }

  entities<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return translated(() => work(this.dataSource.manager));
  }

  atomically<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return transact(this.dataSource, this.announce, work);
  }

  signal(signal: StoreSignal): void {
    this.announce(new Set([signal]));
  }

  appendEvents(): void {
    throw new BugError('no-transaction', 'Events are appended within a transaction.');
  }

  appendAudit(): void {
    throw new BugError('no-transaction', 'Audit entries are appended within a transaction.');
  }

  requireTransaction(operation: string): void {
    throw new BugError('no-transaction', `${operation} locks rows: call it within Store.transact.`);
  }
}

/** Within a transaction: one connection, statements one after the other in the order they were asked for. */
class TransactionSql implements Sql {
  readonly signals = new Set<StoreSignal>();
  readonly events: EventRow[] = [];
  readonly audits: AuditEntry[] = [];
  private last: Promise<unknown> = Promise.resolve();
  private failure: FlotillaError | undefined;

  constructor(private readonly runner: QueryRunner) {}

  query<Row>(text: string, values?: readonly unknown[]): Promise<SqlResult<Row>> {
    return this.next(() => run<Row>(this.runner, text, values));
  }

  entities<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.next(() => work(this.runner.manager));
  }

  atomically<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return work(this);
  }

  signal(signal: StoreSignal): void {
    this.signals.add(signal);
  }

  appendEvents(events: readonly EventRow[]): void {
    this.events.push(...events);
  }

  appendAudit(entry: AuditEntry): void {
    this.audits.push(entry);
  }

  requireTransaction(): void {
    // We are in one.
  }

  private async next<T>(work: () => Promise<T>): Promise<T> {
    // A connection takes one statement at a time; callers may well ask for two at once.
    const turn = this.last.then(() => translated(work));
    this.last = turn.catch((error: unknown) => {
      this.failure ??= toStoreError(error);
    });
    return await turn;
  }

  /** Waits for statements that the work started and did not await. */
  async settle(): Promise<void> {
    await this.last;
  }

  /** PostgreSQL answers COMMIT of a failed transaction with a quiet ROLLBACK: a work that swallowed the error must hear of it. */
  throwFailure(): void {
    if (this.failure !== undefined) throw this.failure;
  }
}

/** One transaction, read committed; signals are announced after the commit. What `work` throws comes out as it is. */
export async function transact<T>(
  dataSource: DataSource,
  announce: Announce,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  const runner = dataSource.createQueryRunner();
  const sql = new TransactionSql(runner);
  let result: T;
  try {
    await translated(() => runner.startTransaction());
    result = await work(sql);
    await sql.settle();
    await appendEvents(sql, sql.events);
    await appendAudits(sql, sql.audits);
    sql.throwFailure();
    await translated(() => runner.commitTransaction());
  } catch (error) {
    await sql.settle();
    await rollBack(runner);
    throw error;
  } finally {
    await runner.release();
  }
  if (sql.signals.size > 0) announce(sql.signals);
  return result;
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toStoreError(error);
  }
}

async function rollBack(runner: QueryRunner): Promise<void> {
  try {
    if (runner.isTransactionActive && !runner.isReleased) await runner.rollbackTransaction();
  } catch {
    // The connection is gone, and with it the transaction.
  }
}

async function run<Row>(runner: QueryRunner, text: string, values?: readonly unknown[]): Promise<SqlResult<Row>> {
  const result = await runner.query(text, values as unknown[] | undefined, true);
  return { rows: (result.records ?? []) as Row[], count: result.affected ?? 0 };
}
