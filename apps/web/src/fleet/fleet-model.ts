import type { CellChanges, FleetCells } from '#contract';
import { CELL_STATES, type CellState } from '#domain/cell-state';

/** A label's or a fact's values, and of each cluster the place of its value among them; -1: it has none. */
export interface Column {
  /** As a selector names it: a label's key, or `fact.` and a fact's key. */
  readonly key: string;
  readonly values: readonly string[];
  readonly of: Int16Array | Int32Array;
}

/**
 * The fleet's cells in arrays with a place for each cluster, ordered by name; outside of React, as ten thousand of them change twice
 * a second. Places stay as long as the model: clusters that come or go make a new one.
 */
export class FleetModel {
  readonly names: readonly string[];
  /** Places in CELL_STATES. */
  readonly states: Uint8Array;
  /** With an application: releases; 0: none, or not known. */
  readonly runs: Int32Array | null;
  readonly told: Int32Array | null;
  readonly columns: ReadonlyMap<string, Column>;
  readonly application: string | undefined;
  /** Of the live stream: what is to be asked for next. */
  id: string;
  /** How many clusters are in each state, in the order of CELL_STATES. */
  readonly counts = new Int32Array(CELL_STATES.length);
  private readonly places = new Map<string, number>();
  private readonly changed: Int32Array;
  private readonly listeners = new Set<() => void>();
  private readonly drawers = new Set<(changed: Int32Array) => void>();
  private current = 0;

  constructor(cells: FleetCells) {
    this.names = cells.names;
    this.application = cells.application;
    this.id = cells.id;
    this.states = Uint8Array.from(cells.states);
    this.runs = cells.runs ? Int32Array.from(cells.runs) : null;
    this.told = cells.told ? Int32Array.from(cells.told) : null;
    this.changed = new Int32Array(cells.names.length);
    for (const [place, name] of cells.names.entries()) this.places.set(name, place);
    for (const state of this.states) this.counts[state] = (this.counts[state] ?? 0) + 1;
    const columns = new Map<string, Column>();
    for (const [key, { values, of }] of Object.entries(cells.labels)) columns.set(key, toColumn(key, values, of));
    for (const [key, { values, of }] of Object.entries(cells.facts))
      columns.set(`fact.${key}`, toColumn(`fact.${key}`, values, of));
    this.columns = columns;
  }

  get size(): number {
    return this.names.length;
  }

  placeOf(name: string): number {
    return this.places.get(name) ?? -1;
  }

  stateOf(place: number): CellState {
    return CELL_STATES[this.states[place] ?? -1] ?? 'none';
  }

  valueOf(place: number, key: string): string | undefined {
    const column = this.columns.get(key);
    return column?.values[column.of[place] ?? -1];
  }

  /**
   * Takes changes in and answers the places of the clusters that are not as they were, as a view that the next call writes over.
   * Names that it does not know are left out: whoever came since is in the cells that are read next.
   */
  apply({ names, states, runs, told }: CellChanges): Int32Array {
    let many = 0;
    for (let index = 0; index < names.length; index += 1) {
      const place = this.places.get(names[index] ?? '');
      if (place === undefined) continue;
      const isOther = this.setState(place, states[index]);
      const runsOther = set(this.runs, place, runs?.[index]);
      const isToldOther = set(this.told, place, told?.[index]);
      if ((isOther || runsOther || isToldOther) && many < this.changed.length) this.changed[many++] = place;
    }
    return this.changed.subarray(0, many);
  }

  /** Called with places of changed clusters, within a frame of the browser; answers how to stop. */
  onDraw(draw: (changed: Int32Array) => void): () => void {
    this.drawers.add(draw);
    return () => this.drawers.delete(draw);
  }

  draw(changed: Int32Array): void {
    for (const draw of this.drawers) draw(changed);
  }

  /** Counts up with each batch that was taken in and drawn; what React shows follows it. */
  version = (): number => this.current;

  tellAll(): void {
    this.current += 1;
    for (const listen of this.listeners) listen();
  }

  watch = (listen: () => void): (() => void) => {
    this.listeners.add(listen);
    return () => this.listeners.delete(listen);
  };

  private setState(place: number, state: number | undefined): boolean {
    const before = this.states[place];
    if (state === undefined || state >= CELL_STATES.length || before === undefined || before === state) return false;
    this.states[place] = state;
    this.counts[before] = (this.counts[before] ?? 0) - 1;
    this.counts[state] = (this.counts[state] ?? 0) + 1;
    return true;
  }
}

function set(of: Int32Array | null, place: number, value: number | undefined): boolean {
  if (!of || value === undefined || of[place] === value) return false;
  of[place] = value;
  return true;
}

function toColumn(key: string, values: readonly string[], of: readonly number[]): Column {
  return { key, values, of: values.length < 32_767 ? Int16Array.from(of) : Int32Array.from(of) };
}

/** What people put a fleet in order by, the likeliest first. */
const LIKELY = ['region', 'env', 'environment', 'zone', 'site', 'country', 'stage', 'tier', 'ring', 'fact.region'];

/** The key to group by where nobody chose one: a likely one that divides most of the fleet into a few; undefined: none. */
export function likelyGroup(model: FleetModel): string | undefined {
  return LIKELY.find((key) => {
    const column = model.columns.get(key);
    if (!column || column.values.length < 2 || column.values.length > 40) return false;
    let has = 0;
    for (const value of column.of) if (value >= 0) has += 1;
    return has * 2 >= model.size;
  });
}
