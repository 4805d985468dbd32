import type { Draft } from '../draft.js';
import type { Rollout, TargetRow } from '../model.js';
import type { Refusal } from './refusal.js';

/** The rows of clusters that a person named, or why one of them is none. */
export function namedRows(draft: Draft, running: Rollout, clusters: readonly string[]): TargetRow[] | Refusal {
  const rows: TargetRow[] = [];
  for (const uid of clusters) {
    const row = draft.row(uid);
    if (!row || row.rollout !== running.id) {
      return { code: 'unknown-cluster', message: `${row?.name ?? uid} has no part in rollout ${running.id}` };
    }
    rows.push(row);
  }
  return rows;
}

/** Why a command that needs a running rollout is refused. */
export function notRunning(rollout: Rollout | null): Refusal {
  if (!rollout)
    return { code: 'no-rollout', message: 'there was no rollout yet: start one first (flotilla rollout start APP)' };
  const application = rollout.id.slice(0, rollout.id.lastIndexOf('-'));
  const back = rollout.kind === 'rollback' ? '' : `, or roll it back (flotilla rollout rollback ${application})`;
  return {
    code: 'not-running',
    message:
      `rollout ${rollout.id} ended (${rollout.state}): nothing of it can be changed; ` +
      `start a release (flotilla rollout start ${application})${back}`,
  };
}
