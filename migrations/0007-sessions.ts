import type { MigrationInterface, QueryRunner } from 'typeorm';

/** People who are signed in, and the codes of a sign-in that are good once. Of each only the hash of its secret is kept. */
export class Sessions0007 implements MigrationInterface {
  readonly name = 'Sessions0000000000007';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
create table sessions (
  id text primary key,
  hash text not null unique,
  via text not null check (via in ('browser', 'cli')),
  actor text not null,
  owner text not null,
  parent text references sessions (id) on delete cascade,
  created_at bigint not null,
  expires_at bigint not null,
  used_at bigint not null
);
create index sessions_expires_at on sessions (expires_at);
create index sessions_actor on sessions (actor, created_at);
create index sessions_parent on sessions (parent) where parent is not null;

create table login_codes (
  hash text primary key,
  purpose text not null,
  code text not null,
  expires_at bigint not null
);
create index login_codes_expires_at on login_codes (expires_at);`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup to go back.'));
  }
}
