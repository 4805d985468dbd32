import { canonicalJson, type Trust } from '#domain';
import type { TrustStore } from '#ports';
import type { Sql } from './sql.js';

interface HolderRow {
  readonly uid: string;
  readonly name: string;
  readonly online: boolean;
  readonly seen_at: number | null;
  readonly agent_version: string | null;
  readonly held_trust: number;
}

/** One row, made by whoever locks it first, so that it can be locked before there is anything in it. */
export function trustStore(sql: Sql): TrustStore {
  const read = async (text: string): Promise<Trust | null> => {
    const { rows } = await sql.query<{ state: string | null }>(text);
    const state = rows[0]?.state ?? null;
    return state === null ? null : (JSON.parse(state) as Trust);
  };
  return {
    get: () => read('select state from trust'),
    async lock() {
      sql.requireTransaction('trust.lock');
      await sql.query('insert into trust default values on conflict do nothing');
      return await read('select state from trust for update');
    },
    async put(trust) {
      await sql.query(
        'insert into trust (state) values ($1) on conflict (only_one) do update set state = excluded.state',
        [canonicalJson(trust)],
      );
    },
    async setHeld(said) {
      if (said.length === 0) return;
      const last = new Map(said.map(({ uid, generation }) => [uid, generation]));
      await sql.query(
        `with said as (
           select * from unnest($1::text[], $2::bigint[]) as s(uid, generation)
         ), locked as (
           select c.uid from clusters c join said s on s.uid = c.uid
           where c.held_trust <> s.generation order by c.uid for no key update of c
         )
         update clusters c set held_trust = s.generation from said s join locked l on l.uid = s.uid where c.uid = s.uid`,
        [[...last.keys()], [...last.values()]],
      );
    },
    async holders() {
      const { rows } = await sql.query<HolderRow>(
        `select uid, name, online, seen_at, agent_version, held_trust from clusters
         where state not in ('registered', 'revoked') order by name, uid`,
      );
      return rows.map((row) => ({
        uid: row.uid,
        name: row.name,
        online: row.online,
        seenAt: row.seen_at,
        agentVersion: row.agent_version,
        held: row.held_trust,
      }));
    },
  };
}
