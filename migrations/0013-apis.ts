import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What clusters' API servers serve, as their agents tell it: what a release is held against before it is rolled out. */
export class Apis0013 implements MigrationInterface {
  readonly name = 'Apis0000000000013';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`alter table clusters add column apis text`);
    await runner.query(`
create table api_indexes (
  digest text primary key,
  body jsonb not null
)`);
    await runner.query(`
create table api_schemas (
  group_version text not null,
  hash text not null,
  gzipped bytea not null,
  primary key (group_version, hash)
)`);
    // They come gzipped.
    await runner.query(`alter table api_schemas alter column gzipped set storage external`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup to go back.'));
  }
}
