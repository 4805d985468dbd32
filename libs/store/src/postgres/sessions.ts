import { canonicalJson } from '#domain';
import {
  MAX_SESSIONS,
  type LoginCode,
  type LoginCodeStore,
  type SessionOwner,
  type SessionStore,
  type StoredSession,
} from '#ports';
import type { Sql } from './sql.js';

interface Row {
  readonly id: string;
  readonly via: StoredSession['via'];
  readonly actor: string;
  readonly owner: string;
  readonly parent: string | null;
  readonly created_at: number;
  readonly expires_at: number;
  readonly used_at: number;
}

/** How exact `usedAt` is: a write per request would cost more than it tells. */
const TOUCH_MS = 60_000;
const COLUMNS = 'id, via, actor, owner, parent, created_at, expires_at, used_at';

const toSession = (row: Row): StoredSession => ({
  id: row.id,
  via: row.via,
  actor: row.actor,
  owner: JSON.parse(row.owner) as SessionOwner,
  parent: row.parent,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  usedAt: row.used_at,
});

export function sessionStore(sql: Sql): SessionStore {
  return {
    async add({ id, hash, via, actor, owner, parent, createdAt, expiresAt }) {
      await sql.query('delete from sessions where expires_at <= $1', [createdAt]);
      await sql.query(
        `delete from sessions where id in (
           select id from sessions where actor = $1 order by created_at desc, id desc offset $2)`,
        [actor, MAX_SESSIONS - 1],
      );
      await sql.query(
        `insert into sessions (id, hash, via, actor, owner, parent, created_at, expires_at, used_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $7)`,
        [id, hash, via, actor, canonicalJson(owner), parent, createdAt, expiresAt],
      );
    },
    async byHash(hash) {
      const { rows } = await sql.query<Row>(`select ${COLUMNS} from sessions where hash = $1`, [hash]);
      return rows[0] === undefined ? null : toSession(rows[0]);
    },
    async byId(id) {
      const { rows } = await sql.query<Row>(`select ${COLUMNS} from sessions where id = $1`, [id]);
      return rows[0] === undefined ? null : toSession(rows[0]);
    },
    async list(now) {
      const { rows } = await sql.query<Row>(
        `select ${COLUMNS} from sessions where expires_at > $1 order by created_at desc, id desc limit 1000`,
        [now],
      );
      return rows.map(toSession);
    },
    async touch(id, now) {
      await sql.query('update sessions set used_at = $2 where id = $1 and used_at <= $3', [id, now, now - TOUCH_MS]);
    },
    async end(id) {
      const { rows } = await sql.query<Row>(`delete from sessions where id = $1 returning ${COLUMNS}`, [id]);
      return rows[0] === undefined ? null : toSession(rows[0]);
    },
  };
}

export function loginCodeStore(sql: Sql): LoginCodeStore {
  return {
    async add({ hash, code, expiresAt, now }) {
      await sql.query('delete from login_codes where expires_at <= $1', [now]);
      const { count } = await sql.query(
        `insert into login_codes (hash, purpose, code, expires_at) values ($1, $2, $3, $4) on conflict (hash) do nothing`,
        [hash, code.purpose, canonicalJson(code), expiresAt],
      );
      return count === 1;
    },
    async take<Purpose extends LoginCode['purpose']>(hash: string, purpose: Purpose, now: number) {
      const { rows } = await sql.query<{ code: string }>(
        'delete from login_codes where hash = $1 and purpose = $2 and expires_at > $3 returning code',
        [hash, purpose, now],
      );
      const [row] = rows;
      return row === undefined ? null : (JSON.parse(row.code) as Extract<LoginCode, { purpose: Purpose }>);
    },
  };
}
