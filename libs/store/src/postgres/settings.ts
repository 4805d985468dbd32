import type { SettingStore } from '#ports';
import { SettingEntity } from './entities.js';
import type { Sql } from './sql.js';

export function settingStore(sql: Sql): SettingStore {
  return {
    async get(key) {
      const found = await sql.entities((manager) => manager.findOneBy(SettingEntity, { key }));
      return found?.value ?? null;
    },
    async set(key, value) {
      await sql.entities((manager) => manager.upsert(SettingEntity, { key, value }, ['key']));
    },
  };
}
