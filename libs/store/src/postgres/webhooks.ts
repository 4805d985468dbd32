import type { StoredWebhook, WebhookStore } from '#ports';
import type { Sql } from './sql.js';

interface Row {
  readonly name: string;
  readonly provider: StoredWebhook['provider'];
  readonly created_at: number;
  readonly created_by: string;
  readonly changed_at: number;
  readonly heard_at: number | null;
}

const COLUMNS = 'name, provider, created_at, created_by, changed_at, heard_at';

const toWebhook = (row: Row): StoredWebhook => ({
  name: row.name,
  provider: row.provider,
  createdAt: row.created_at,
  createdBy: row.created_by,
  changedAt: row.changed_at,
  heardAt: row.heard_at,
});

const firstOf = (rows: readonly Row[]): StoredWebhook | null => {
  const [row] = rows;
  return row === undefined ? null : toWebhook(row);
};

export function webhookStore(sql: Sql): WebhookStore {
  return {
    async add({ name, provider, sealed, at, by }) {
      const { rows } = await sql.query<Row>(
        `insert into webhooks (name, provider, sealed, created_at, created_by, changed_at) values ($1, $2, $3, $4, $5, $4)
         on conflict (name) do nothing returning ${COLUMNS}`,
        [name, provider, Buffer.from(sealed), at, by],
      );
      return firstOf(rows);
    },
    async rotate(name, sealed, at) {
      const { rows } = await sql.query<Row>(
        `update webhooks set sealed = $2, changed_at = $3 where name = $1 returning ${COLUMNS}`,
        [name, Buffer.from(sealed), at],
      );
      return firstOf(rows);
    },
    async open(name) {
      const { rows } = await sql.query<Row & { sealed: Buffer }>(
        `select ${COLUMNS}, sealed from webhooks where name = $1`,
        [name],
      );
      const [row] = rows;
      return row === undefined ? null : { ...toWebhook(row), sealed: row.sealed };
    },
    async heard(name, at) {
      await sql.query('update webhooks set heard_at = $2 where name = $1', [name, at]);
    },
    async list() {
      const { rows } = await sql.query<Row>(`select ${COLUMNS} from webhooks order by name`);
      return rows.map(toWebhook);
    },
    async remove(name) {
      const { count } = await sql.query('delete from webhooks where name = $1', [name]);
      return count > 0;
    },
  };
}
