import { canonicalJson, type JsonObject } from '#domain';
import type { ResourceKind, ResourceStore, StoredResource } from '#ports';
import type { Sql } from './sql.js';

interface ResourceRow {
  readonly kind: ResourceKind;
  readonly name: string;
  readonly spec: string;
  readonly generation: number;
  readonly status: string;
  readonly created_at: number;
  readonly updated_at: number;
}

const toResource = (row: ResourceRow): StoredResource => ({
  kind: row.kind,
  name: row.name,
  spec: JSON.parse(row.spec) as JsonObject,
  generation: row.generation,
  status: JSON.parse(row.status) as JsonObject,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

/** Some dozens to a few thousand rows, each operation one statement of well under a millisecond. */
export function resourceStore(sql: Sql): ResourceStore {
  return {
    async get(kind, name) {
      const found = await sql.query<ResourceRow>('select * from resources where kind = $1 and name = $2', [kind, name]);
      return found.rows[0] === undefined ? null : toResource(found.rows[0]);
    },
    async list(kind) {
      const found = await sql.query<ResourceRow>('select * from resources where kind = $1 order by name', [kind]);
      return found.rows.map(toResource);
    },
    async put(kind, name, spec, now) {
      const { rows } = await sql.query<{ generation: number }>(
        `insert into resources (kind, name, spec, created_at, updated_at) values ($1, $2, $3, $4, $4)
         on conflict (kind, name) do update
           set spec = excluded.spec, generation = resources.generation + 1, updated_at = excluded.updated_at
           where resources.spec is distinct from excluded.spec
         returning generation`,
        [kind, name, canonicalJson(spec), now],
      );
      if (rows[0] === undefined) return 'unchanged';
      sql.signal('resource');
      return rows[0].generation === 1 ? 'created' : 'configured';
    },
    async setStatus(kind, name, status) {
      const { count } = await sql.query(
        'update resources set status = $3 where kind = $1 and name = $2 and status is distinct from $3',
        [kind, name, canonicalJson(status)],
      );
      if (count > 0) sql.signal('resource');
    },
    async setStatuses(kind, statuses) {
      if (statuses.size === 0) return;
      const { count } = await sql.query(
        `update resources set status = told.status
         from unnest($2::text[], $3::text[]) as told (name, status)
         where kind = $1 and resources.name = told.name and resources.status is distinct from told.status`,
        [kind, [...statuses.keys()], [...statuses.values()].map((status) => canonicalJson(status))],
      );
      if (count > 0) sql.signal('resource');
    },
    async delete(kind, name) {
      const { count } = await sql.query('delete from resources where kind = $1 and name = $2', [kind, name]);
      if (count > 0) sql.signal('resource');
      return count > 0;
    },
  };
}
