import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What was kept of clusters' schemas was kept on an agent's word; they are asked for again, and known by what they are. */
export class VerifiedSchemas0014 implements MigrationInterface {
  readonly name = 'VerifiedSchemas0000000000014';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`delete from api_schemas`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup to go back.'));
  }
}
