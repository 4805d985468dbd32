import type { ChainedEntry, JsonObject } from '#domain';
import type { AuditStore } from '#ports';
import { oneNumber, pageAfter, pageLimit, toPage } from '../page-cursor.js';
import { Parameters } from './selector-to-sql.js';
import type { Sql } from './sql.js';

interface AuditRow {
  readonly id: number;
  readonly at: number;
  readonly actor: string;
  readonly act: string;
  readonly object: string;
  readonly reason: string | null;
  /** Canonical JSON. */
  readonly detail: string | null;
  readonly previous: string;
  readonly hash: string;
}

const toEntry = ({ reason, detail, ...row }: AuditRow): ChainedEntry => ({
  ...row,
  ...(reason === null ? {} : { reason }),
  ...(detail === null ? {} : { detail: JSON.parse(detail) as JsonObject }),
});

/** Append only: a trigger refuses everything else, whoever asks. */
export function auditStore(sql: Sql): AuditStore {
  return {
    async append(entry) {
      await sql.atomically(async (transaction) => transaction.appendAudit(entry));
    },
    async list(query, order = 'newest') {
      const limit = pageLimit(query);
      const after = pageAfter(query, oneNumber);
      const parameters = new Parameters();
      const conditions = ['true'];
      for (const column of ['actor', 'act', 'object'] as const) {
        const beginning = query[column];
        if (beginning !== undefined) conditions.push(`starts_with(${column}, ${parameters.add(beginning)})`);
      }
      if (query.from !== undefined) conditions.push(`at >= ${parameters.add(query.from)}`);
      if (query.to !== undefined) conditions.push(`at < ${parameters.add(query.to)}`);
      if (after !== null) conditions.push(`id ${order === 'newest' ? '<' : '>'} ${parameters.add(after[0])}`);
      const { rows } = await sql.query<AuditRow>(
        `select id, at, actor, act, object, reason, detail, previous, hash from audit
         where ${conditions.join(' and ')} order by id ${order === 'newest' ? 'desc' : 'asc'} limit ${limit + 1}`,
        parameters.values,
      );
      return toPage(rows, limit, ({ id }) => [id], toEntry);
    },
  };
}
