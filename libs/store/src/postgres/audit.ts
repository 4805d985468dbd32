import { LessThan, MoreThan } from 'typeorm';
import type { ChainedEntry, JsonObject } from '#domain';
import type { AuditStore } from '#ports';
import { oneNumber, pageAfter, pageLimit, toPage } from '../page-cursor.js';
import { AuditEntity } from './entities.js';
import type { Sql } from './sql.js';

const toEntry = (entity: AuditEntity): ChainedEntry => ({
  id: Number(entity.id),
  at: entity.at,
  actor: entity.actor,
  act: entity.act,
  object: entity.object,
  ...(entity.reason === null ? {} : { reason: entity.reason }),
  ...(entity.detail === null ? {} : { detail: JSON.parse(entity.detail) as JsonObject }),
  previous: entity.previous,
  hash: entity.hash,
});

/** Append only: a trigger refuses everything else, whoever asks. */
export function auditStore(sql: Sql): AuditStore {
  return {
    async append(entry) {
      await sql.atomically(async (transaction) => transaction.appendAudit(entry));
    },
    async list(page, order = 'newest') {
      const limit = pageLimit(page);
      const after = pageAfter(page, oneNumber);
      const beyond = order === 'newest' ? LessThan : MoreThan;
      const found = await sql.entities((manager) =>
        manager.find(AuditEntity, {
          where: after === null ? {} : { id: beyond(String(after[0])) },
          order: { id: order === 'newest' ? 'DESC' : 'ASC' },
          take: limit + 1,
        }),
      );
      return toPage(found, limit, (entity) => [Number(entity.id)], toEntry);
    },
  };
}
