import type { CredentialStore, StoredCredential } from '#ports';
import type { Sql } from './sql.js';

interface Row {
  readonly name: string;
  readonly kind: 'https' | 'ssh';
  readonly host: string;
  readonly username: string | null;
  readonly created_at: number;
  readonly created_by: string;
  readonly updated_at: number;
  readonly updated_by: string;
}

const COLUMNS = 'name, kind, host, username, created_at, created_by, updated_at, updated_by';

const toCredential = (row: Row): StoredCredential => ({
  name: row.name,
  kind: row.kind,
  host: row.host,
  username: row.username,
  createdAt: row.created_at,
  createdBy: row.created_by,
  updatedAt: row.updated_at,
  updatedBy: row.updated_by,
});

export function credentialStore(sql: Sql): CredentialStore {
  return {
    async put({ name, kind, host, username, sealed, at, by }) {
      const { rows } = await sql.query<{ isNew: boolean }>(
        `insert into credentials (name, kind, host, username, sealed, created_at, created_by, updated_at, updated_by)
         values ($1, $2, $3, $4, $5, $6, $7, $6, $7)
         on conflict (name) do update set kind = excluded.kind, host = excluded.host, username = excluded.username,
           sealed = excluded.sealed, updated_at = excluded.updated_at, updated_by = excluded.updated_by
         returning xmax = 0 as "isNew"`,
        [name, kind, host, username, Buffer.from(sealed), at, by],
      );
      return rows[0]?.isNew === true ? 'created' : 'changed';
    },
    async open(name) {
      const { rows } = await sql.query<Row & { sealed: Buffer }>(
        `select ${COLUMNS}, sealed from credentials where name = $1`,
        [name],
      );
      const [row] = rows;
      return row === undefined ? null : { ...toCredential(row), sealed: row.sealed };
    },
    async list() {
      const { rows } = await sql.query<Row>(`select ${COLUMNS} from credentials order by name`);
      return rows.map(toCredential);
    },
    async remove(name) {
      const { count } = await sql.query('delete from credentials where name = $1', [name]);
      return count > 0;
    },
  };
}
