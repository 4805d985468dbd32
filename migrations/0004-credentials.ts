import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What lets the hub in at Git hosts, sealed with a key that is not in the database. */
export class Credentials0004 implements MigrationInterface {
  readonly name = 'Credentials0000000000004';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
create table credentials (
  name text collate "C" primary key,
  kind text not null check (kind in ('https', 'ssh')),
  host text not null,
  username text,
  sealed bytea not null,
  created_at bigint not null,
  created_by text not null,
  updated_at bigint not null,
  updated_by text not null
)`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup to go back.'));
  }
}
