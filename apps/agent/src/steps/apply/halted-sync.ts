import type { SyncState } from '../report/compose-report.js';

/** How far a generation has come. */
export interface Progress {
  /** Objects that are as the generation wants them; null: none was looked at for it yet. */
  readonly applied: number | null;
  readonly of: number;
  /** Objects still to be deleted. */
  readonly surplus: number;
  /** What of its hooks is still to be done; null: nothing. */
  readonly hook?: string | null;
}

/**
 * What a halt makes of an application's state. What is applied whole, refused or stuck stays that; what was on its way is told
 * as paused, with how far it came.
 */
export function haltedSync(sync: SyncState, { applied, of, surplus, hook = null }: Progress): SyncState {
  switch (sync.kind) {
    case 'working':
      if (applied === null) return { kind: 'halted', message: 'paused: none of its objects is applied yet' };
      return { kind: 'halted', message: `paused: ${applied} of ${of} objects applied` };
    case 'applied':
      if (surplus === 0 && hook !== null)
        return { kind: 'halted', message: `paused: ${of} of ${of} objects applied, and ${hook}` };
      if (surplus === 0) return sync;
      return {
        kind: 'halted',
        message: `paused: ${of} of ${of} objects applied, ${surplus} that are no longer in Git not deleted yet`,
      };
    case 'halted':
    case 'refused':
    case 'stuck':
    case 'restoring':
      return sync;
  }
}
