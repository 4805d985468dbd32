import type { ApiIndex, ApiStore } from '#ports';
import type { Sql } from './sql.js';

/** Some dozens of indexes and some hundreds of documents of 2 to 40 KiB, however many clusters there are. */
export function apiStore(sql: Sql): ApiStore {
  return {
    async index(digest) {
      const { rows } = await sql.query<{ body: ApiIndex }>('select body from api_indexes where digest = $1', [digest]);
      return rows[0]?.body ?? null;
    },
    async putIndex(digest, index) {
      const values = [digest, JSON.stringify(index)];
      await sql.query('insert into api_indexes (digest, body) values ($1, $2) on conflict do nothing', values);
    },
    async document(groupVersion, hash) {
      const { rows } = await sql.query<{ gzipped: Uint8Array }>(
        'select gzipped from api_schemas where group_version = $1 and hash = $2',
        [groupVersion, hash],
      );
      return rows[0]?.gzipped ?? null;
    },
    async putDocument(groupVersion, hash, gzipped) {
      await sql.query(
        `insert into api_schemas (group_version, hash, gzipped) values ($1, $2, $3)
         on conflict (group_version, hash) do update set gzipped = excluded.gzipped`,
        [groupVersion, hash, Buffer.from(gzipped)],
      );
    },
    async sweep() {
      await sql.query(
        `delete from api_indexes i where not exists (select 1 from clusters c where c.apis = i.digest and c.state <> 'revoked')`,
        [],
      );
      const { count } = await sql.query(
        `delete from api_schemas s
         where not exists (select 1 from api_indexes i where i.body ->> s.group_version = s.hash)`,
        [],
      );
      return count;
    },
  };
}
