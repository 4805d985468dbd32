import { AUDIT_GENESIS, type AuditEntry, auditHash, canonicalJson } from '#domain';
import type { Sql } from './sql.js';

/** Any constant will do, as long as nothing else of ours uses it. */
const AUDIT_CHAIN_LOCK = 4_710_002;

/**
 * Hangs entries onto the end of the chain. One writer at a time, and nothing is locked after this lock: the transaction commits
 * next, so that people's acts wait for each other's commits and for nothing else.
 */
export async function appendAudits(sql: Sql, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await sql.query('select pg_advisory_xact_lock($1)', [AUDIT_CHAIN_LOCK]);
  // A statement of its own: one that began before the lock was held would not see what was written under it.
  const { rows } = await sql.query<{ hash: string }>('select hash from audit order by id desc limit 1');
  let hash = rows[0]?.hash ?? AUDIT_GENESIS;
  for (const entry of entries) {
    const previous = hash;
    hash = auditHash(previous, entry);
    const { at, actor, act, object, reason, detail } = entry;
    await sql.query(
      'insert into audit (at, actor, act, object, reason, detail, previous, hash) values ($1, $2, $3, $4, $5, $6, $7, $8)',
      [at, actor, act, object, reason ?? null, detail === undefined ? null : canonicalJson(detail), previous, hash],
    );
  }
}
