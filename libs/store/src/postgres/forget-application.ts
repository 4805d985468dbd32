import { archiveRollout } from './archive-rollout.js';
import { lockHeader } from './lock-header.js';
import { markDirty } from './mark-dirty.js';
import type { Sql } from './sql.js';

/** Once per deleted application; 10,000 targets about 0.5 s. What its present rollout came to is archived first. */
export async function forgetApplication(sql: Sql, application: string): Promise<void> {
  await sql.atomically(async (within) => {
    const { rollout } = await lockHeader(within, application);
    if (rollout !== null) await archiveRollout(within, application, { id: rollout.id, final: rollout });
    const { rows } = await within.query<{ uid: string }>('delete from targets where application = $1 returning uid', [
      application,
    ]);
    await within.query('delete from reports where application = $1', [application]);
    await within.query('delete from application_headers where application = $1', [application]);
    await markDirty(within, rows.map((row) => row.uid).sort());
    within.signal('wake');
  });
}
