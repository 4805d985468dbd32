import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the whole rollout engine keeps besides the corridor: its own log, clusters' holds and time zones, answers to repeated commands. */
export class Engine0002 implements MigrationInterface {
  readonly name = 'Engine0000000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(holds);
    await runner.query(zones);
    await runner.query(log);
    await runner.query(answers);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup to go back.'));
  }
}

const holds = `
alter table clusters
  add column hold_reason text,
  add column hold_by text,
  add column hold_since bigint,
  add constraint clusters_hold check ((hold_reason is null) = (hold_by is null) and (hold_reason is null) = (hold_since is null));`;

// A wave without windows finds its next rows through the first index, one with windows through the second, zone by zone: each of
// them has the order that loadRows asks for, and a row is in one of them only.
const zones = `
alter table targets add column zone text;
drop index targets_pending;
create index targets_pending on targets (application, rollout, wave, requeued desc, position, uid)
  where state = 'pending' and zone is null;
create index targets_pending_zone on targets (application, rollout, wave, zone, requeued desc, position, uid)
  where state = 'pending' and zone is not null;`;

// The primary keys are all that is asked for; each further index would be paid for by every report. Checkpoints come gzipped.
const log = `
create table engine_steps (
  application text collate "C" not null,
  step bigint not null,
  engine integer not null,
  at bigint not null,
  rollout text collate "C",
  event text not null,
  inputs text not null,
  outcome bytea not null,
  primary key (application, step)
);
create trigger engine_steps_append_only before update or delete or truncate on engine_steps
  for each statement execute function refuse_change();

create table engine_checkpoints (
  application text collate "C" not null,
  step bigint not null,
  engine integer not null,
  rollout text collate "C",
  gzipped bytea not null,
  primary key (application, step)
);
alter table engine_checkpoints alter column gzipped set storage external;
create unique index engine_checkpoints_rollout on engine_checkpoints (rollout) where rollout is not null;
create trigger engine_checkpoints_append_only before update or delete or truncate on engine_checkpoints
  for each statement execute function refuse_change();`;

const answers = `
create table answers (
  actor text not null,
  key text not null,
  request text not null,
  status integer not null,
  body text not null,
  at bigint not null,
  primary key (actor, key)
);
create index answers_at on answers (at);`;
