import { canonicalJson, type GrantSubject, type Role, type Scope } from '#domain';
import type { GrantStore, StoredGrant } from '#ports';
import type { Sql } from './sql.js';

interface Row {
  readonly name: string;
  readonly subject_kind: GrantSubject['kind'];
  readonly subject: string;
  readonly role: Role;
  readonly scope: string;
  readonly created_at: number;
  readonly created_by: string;
  readonly updated_at: number;
  readonly updated_by: string;
}

const toGrant = (row: Row): StoredGrant => ({
  name: row.name,
  subject: { kind: row.subject_kind, value: row.subject },
  role: row.role,
  scope: JSON.parse(row.scope) as Scope,
  createdAt: row.created_at,
  createdBy: row.created_by,
  updatedAt: row.updated_at,
  updatedBy: row.updated_by,
});

export function grantStore(sql: Sql): GrantStore {
  return {
    async put({ name, subject, role, scope, at, by }) {
      // A row that an update did not touch is not returned; one that was inserted bears no transaction that ended it.
      const { rows } = await sql.query<{ created: boolean }>(
        `insert into grants as g (name, subject_kind, subject, role, scope, created_at, created_by, updated_at, updated_by)
         values ($1, $2, $3, $4, $5, $6, $7, $6, $7)
         on conflict (name) do update set subject_kind = excluded.subject_kind, subject = excluded.subject,
           role = excluded.role, scope = excluded.scope, updated_at = excluded.updated_at, updated_by = excluded.updated_by
         where (g.subject_kind, g.subject, g.role, g.scope)
           is distinct from (excluded.subject_kind, excluded.subject, excluded.role, excluded.scope)
         returning xmax = 0 as created`,
        [name, subject.kind, subject.value, role, canonicalJson(scope), at, by],
      );
      const [row] = rows;
      if (row === undefined) return 'unchanged';
      return row.created ? 'created' : 'changed';
    },
    async get(name) {
      const { rows } = await sql.query<Row>('select * from grants where name = $1', [name]);
      return rows[0] === undefined ? null : toGrant(rows[0]);
    },
    async list() {
      const { rows } = await sql.query<Row>('select * from grants order by name');
      return rows.map(toGrant);
    },
    async of({ users, groups }) {
      const { rows } = await sql.query<Row>(
        `select * from grants
         where (subject_kind = 'user' and subject = any($1::text[])) or (subject_kind = 'group' and subject = any($2::text[]))
         order by name`,
        [users, groups],
      );
      return rows.map(toGrant);
    },
    async remove(name) {
      const { count } = await sql.query('delete from grants where name = $1', [name]);
      return count > 0;
    },
  };
}
