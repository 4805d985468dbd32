import { CELL_STATES, type CellState } from '#domain/cell-state';

export type { CellState };

/**
 * The shape of each state in a box of 16 by 16, as SVG path data for the page and `Path2D` for the canvas. Each can be told from
 * the others without its colour.
 */
export const STATE_SHAPES: Readonly<Record<CellState, { readonly path: string; readonly isFilled: boolean }>> = {
  healthy: { path: 'M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13z', isFilled: true },
  progressing: { path: 'M8 1.5a6.5 6.5 0 1 0 0 13zM8 2.5a5.5 5.5 0 0 1 0 11', isFilled: false },
  failed: { path: 'M3.5 1.5L8 6l4.5-4.5 2 2L10 8l4.5 4.5-2 2L8 10l-4.5 4.5-2-2L6 8 1.5 3.5z', isFilled: true },
  drifted: { path: 'M8 0.8L15.2 8L8 15.2L0.8 8z', isFilled: true },
  held: { path: 'M3 2h3.6v12H3zM9.4 2H13v12H9.4z', isFilled: true },
  offline: { path: 'M8 2a6 6 0 1 0 0 12a6 6 0 1 0 0-12zM3.8 12.2L12.2 3.8', isFilled: false },
  waiting: { path: 'M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11z', isFilled: false },
  leaving: { path: 'M2 6.2h6V2.5L14.5 8L8 13.5V9.8H2z', isFilled: true },
  none: { path: 'M3 7h10v2H3z', isFilled: true },
};

/** What a person reads. */
export const STATE_WORDS: Readonly<Record<CellState, string>> = {
  healthy: 'healthy',
  progressing: 'progressing',
  failed: 'failed',
  drifted: 'drifted',
  held: 'held',
  offline: 'offline',
  waiting: 'not joined',
  leaving: 'leaving',
  none: 'no application',
};

/** How any word of the API for a state is shown: a target's, a cluster's status, a health, a rollout's state. */
export function cellStateOf(word: string): CellState {
  if ((CELL_STATES as readonly string[]).includes(word)) return word as CellState;
  switch (word) {
    case 'passed':
    case 'unchanged':
    case 'ready':
    case 'synced':
    case 'succeeded':
    case 'done':
    case 'open':
      return 'healthy';
    case 'assigned':
    case 'running':
    case 'soaking':
      return 'progressing';
    case 'refused':
    case 'rolledBack':
    case 'missing':
    case 'error':
      return 'failed';
    case 'outOfSync':
    case 'surplus':
    case 'succeededWithExceptions':
      return 'drifted';
    case 'deferred':
      return 'offline';
    case 'paused':
    case 'gateBefore':
    case 'gateAfter':
    case 'suspended':
      return 'held';
    case 'removed':
    case 'cancelled':
    case 'superseded':
      return 'leaving';
    case 'pending':
      return 'waiting';
    default:
      return 'none';
  }
}
