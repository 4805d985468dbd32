import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/test-database.js';
import { ChainVerifier } from '#domain';
import { migrate } from './migrate.js';
import { openStore } from './open-store.js';

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
  const names = [
    'Corridor0000000000001',
    'Engine0000000000002',
    'AuditChain0000000000003',
    'Credentials0000000000004',
    'Webhooks0000000000005',
    'Access0000000000006',
    'Sessions0000000000007',
    'Trust0000000000008',
    'Leaving0000000000009',
    'Page0000000000010',
    'Glance0000000000011',
    'ReleaseDetails0000000000012',
    'Apis0000000000013',
    'VerifiedSchemas0000000000014',
  ];
  expect(ran.flat()).toEqual(names);
  expect(await query('select name from migrations order by id')).toEqual(names.map((name) => ({ name })));
  expect(await migrate({ url: database.url })).toEqual([]);
});

it('hangs the entries of an older release onto each other as the domain verifies them', async () => {
  const older = await createTestDatabase({ empty: true });
  const client = new pg.Client({ connectionString: older.url });
  await client.connect();
  try {
    await migrate({ url: older.url });
    await client.query("delete from migrations where name like 'AuditChain%'");
    await client.query('alter table audit drop column previous, drop column hash');
    await client.query(
      `insert into audit (at, actor, act, object, reason, detail)
       select n, 'token:ada', 'apply', 'Source/s' || n, case n % 2 when 0 then E'because "so"\n\u00e4' end,
              case n % 3 when 0 then '{"after":{"n":' || n || '},"before":null}' end
       from generate_series(1, 1003) n`,
    );
    expect(await migrate({ url: older.url })).toEqual(['AuditChain0000000000003']);
    const store = await openStore({ url: older.url });
    try {
      await store.read.audit.append({ at: 2000, actor: 'system', act: 'apply', object: 'Source/new' });
      const verifier = new ChainVerifier();
      for (let after: string | undefined; ;) {
        const page = await store.read.audit.list({ limit: 1000, ...(after !== undefined && { after }) }, 'oldest');
        for (const entry of page.items) expect(verifier.take(entry)).toBeNull();
        if (page.next === undefined) break;
        after = page.next;
      }
      expect(verifier.count).toBe(1004);
    } finally {
      await store.close();
    }
    await expect(client.query('delete from audit')).rejects.toThrow('audit is append only');
  } finally {
    await client.end();
    await older.drop();
  }
});

it("gives a hub's own role what it works with, and nothing with which to change what is only added to", async () => {
  const shared = await createTestDatabase({ empty: true });
  const owner = new pg.Client({ connectionString: shared.url });
  await owner.connect();
  const role = `hub-${randomUUID()}`;
  try {
    await owner.query(`create role "${role}" login password 'of-the-hub'`);
    const hubUrl = new URL(shared.url);
    hubUrl.username = role;
    hubUrl.password = 'of-the-hub';
    await migrate({ url: shared.url, hubUrl: hubUrl.href });
    // A later start grants what newer tables need, too.
    expect(await migrate({ url: shared.url, hubUrl: hubUrl.href })).toEqual([]);
    const store = await openStore({ url: hubUrl.href });
    try {
      await store.transact(async (unit) => {
        await unit.settings.set('a', '1');
        await unit.audit.append({ at: 1, actor: 'system', act: 'apply', object: 'Source/shop' });
      });
      expect((await store.read.audit.list({})).items).toHaveLength(1);
    } finally {
      await store.close();
    }
    const hub = new pg.Client({ connectionString: hubUrl.href });
    await hub.connect();
    for (const statement of [
      "update audit set actor = 'nobody'",
      'delete from audit',
      'truncate audit',
      'alter table audit disable trigger all',
      'drop trigger audit_append_only on audit',
      'drop table audit',
      'set session_replication_role = replica',
      'delete from rollout_events',
      'delete from migrations',
    ]) {
      await expect(hub.query(statement)).rejects.toThrow(/permission denied|must be owner/);
    }
    await hub.end();
  } finally {
    await owner.query(`drop owned by "${role}"`).catch(() => undefined);
    await owner.query(`drop role if exists "${role}"`);
    await owner.end();
    await shared.drop();
  }
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
