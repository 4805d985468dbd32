import { LessThan } from 'typeorm';
import { canonicalJson, type JsonObject } from '#domain';
import type { AuditEntry, AuditStore } from '#ports';
import { oneNumber, pageAfter, pageLimit, toPage } from '../page-cursor.js';
import { AuditEntity } from './entities.js';
import type { Sql } from './sql.js';

const toEntry = (entity: AuditEntity): AuditEntry & { id: number } => ({
  id: Number(entity.id),
  at: entity.at,
  actor: entity.actor,
  act: entity.act,
  object: entity.object,
  ...(entity.reason === null ? {} : { reason: entity.reason }),
  ...(entity.detail === null ? {} : { detail: JSON.parse(entity.detail) as JsonObject }),
});

/** Append only: a trigger refuses everything else, whoever asks. */
export function auditStore(sql: Sql): AuditStore {
  return {
    async append({ at, actor, act, object, reason, detail }) {
      const entry = { at, actor, act, object, reason: reason ?? null };
      await sql.entities((manager) =>
        manager.insert(AuditEntity, { ...entry, detail: detail === undefined ? null : canonicalJson(detail) }),
      );
    },
    async list(page) {
      const limit = pageLimit(page);
      const after = pageAfter(page, oneNumber);
      const found = await sql.entities((manager) =>
        manager.find(AuditEntity, {
          where: after === null ? {} : { id: LessThan(String(after[0])) },
          order: { id: 'DESC' },
          take: limit + 1,
        }),
      );
      return toPage(found, limit, (entity) => [Number(entity.id)], toEntry);
    },
  };
}
