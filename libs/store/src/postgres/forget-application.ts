import { isRetired, retireRow, type TargetRow } from '#domain';
import { archiveRollout } from './archive-rollout.js';
import { saveCheckpoint } from './engine-log.js';
import { lockHeader } from './lock-header.js';
import { markDirty } from './mark-dirty.js';
import { saveTargets } from './save-targets.js';
import type { Sql } from './sql.js';

/** Once per deleted application; 10,000 targets about 0.5 s. What its present rollout came to is archived first; of its rows the generations stay. */
export async function forgetApplication(sql: Sql, application: string): Promise<void> {
  await sql.atomically(async (within) => {
    const header = await lockHeader(within, application);
    const { rollout } = header;
    const { rows } = await within.query<{ body: string }>('select body from targets where application = $1', [
      application,
    ]);
    const present = rows.map(({ body }) => JSON.parse(body) as TargetRow);
    if (rollout !== null) {
      await archiveRollout(within, application, { id: rollout.id, final: rollout });
      // What the engine did not decide: the log of the rollout ends here, with what there was.
      await saveCheckpoint(within, { header, rows: present }, null);
    }
    const retired = present.filter((row) => !isRetired(row)).map(retireRow);
    await saveTargets(within, application, retired);
    await within.query('delete from reports where application = $1', [application]);
    await within.query('delete from application_headers where application = $1', [application]);
    await markDirty(within, retired.map((row) => row.uid).sort());
    within.signal('wake');
  });
}
