import type { FleetCells } from '#contract';
import { CELL_STATES, type CellState } from '#domain/cell-state';

/** Where one release of an application is. */
export interface Place {
  /** Clusters that run it by their agents' word. */
  readonly runs: number;
  /** Those by what the fleet's grid shows of them. */
  readonly states: Partial<Record<CellState, number>>;
  /** Clusters that are told to run it and don't yet, by their agents' word. */
  readonly comes: number;
}

export interface Places {
  readonly of: ReadonlyMap<number, Place>;
  /** Clusters that run some release, or are told to. */
  readonly total: number;
}

type Cells = Pick<FleetCells, 'states' | 'runs' | 'told'>;

/** Pure: which release runs where, and what is on its way, by the cells of one application. */
export function placesOf({ states, runs = [], told = [] }: Cells): Places {
  const of = new Map<number, { runs: number; states: Partial<Record<CellState, number>>; comes: number }>();
  const at = (release: number) => {
    const place = of.get(release) ?? { runs: 0, states: {}, comes: 0 };
    of.set(release, place);
    return place;
  };
  let total = 0;
  states.forEach((number, index) => {
    const run = runs[index] ?? 0;
    const tell = told[index] ?? 0;
    if (run === 0 && tell === 0) return;
    total += 1;
    if (run !== 0) {
      const place = at(run);
      const state = CELL_STATES[number] ?? 'none';
      place.runs += 1;
      place.states[state] = (place.states[state] ?? 0) + 1;
    }
    if (tell !== 0 && tell !== run) at(tell).comes += 1;
  });
  return { of, total };
}

/** The release that most clusters run; the newer of two; undefined where nobody runs any. */
export function commonest({ of }: Places): number | undefined {
  let most: number | undefined;
  for (const [release, { runs }] of of) {
    const best = most === undefined ? 0 : (of.get(most)?.runs ?? 0);
    if (runs > best || (runs === best && runs > 0 && release > (most ?? 0))) most = release;
  }
  return most;
}
