import type { SettingStore } from '#ports';
import { SettingEntity } from './entities.js';
import type { Sql } from './sql.js';

export function settingStore(sql: Sql): SettingStore {
  return {
    async get(key) {
      const found = await sql.entities((manager) => manager.findOneBy(SettingEntity, { key }));
      return found?.value ?? null;
    },
    async of(keys) {
      const { rows } = await sql.query<{ key: string; value: string }>(
        'select key, value from settings where key = any($1::text[])',
        [keys],
      );
      return new Map(rows.map(({ key, value }) => [key, value]));
    },
    async set(key, value) {
      await sql.entities((manager) => manager.upsert(SettingEntity, { key, value }, ['key']));
    },
  };
}
