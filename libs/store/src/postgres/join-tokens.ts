import type { ClusterStore } from '#ports';
import type { Sql } from './sql.js';

interface TokenRow {
  readonly uid: string;
  readonly expires_at: number;
  readonly spent_by: string | null;
}

type JoinTokens = Pick<ClusterStore, 'addJoinToken' | 'findJoinToken' | 'spendJoinToken'>;

/** An ended token keeps its row with `expires_at` 0, so that whoever comes with it is told "expired" and not "unknown". */
export function joinTokens(sql: Sql): JoinTokens {
  const find = async (hash: string): Promise<TokenRow | undefined> => {
    const { rows } = await sql.query<TokenRow>('select uid, expires_at, spent_by from join_tokens where hash = $1', [
      hash,
    ]);
    return rows[0];
  };

  return {
    async addJoinToken({ hash, uid, expiresAt }) {
      await sql.query(
        `with ended as (update join_tokens set expires_at = 0 where uid = $2)
         insert into join_tokens (hash, uid, expires_at) values ($1, $2, $3)`,
        [hash, uid, expiresAt],
      );
    },
    async findJoinToken(hash) {
      const row = await find(hash);
      return row === undefined ? null : { uid: row.uid, expiresAt: row.expires_at, spentBy: row.spent_by };
    },
    async spendJoinToken(hash, publicKey, now) {
      // The row's lock lets one of two racing keys through; the other one finds spent_by set. An agent whose answer was lost
      // repeats the call with its key, also after the token's hour.
      const { rows } = await sql.query<{ uid: string }>(
        `update join_tokens set spent_by = $2, spent_at = coalesce(spent_at, $3)
         where hash = $1 and ((spent_by is null and expires_at > $3) or (spent_by = $2 and expires_at > 0))
         returning uid`,
        [hash, publicKey, now],
      );
      if (rows[0] !== undefined) return { ok: true, uid: rows[0].uid };
      const row = await find(hash);
      if (row === undefined) return { ok: false, why: 'unknown' };
      return { ok: false, why: row.spent_by === null || row.spent_by === publicKey ? 'expired' : 'spent' };
    },
  };
}
