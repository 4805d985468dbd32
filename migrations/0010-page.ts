import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the page reads: how old agents' credentials are, and what people did of late. */
export class Page0010 implements MigrationInterface {
  readonly name = 'Page0000000000010';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
alter table clusters
  add column credential_issued_at bigint,
  add column credential_expires_at bigint`);
    // Of ten million events some thousands are people's: a page of them must not read through the others.
    await runner.query(`create index rollout_events_people on rollout_events (id) where actor is not null`);
    // Rows lie in the order of their times: an index of ranges is small, and hardly costs a write.
    await runner.query(`create index rollout_events_at on rollout_events using brin (at)`);
    // People's acts are few and kept for ever: without these, a name that is rare there is looked for in all of them (20 ms at 300,000).
    await runner.query(`create index audit_actor on audit (actor text_pattern_ops, id)`);
    await runner.query(`create index audit_object on audit (object text_pattern_ops, id)`);
    await runner.query(`create index audit_at on audit using brin (at)`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup to go back.'));
  }
}
