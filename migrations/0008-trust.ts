import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whom agents are to believe, in one row, and what each of them holds of it. */
export class Trust0008 implements MigrationInterface {
  readonly name = 'Trust0000000000008';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`create table trust (only_one boolean primary key default true check (only_one), state text)`);
    await runner.query(`alter table clusters add column held_trust bigint not null default 0`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup to go back.'));
  }
}
