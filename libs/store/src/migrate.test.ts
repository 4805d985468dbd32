import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/test-database.js';
import { migrate } from './migrate.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ empty: true });
});
afterAll(() => database.drop());

async function query(sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    const { rows } = await client.query(sql);
    return rows;
  } finally {
    await client.end();
  }
}

it('migrates an empty database once, though several hubs start together', async () => {
  const ran = await Promise.all([1, 2, 3].map(() => migrate({ url: database.url })));
  const names = ['Corridor0000000000001', 'Engine0000000000002'];
  expect(ran.flat()).toEqual(names);
  expect(await query('select name from migrations order by id')).toEqual(names.map((name) => ({ name })));
  expect(await migrate({ url: database.url })).toEqual([]);
});

it.each([
  ['audit', 'at'],
  ['rollout_events', 'at'],
  ['engine_steps', 'at'],
  ['engine_checkpoints', 'step'],
])('lets nobody change or remove what %s holds', async (table, column) => {
  await expect(query(`update ${table} set ${column} = 0`)).rejects.toThrow(`${table} is append only`);
  await expect(query(`delete from ${table}`)).rejects.toThrow(`${table} is append only`);
  await expect(query(`truncate ${table}`)).rejects.toThrow(`${table} is append only`);
});

it('says in one sentence that the database does not answer, without the password', async () => {
  const url = 'postgresql://flotilla:secret-word@127.0.0.1:1/flotilla';
  const failed = migrate({ url });
  await expect(failed).rejects.toMatchObject({ kind: 'retryable', code: 'database-unavailable' });
  await expect(failed).rejects.not.toThrow(/secret-word/);
});
