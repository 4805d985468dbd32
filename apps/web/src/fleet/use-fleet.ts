import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useSyncExternalStore } from 'react';
import type { FleetCells } from '#contract';
import { live } from '../api/live.js';
import { releases } from '../api/queries.js';
import { cells } from './cells-query.js';
import { parseFilter } from './fleet-filter.js';
import { FleetModel } from './fleet-model.js';
import { select, selectionOf, statePicks, type Picks } from './fleet-selection.js';
import { lags } from './lag.js';
import { followCells } from './live-cells.js';
import type { FleetSearch } from './search.js';
import { statesOf } from './state-choice.js';

/** A model holds what came since the cells were read, so it is kept for as long as they are. */
const models = new WeakMap<FleetCells, FleetModel>();

function modelOf(read: FleetCells): FleetModel {
  const known = models.get(read);
  if (known) return known;
  const model = new FleetModel(read);
  models.set(read, model);
  return model;
}

const EMPTY: FleetCells = { id: '', at: '', names: [], states: [], labels: {}, facts: {} };

/** The fleet in columns, kept up to date, and its version, which grows with each batch that was drawn. */
export function useFleetModel(application: string | undefined) {
  const query = useQuery(cells(application));
  const model = modelOf(query.data ?? EMPTY);
  const isRead = query.data !== undefined;
  useEffect(() => (isRead ? followCells(live, model) : undefined), [isRead, model]);
  const version = useSyncExternalStore(model.watch, model.version);
  return { query, model, version };
}

/** The application's releases by number, and the newest that may be rolled out. */
export function useReleases(application: string | undefined, model: FleetModel) {
  const query = useQuery({ ...releases(application ?? ''), enabled: application !== undefined });
  const list = application === undefined ? undefined : query.data;
  return useMemo(() => {
    const byNumber = new Map((list ?? []).map((release) => [release.release, release]));
    let newest = 0;
    for (const { release, barred } of list ?? []) if (!barred && release > newest) newest = release;
    if (newest === 0) for (const told of model.told ?? []) if (told > newest) newest = told;
    return { byNumber, newest };
  }, [list, model]);
}

/** What the URL's filters pick of the fleet. `base` is all but the choice of states, which the legend counts. */
export function useFleetSelection(model: FleetModel, version: number, search: FleetSearch, newest: number) {
  const { q = '', state = '', release = '', lags: late, others: all } = search;
  const parsed = useMemo(() => parseFilter(q), [q]);
  const picked = useMemo(() => {
    const { runs, told } = model;
    const others: Picks[] = [];
    if (runs && told && !all) others.push((place) => runs[place] !== 0 || told[place] !== 0);
    if (runs && release !== '') others.push((place) => runs[place] === Number(release));
    if (runs && late) others.push((place) => lags(model, place, newest));
    return selectionOf(model, parsed.ok ? parsed.filter : { tests: [], labels: [] }, others);
  }, [model, parsed, release, late, all, newest]);
  const baseVersion = picked.followsCells ? version : 0;
  const base = useMemo(() => allOf(model, picked.picks, baseVersion), [model, picked, baseVersion]);
  const states = useMemo(() => statesOf(state), [state]);
  const shownVersion = states.length > 0 ? version : 0;
  const shown = useMemo(
    () => (states.length === 0 ? base : within(base, statePicks(model, states), shownVersion)),
    [model, base, states, shownVersion],
  );
  return { base, shown, states, notes: picked.notes, error: parsed.ok ? undefined : parsed.message };
}

/** The version says that the model's columns are not what they were. */
function allOf(model: FleetModel, picks: Picks, _version: number): Int32Array {
  const into = new Int32Array(model.size);
  return into.subarray(0, select(model, picks, into));
}

function within(places: Int32Array, picks: Picks, _version: number): Int32Array {
  return places.filter(picks);
}
