import { RejectedError } from '#kit';
import type { TakenOver } from '#ports';
import type { Sql } from './sql.js';

/** 5,000 of them about 0.3 s. */
export async function takeOver(
  sql: Sql,
  clusters: readonly TakenOver[],
  { protocol, now }: { readonly protocol: number; readonly now: number },
): Promise<void> {
  if (clusters.length === 0) return;
  const { rows } = await sql.query<{ name: string }>(
    `with added as (
       insert into clusters (uid, name, labels, public_key, created_at, joined_at, state, agent_version, protocol)
       select uid, name, labels::jsonb, public_key, $5::bigint, $5::bigint, 'joined', '', $6::int
       from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as told (uid, name, labels, public_key)
       on conflict (name) where state <> 'revoked' do nothing returning uid, name
     ), manifest as (
       insert into manifests (uid) select uid from added
     )
     select name from added`,
    [
      clusters.map(({ uid }) => uid),
      clusters.map(({ name }) => name),
      clusters.map(({ labels }) => JSON.stringify(labels)),
      clusters.map(({ publicKey }) => publicKey),
      now,
      protocol,
    ],
  );
  if (rows.length > 0) sql.signal('resource');
  const added = new Set(rows.map(({ name }) => name));
  const left = clusters.find(({ name }) => !added.has(name));
  if (left) throw nameTaken(left.name);
}

export function nameTaken(name: string): RejectedError {
  return new RejectedError(
    'name-taken',
    `name: a cluster named ${name} is registered already; choose another name or remove that one first.`,
    { status: 409 },
  );
}
