import { Cron } from 'croner';
import type { Labels } from '../cluster.js';
import type { Millis } from './model.js';
import type { WindowSpec } from './strategy.js';

/** Compiled windows that are kept: far more than the time zones of one fleet times the windows of its strategies. */
const MAX_COMPILED = 4096;
/** Zones whose validity is remembered. */
const MAX_ZONES = 2048;
const MAX_TEXT = 100;
/** Where never opening is told from not yet: any day will do, and a fixed one keeps the answer the same. */
const ANY_DAY = Date.UTC(2024, 0, 1);

/** A stretch of time, from inclusive, to exclusive, in which a window is open or closed. */
interface Stretch {
  readonly from: Millis;
  readonly to: Millis;
  readonly isOpen: boolean;
}

interface CompiledWindow {
  /** Null: the text is no cron expression, so the window never opens. */
  readonly cron: Cron | null;
  /** Asked again and again for about the same moment: the answer holds for a stretch. */
  last: Stretch | null;
}

/** Only remembers what would be worked out again: the same question has the same answer, with it or without. */
const compiled = new Map<string, CompiledWindow>();
const zoneProblems = new Map<string, string | null>();

/**
 * Whether one of the windows is open: a window is open at `at` if its cron expression names a time r with r <= at < r + duration.
 * A local time that a change of the clocks leaves out comes at the first moment after the gap, one that comes twice counts the
 * first time; expressions with wildcards or steps count both.
 * @param zone of the cluster, for windows whose time zone is the cluster's; unknown ones count as UTC.
 */
export function isOpen(windows: readonly WindowSpec[], zone: string, at: Millis): boolean {
  return windows.some((window) => stretchAt(window, zone, at).isOpen);
}

/** The first moment from `at` on at which one of the windows is open: `at` itself where one is; null: never. */
export function nextOpening(windows: readonly WindowSpec[], zone: string, at: Millis): Millis | null {
  let next = Number.POSITIVE_INFINITY;
  for (const window of windows) {
    const stretch = stretchAt(window, zone, at);
    if (stretch.isOpen) return at;
    next = Math.min(next, stretch.to);
  }
  return Number.isFinite(next) ? next : null;
}

/**
 * The time zone that a wave's windows mean for a cluster: what its label (or `fact.…`) holds, or the one that they name.
 * @param labels what `selectable` gives.
 * @returns with `problem`, a sentence without the cluster's name, where the label is missing or holds no time zone: UTC then.
 */
export function clusterZone(
  windows: readonly WindowSpec[],
  labels: Labels,
): { readonly zone: string; readonly problem?: string } {
  const [first] = windows;
  for (const { timeZone } of windows) {
    if (typeof timeZone === 'string') continue;
    // A label's value can't have a slash, and no time zone has a dot: `Europe.Berlin` is Europe/Berlin.
    const zone = Object.hasOwn(labels, timeZone.label) ? labels[timeZone.label]?.replaceAll('.', '/') : undefined;
    if (zone === undefined) return { zone: 'UTC', problem: `no label ${timeZone.label}` };
    const problem = timeZoneProblem(zone);
    return problem === null ? { zone } : { zone: 'UTC', problem };
  }
  return { zone: typeof first?.timeZone === 'string' ? first.timeZone : 'UTC' };
}

/** What is wrong with a cron expression, one sentence; null: nothing. */
export function cronProblem(text: string): string | null {
  const fields = text.split(' ');
  if (text.length > MAX_TEXT || fields.length !== 5 || !fields.every((field) => /^[\dA-Za-z*,/#-]+$/.test(field))) {
    return 'a cron expression has five fields with one space between them: minute, hour, day of month, month, day of week';
  }
  try {
    const next = compile(text, 'UTC').nextRun(new Date(ANY_DAY));
    return next === null ? `${text} names a day that never comes` : null;
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : 'it cannot be read';
    return `${text} is no cron expression: ${why}`;
  }
}

/** What is wrong with the name of a time zone, one sentence; null: nothing. */
export function timeZoneProblem(text: string): string | null {
  const known = zoneProblems.get(text);
  if (known !== undefined) return known;
  const problem = isTimeZone(text)
    ? null
    : `${JSON.stringify(text.slice(0, MAX_TEXT))} is no time zone: it takes an IANA name, such as Europe/Berlin`;
  if (text.length <= MAX_TEXT) remember(zoneProblems, text, problem, MAX_ZONES);
  return problem;
}

function isTimeZone(text: string): boolean {
  // Bare offsets are accepted by some runtimes and not by others.
  if (text.length > MAX_TEXT || !/^[A-Za-z]/.test(text)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

function stretchAt({ cron, durationMs, timeZone }: WindowSpec, ofCluster: string, at: Millis): Stretch {
  const named = typeof timeZone === 'string' ? timeZone : ofCluster;
  const zone = timeZoneProblem(named) === null ? named : 'UTC';
  const window = compiledWindow(cron, durationMs, zone);
  const { last } = window;
  if (last && last.from <= at && at < last.to) return last;
  const next = window.cron?.nextRun(new Date(at - durationMs))?.getTime() ?? Number.POSITIVE_INFINITY;
  const stretch =
    next <= at ? { from: next, to: next + durationMs, isOpen: true } : { from: at, to: next, isOpen: false };
  window.last = stretch;
  return stretch;
}

function compiledWindow(cron: string, durationMs: number, zone: string): CompiledWindow {
  const key = `${cron}\u0000${durationMs}\u0000${zone}`;
  const found = compiled.get(key);
  if (found) return found;
  const window: CompiledWindow = { cron: cronProblem(cron) === null ? compile(cron, zone) : null, last: null };
  remember(compiled, key, window, MAX_COMPILED);
  return window;
}

function compile(text: string, timezone: string): Cron {
  return new Cron(text, { timezone, mode: '5-part', paused: true });
}

/** The oldest goes first. */
function remember<T>(map: Map<string, T>, key: string, value: T, limit: number): void {
  if (map.size >= limit) {
    const [oldest] = map.keys();
    if (oldest !== undefined) map.delete(oldest);
  }
  map.set(key, value);
}
