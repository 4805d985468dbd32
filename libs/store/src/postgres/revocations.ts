import type { Revocation, RevocationStore } from '#ports';
import type { Sql } from './sql.js';

/** Rows stay: a key that was revoked once is never let in again. */
export function revocationStore(sql: Sql): RevocationStore {
  return {
    async add({ publicKey, at }) {
      await sql.query('insert into revocations (public_key, at) values ($1, $2) on conflict (public_key) do nothing', [
        publicKey,
        at,
      ]);
      // As a dirty mark: something is to be told to the bus.
      sql.signal('dirty');
    },
    async has(publicKey) {
      const { rows } = await sql.query('select 1 from revocations where public_key = $1', [publicKey]);
      return rows.length > 0;
    },
    async among(publicKeys) {
      const { rows } = await sql.query<{ public_key: string }>(
        'select public_key from revocations where public_key = any($1::text[])',
        [publicKeys],
      );
      return new Set(rows.map(({ public_key: publicKey }) => publicKey));
    },
    async pending(limit) {
      const { rows } = await sql.query<{ public_key: string; at: number }>(
        'select public_key, at from revocations where pushed_at is null order by at, public_key limit $1',
        [limit],
      );
      return rows.map(({ public_key: publicKey, at }): Revocation => ({ publicKey, at }));
    },
    async since(at) {
      const { rows } = await sql.query<{ public_key: string; at: number }>(
        'select public_key, at from revocations where at >= $1 and pushed_at is not null order by at, public_key',
        [at],
      );
      return rows.map(({ public_key: publicKey, at: moment }): Revocation => ({ publicKey, at: moment }));
    },
    async pushed(publicKeys, now) {
      await sql.query(
        'update revocations set pushed_at = $2 where public_key = any($1::text[]) and pushed_at is null',
        [publicKeys, now],
      );
    },
  };
}
