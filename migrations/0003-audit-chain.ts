import { createHash } from 'node:crypto';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const PAGE = 1000;

interface Row {
  readonly id: string;
  readonly at: string;
  readonly actor: string;
  readonly act: string;
  readonly object: string;
  readonly reason: string | null;
  readonly detail: string | null;
}

/** Every audit entry holds the hash of the one before it. Those that are there already are hung onto each other in their order. */
export class AuditChain0003 implements MigrationInterface {
  readonly name = 'AuditChain0000000000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table audit add column previous text, add column hash text');
    await runner.query('alter table audit disable trigger audit_append_only');
    await fill(runner);
    await runner.query('alter table audit enable trigger audit_append_only');
    await runner.query(
      'alter table audit alter column previous set not null, alter column hash set not null, add constraint audit_hash unique (hash)',
    );
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup to go back.'));
  }
}

async function fill(runner: QueryRunner): Promise<void> {
  let previous = '0'.repeat(64);
  for (let after = '0'; ;) {
    const rows = (await runner.query(
      'select id, at, actor, act, object, reason, detail from audit where id > $1 order by id limit $2',
      [after, PAGE],
    )) as readonly Row[];
    for (const row of rows) {
      const hash = hashOf(previous, row);
      await runner.query('update audit set previous = $2, hash = $3 where id = $1', [row.id, previous, hash]);
      previous = hash;
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = last.id;
  }
}

/** As the domain has it for ever: canonical JSON, its keys in order; a detail is canonical JSON already. */
function hashOf(previous: string, { at, actor, act, object, reason, detail }: Row): string {
  const members = [
    `"act":${JSON.stringify(act)}`,
    `"actor":${JSON.stringify(actor)}`,
    `"at":${at}`,
    ...(detail === null ? [] : [`"detail":${detail}`]),
    `"object":${JSON.stringify(object)}`,
    `"previous":"${previous}"`,
    ...(reason === null ? [] : [`"reason":${JSON.stringify(reason)}`]),
  ];
  return createHash('sha256')
    .update(`{${members.join(',')}}`)
    .digest('hex');
}
