import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Store, StoreSignal } from '#ports';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/test-database.js';
import { openStore } from './open-store.js';

let database: TestDatabase;
let store: Store;
const warnings: string[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  const log = { debug: () => undefined, warn: (_fields: object, message: string) => void warnings.push(message) };
  store = await openStore({ url: database.url, poolSize: 3, log });
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

/** As a restart of the database would: every connection of the store's ends, whatever it was doing. */
async function endConnections(condition = 'true'): Promise<number> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    const { rowCount } = await client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid() and ${condition}`,
    );
    return rowCount ?? 0;
  } finally {
    await client.end();
  }
}

async function waitFor(condition: () => Promise<boolean> | boolean): Promise<void> {
  const since = performance.now();
  while (!(await condition())) {
    if (performance.now() - since > 15_000) throw new Error('It did not come to pass within 15 s.');
    await sleep(10);
  }
}

it('goes on with new connections when idle ones were lost', async () => {
  await Promise.all([store.ping(), store.ping(), store.ping()]);
  expect(await endConnections()).toBeGreaterThan(1);
  // The pool hears of it a moment later; until then a statement may meet a dead connection.
  await waitFor(() =>
    store.ping().then(
      () => true,
      (error: unknown) => {
        expect(error).toMatchObject({ kind: 'retryable', code: 'database-unavailable' });
        return false;
      },
    ),
  );
  expect(warnings).toContain('lost an idle connection to the database');
});

it('rejects a transaction whose connection is lost between two statements as worth another try', async () => {
  const work = store.transact(async (unit) => {
    await unit.settings.set('a', '1');
    await endConnections(`state = 'idle in transaction'`);
    await sleep(50);
    await unit.settings.set('b', '2');
  });
  await expect(work).rejects.toMatchObject({ kind: 'retryable', code: 'database-unavailable' });
  expect(await store.read.settings.get('a')).toBeNull();
});

it('rejects a transaction whose connection is lost before its commit', async () => {
  const work = store.transact(async (unit) => {
    await unit.settings.set('a', '1');
    await endConnections(`state = 'idle in transaction'`);
  });
  await expect(work).rejects.toMatchObject({ kind: 'retryable', code: 'database-unavailable' });
  expect(await store.read.settings.get('a')).toBeNull();
});

it('never commits a transaction one of whose statements failed, though its work caught the error', async () => {
  await store.read.clusters.register({ uid: 'u1', name: 'eu-1', labels: {}, now: 1 });
  const work = store.transact(async (unit) => {
    await unit.settings.set('a', '1');
    await unit.clusters.register({ uid: 'u1', name: 'eu-2', labels: {}, now: 1 }).catch(() => undefined);
  });
  await expect(work).rejects.toMatchObject({ kind: 'bug', code: 'database' });
  await expect(work).rejects.not.toThrow(/eu-2/);
  expect(await store.read.settings.get('a')).toBeNull();
});

it('tells a transaction that fell victim to a deadlock to try again', async () => {
  await store.transact(async (unit) => {
    await unit.rollouts.lock('a');
    await unit.rollouts.lock('b');
  });
  const lockBoth = (first: string, second: string): Promise<void> =>
    store.transact(async (unit) => {
      await unit.rollouts.lock(first);
      await sleep(100);
      await unit.rollouts.lock(second);
    });
  const results = await Promise.allSettled([lockBoth('a', 'b'), lockBoth('b', 'a')]);
  const rejected = results.filter((each) => each.status === 'rejected');
  expect(rejected).toHaveLength(1);
  expect(rejected[0]?.reason).toMatchObject({ kind: 'retryable', code: 'serialization' });
});

it('listens again after its connection for signals was lost, and has everybody look for what was missed', async () => {
  const other = await openStore({ url: database.url, poolSize: 1 });
  try {
    const told: StoreSignal[] = [];
    store.onSignal((signal) => told.push(signal));
    await endConnections(`application_name = 'flotilla signals'`);
    await waitFor(() => new Set(told).size === 4);
    // The other hub's line comes back as well, each in its own time.
    await sleep(300);
    told.length = 0;
    await waitFor(async () => {
      await other.read.outbox.mark(['u1']);
      await sleep(30);
      return told.includes('dirty');
    });
  } finally {
    await other.close();
  }
});

it('says in one sentence, without the password, that there is no database', async () => {
  for (const url of [
    'postgresql://flotilla:secret-word@127.0.0.1:1/flotilla',
    'postgresql://flotilla:secret-word@localhost/flotilla?host=/nowhere',
  ]) {
    const opened = openStore({ url });
    await expect(opened).rejects.toMatchObject({ kind: 'retryable', code: 'database-unavailable' });
    await expect(opened).rejects.not.toThrow(/secret-word/);
  }
});
