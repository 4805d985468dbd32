import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Clusters that leave the fleet, and keys that the bus must refuse. */
export class Leaving0009 implements MigrationInterface {
  readonly name = 'Leaving0000000000009';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
alter table clusters
  drop constraint clusters_state_check,
  add constraint clusters_state_check check (state in ('registered', 'joined', 'leaving', 'revoked')),
  add column leaving_since bigint,
  add column leaving_by text,
  add column leaving_told text`);
    await runner.query(`create index clusters_public_key on clusters (public_key) where public_key is not null`);
    // A registration that ended before this release told the bus at once; what it had to tell was told, or was lost then.
    await runner.query(`
create table revocations (
  public_key text primary key,
  at bigint not null,
  pushed_at bigint
);
create index revocations_pending on revocations (at, public_key) where pushed_at is null`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup to go back.'));
  }
}
