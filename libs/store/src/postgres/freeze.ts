import { canonicalJson, type Freeze } from '#domain';
import type { FreezeStore } from '#ports';
import type { Sql } from './sql.js';

/** A setting of its own kind. */
const KEY = 'freeze';

export function freezeStore(sql: Sql): FreezeStore {
  return {
    async get() {
      const { rows } = await sql.query<{ value: string }>('select value from settings where key = $1', [KEY]);
      return rows[0] === undefined ? null : (JSON.parse(rows[0].value) as Freeze);
    },
    async set(freeze) {
      await sql.query(
        'insert into settings (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value',
        [KEY, canonicalJson(freeze)],
      );
    },
    async clear() {
      const { count } = await sql.query('delete from settings where key = $1', [KEY]);
      return count === 1;
    },
  };
}
