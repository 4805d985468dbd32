import { IsNull } from 'typeorm';
import { canonicalJson } from '#domain';
import type { StoredToken, TokenStore } from '#ports';
import { RejectedError } from '#kit';
import { TokenEntity } from './entities.js';
import type { Sql } from './sql.js';

/** How exact `lastUsedAt` is: a write per request would cost more than it tells. */
const TOUCH_MS = 60_000;

const toToken = (entity: TokenEntity): StoredToken => ({
  id: entity.id,
  name: entity.name,
  email: entity.email,
  role: entity.role,
  scope: entity.scope,
  createdAt: entity.createdAt,
  createdBy: entity.createdBy,
  expiresAt: entity.expiresAt,
  lastUsedAt: entity.lastUsedAt,
  revokedAt: entity.revokedAt,
});

export function tokenStore(sql: Sql): TokenStore {
  return {
    async add(token) {
      const added = await sql.query(
        `insert into tokens (id, hash, name, email, role, scope, created_at, created_by, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (name) where revoked_at is null do nothing`,
        [
          ...[token.id, token.hash, token.name, token.email, token.role, canonicalJson(token.scope)],
          ...[token.createdAt, token.createdBy, token.expiresAt],
        ],
      );
      if (added.count === 0) {
        throw new RejectedError(
          'name-taken',
          `name: a token named ${token.name} exists already; choose another name or revoke that one first.`,
          { status: 409 },
        );
      }
    },
    async byHash(hash) {
      const found = await sql.entities((manager) => manager.findOneBy(TokenEntity, { hash }));
      return found === null ? null : toToken(found);
    },
    async byId(id) {
      const found = await sql.entities((manager) => manager.findOneBy(TokenEntity, { id }));
      return found === null ? null : toToken(found);
    },
    async list() {
      const found = await sql.entities((manager) =>
        manager.find(TokenEntity, { order: { createdAt: 'ASC', id: 'ASC' } }),
      );
      return found.map(toToken);
    },
    async revoke(id, now) {
      const { affected } = await sql.entities((manager) =>
        manager.update(TokenEntity, { id, revokedAt: IsNull() }, { revokedAt: now }),
      );
      return affected === 1;
    },
    async touch(id, now) {
      await sql.query(
        'update tokens set last_used_at = $2 where id = $1 and (last_used_at is null or last_used_at <= $3)',
        [id, now, now - TOUCH_MS],
      );
    },
  };
}
