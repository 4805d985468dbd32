import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Doors at which Git hosts tell of pushes; their secrets are sealed as credentials are. */
export class Webhooks0005 implements MigrationInterface {
  readonly name = 'Webhooks0000000000005';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
create table webhooks (
  name text collate "C" primary key,
  provider text not null,
  sealed bytea not null,
  created_at bigint not null,
  created_by text not null,
  changed_at bigint not null,
  heard_at bigint
)`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup to go back.'));
  }
}
