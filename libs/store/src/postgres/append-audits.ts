import { AUDIT_GENESIS, type AuditEntry, auditHash, canonicalJson } from '#domain';
import type { Sql } from './sql.js';

/** Any constant will do, as long as nothing else of ours uses it. */
const AUDIT_CHAIN_LOCK = 4_710_002;
const AT_ONCE = 1_000;

/**
 * Hangs entries onto the end of the chain. One writer at a time, and nothing is locked after this lock: the transaction commits
 * next, so that people's acts wait for each other's commits and for nothing else.
 */
export async function appendAudits(sql: Sql, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await sql.query('select pg_advisory_xact_lock($1)', [AUDIT_CHAIN_LOCK]);
  // A statement of its own: one that began before the lock was held would not see what was written under it.
  const { rows } = await sql.query<{ hash: string }>('select hash from audit order by id desc limit 1');
  let previous = rows[0]?.hash ?? AUDIT_GENESIS;
  for (let at = 0; at < entries.length; at += AT_ONCE) {
    const links = entries.slice(at, at + AT_ONCE).map((entry) => {
      const link = { entry, previous, hash: auditHash(previous, entry) };
      previous = link.hash;
      return link;
    });
    await insert(sql, links);
  }
}

/** A commit of a large fleet has an entry for each cluster; 1,000 of them about 50 ms. */
async function insert(
  sql: Sql,
  links: readonly { readonly entry: AuditEntry; readonly previous: string; readonly hash: string }[],
): Promise<void> {
  const of = <T>(value: (entry: AuditEntry) => T): T[] => links.map(({ entry }) => value(entry));
  // Ids are given in the order of the rows that come out of the select.
  await sql.query(
    `insert into audit (at, actor, act, object, reason, detail, previous, hash)
     select at, actor, act, object, reason, detail, previous, hash
     from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
       with ordinality as told (at, actor, act, object, reason, detail, previous, hash, place)
     order by place`,
    [
      of(({ at }) => at),
      of(({ actor }) => actor),
      of(({ act }) => act),
      of(({ object }) => object),
      of(({ reason }) => reason ?? null),
      of(({ detail }) => (detail === undefined ? null : canonicalJson(detail))),
      links.map(({ previous }) => previous),
      links.map(({ hash }) => hash),
    ],
  );
}
