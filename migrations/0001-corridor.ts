import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The corridor's tables. Times are milliseconds since the epoch (bigint), by the hub's clock. What the engine or a user wrote
 * is kept as canonical JSON text, not jsonb, so that equal state is equal bytes and a replay can be compared; the columns
 * beside a body are only what queries look at, and are derived from it by the statement that writes it. Names and uids compare
 * by code unit ("C"), as the programs sort them: whoever locks several rows must come in the same order.
 */
export class Corridor0001 implements MigrationInterface {
  // TypeORM orders by the thirteen digits at the end.
  readonly name = 'Corridor0000000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(resources);
    await runner.query(clusters);
    await runner.query(releases);
    await runner.query(rollouts);
    await runner.query(outbox);
    await runner.query(people);
    await runner.query(appendOnly);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup to go back.'));
  }
}

const resources = `
create table resources (
  kind text not null,
  name text collate "C" not null,
  spec text not null,
  generation integer not null default 1,
  status text not null default '{}',
  created_at bigint not null,
  updated_at bigint not null,
  primary key (kind, name)
);`;

// Heartbeats rewrite presence once a minute per cluster: room in the pages and no index on those columns keep that in place
// (heap-only updates).
const clusters = `
create table clusters (
  uid text collate "C" primary key,
  name text collate "C" not null,
  labels jsonb not null default '{}',
  facts jsonb not null default '{}',
  state text not null default 'registered' check (state in ('registered', 'joined', 'revoked')),
  public_key text,
  agent_version text,
  protocol integer,
  online boolean not null default false,
  seen_at bigint,
  held_sequence bigint not null default 0,
  created_at bigint not null,
  joined_at bigint,
  revoked_at bigint
) with (fillfactor = 70);
create unique index clusters_name on clusters (name) where state <> 'revoked';
create index clusters_name_order on clusters (name, uid);
create index clusters_labels on clusters using gin (labels jsonb_path_ops);

create table join_tokens (
  hash text primary key,
  uid text collate "C" not null references clusters (uid),
  expires_at bigint not null,
  spent_by text,
  spent_at bigint
);
create index join_tokens_uid on join_tokens (uid);`;

// Bundles come gzipped: compressing them again costs time and gains nothing.
const releases = `
create table releases (
  application text collate "C" not null,
  number integer not null,
  source text not null,
  revision text not null,
  author text not null,
  subject text not null,
  committed_at text not null,
  overlays text not null,
  spec_generation integer not null,
  created_at bigint not null,
  primary key (application, number)
);
create index releases_newest on releases (created_at desc, application desc, number desc);

create table bundles (
  digest text primary key,
  gzipped bytea not null,
  bytes bigint not null,
  objects integer not null,
  chunks integer
);
alter table bundles alter column gzipped set storage external;`;

// The partial indexes have the very order that loadRows asks for: a plan that sorts would read all of a wave for one row.
const rollouts = `
create table application_headers (
  application text collate "C" primary key,
  version bigint not null,
  wake_at bigint,
  rollout_number integer,
  header text not null
) with (fillfactor = 50);
create index application_headers_wake on application_headers (wake_at) where wake_at is not null;

create table targets (
  application text collate "C" not null,
  uid text collate "C" not null,
  rollout text not null,
  wave integer not null,
  position integer not null,
  state text not null,
  phase text,
  due_at bigint,
  requeued boolean not null default false,
  assigned boolean not null default false,
  release integer,
  body text not null,
  primary key (uid, application)
) with (fillfactor = 70);
create index targets_pending on targets (application, rollout, wave, requeued desc, position, uid) where state = 'pending';
create index targets_due on targets (application, rollout, due_at, uid) where due_at is not null;
create index targets_order on targets (application, wave, position);

create table archived_targets (
  application text collate "C" not null,
  number integer not null,
  uid text collate "C" not null,
  wave integer not null,
  position integer not null,
  state text not null,
  body text not null,
  primary key (application, number, uid)
);
create index archived_targets_order on archived_targets (application, number, wave, position, uid);

create table rollouts (
  application text collate "C" not null,
  number integer not null,
  started_at bigint not null,
  body text not null,
  primary key (application, number)
);
create index rollouts_newest on rollouts (started_at desc, application desc, number desc);

create table rollout_events (
  id bigint generated always as identity primary key,
  application text collate "C" not null,
  seq bigint not null,
  at bigint not null,
  rollout text,
  event text not null,
  message text not null,
  cluster text,
  actor text,
  reason text,
  unique (application, seq)
);
create index rollout_events_cluster on rollout_events (cluster, id) where cluster is not null;

create table reports (
  application text collate "C" not null,
  uid text collate "C" not null,
  boot bigint not null,
  seq bigint not null,
  at bigint not null,
  body text not null,
  primary key (uid, application)
) with (fillfactor = 70);
create index reports_application on reports (application, uid);`;

// Two tables, because a relay holds its claim while it talks to the bus, and nobody who marks a cluster dirty may wait for that:
// claims lock rows of manifests, marks touch rows of dirty_clusters. A manifest's row is made with its cluster: made with the first
// mark, it would let the mark wait for the relay after all.
const outbox = `
create table manifests (
  uid text collate "C" primary key references clusters (uid),
  sequence bigint not null default 0,
  bus_revision bigint not null default 0
) with (fillfactor = 70);

create table dirty_clusters (
  uid text collate "C" primary key,
  counter bigint not null,
  cleared bigint not null default 0
) with (fillfactor = 70);
create index dirty_clusters_pending on dirty_clusters (uid) where counter > cleared;`;

const people = `
create table tokens (
  id text primary key,
  hash text not null unique,
  name text not null,
  email text,
  role text not null check (role in ('viewer', 'operator', 'approver', 'admin')),
  created_at bigint not null,
  created_by text not null,
  expires_at bigint,
  last_used_at bigint,
  revoked_at bigint
);
create unique index tokens_name on tokens (name) where revoked_at is null;

create table audit (
  id bigint generated always as identity primary key,
  at bigint not null,
  actor text not null,
  act text not null,
  object text not null,
  reason text,
  detail text
);

create table settings (
  key text primary key,
  value text not null
);`;

const appendOnly = `
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append only', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;
create trigger audit_append_only before update or delete or truncate on audit
  for each statement execute function refuse_change();
create trigger rollout_events_append_only before update or delete or truncate on rollout_events
  for each statement execute function refuse_change();`;
