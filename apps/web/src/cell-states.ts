import type { CELL_STATES as numbered, CellState } from '#contract';

export type { CellState };

/** In the order of the API's numbers: CELL_STATES of libs/contract, which the page takes no code from; the compiler holds both equal. */
export const CELL_STATES = [
  'healthy',
  'progressing',
  'failed',
  'drifted',
  'held',
  'offline',
  'waiting',
  'leaving',
  'none',
] as const satisfies typeof numbered;
