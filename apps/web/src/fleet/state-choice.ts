import { CELL_STATES, type CellState } from '#domain/cell-state';

/** `failed,offline` of the URL as states; words that are none are left out. */
export function statesOf(text: string): readonly CellState[] {
  const words = text.split(',').map((word) => word.trim());
  return CELL_STATES.filter((state) => words.includes(state));
}

/** The URL's text after one state was chosen or no longer is; undefined: all are shown. */
export function toggled(chosen: readonly CellState[], state: CellState): string | undefined {
  const next = chosen.includes(state) ? chosen.filter((each) => each !== state) : [...chosen, state];
  return next.length === 0 || next.length === CELL_STATES.length ? undefined : next.join(',');
}
