import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How far tokens reach, and what people who sign in may do. Tokens from before reach everywhere, as they did. */
export class Access0006 implements MigrationInterface {
  readonly name = 'Access0000000000006';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
alter table tokens add column scope text not null default '{"applications":null,"clusters":null}';

create table grants (
  name text collate "C" primary key,
  subject_kind text not null check (subject_kind in ('user', 'group')),
  subject text collate "C" not null,
  role text not null check (role in ('viewer', 'operator', 'approver', 'admin')),
  scope text not null,
  created_at bigint not null,
  created_by text not null,
  updated_at bigint not null,
  updated_by text not null
);
create index grants_subject on grants (subject_kind, subject);`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup to go back.'));
  }
}
