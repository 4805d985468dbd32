import type { TargetRow } from './model.js';

/**
 * What stays of a cluster's row when its application is deleted: nothing but the generation. An application of the same name that
 * comes later goes on from there, for the agent refuses a lower one than it holds.
 */
export function retireRow({ uid, name, rollout, wave, position, generation }: TargetRow): TargetRow {
  return {
    ...{ uid, name, rollout, wave, position, generation },
    state: 'removed',
    desired: 'keep',
    assignment: null,
    acked: false,
    previous: null,
    lastPassed: null,
    report: null,
    dueAt: null,
  };
}

/** Whether a row is that of a deleted application, or of a cluster that left before it was ever assigned. */
export function isRetired(row: Pick<TargetRow, 'state' | 'assignment'>): boolean {
  return row.state === 'removed' && row.assignment === null;
}
