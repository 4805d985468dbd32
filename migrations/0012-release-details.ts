import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a release was made of beside its overlays: each source's revision, version and signature, warnings, and what was read. */
export class ReleaseDetails0012 implements MigrationInterface {
  readonly name = 'ReleaseDetails0000000000012';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`alter table releases add column details jsonb not null default '{}'`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup to go back.'));
  }
}
