import type { RolloutView } from '#contract';
import type { RolloutsSearch } from './search.js';

/** Groups of the list's filter; `paused` and `waiting` are of those that run. */
export const LIST_STATES = [
  'running',
  'paused',
  'waiting',
  'succeeded',
  'succeededWithExceptions',
  'rolledBack',
  'superseded',
  'cancelled',
] as const;

/** Waits that a person, a clock or another system ends; what is in flight or soaks goes on by itself. */
const WAITS = new Set(['approval', 'schedule', 'webhook', 'metric', 'window', 'freeze']);

/** As people call it: a running one that is held is paused, and one at a gate waits. */
export function shownState({ state, paused, holds }: Pick<RolloutView, 'state' | 'paused' | 'holds'>): string {
  if (state !== 'running') return state;
  if (paused) return 'paused';
  return holds.some(({ code }) => WAITS.has(code)) ? 'waiting' : 'running';
}

/** How much of a person's attention it wants: paused, waiting, running, then the rest. */
function urgency(rollout: RolloutView): number {
  return ['paused', 'waiting', 'running'].indexOf(shownState(rollout)) >>> 0;
}

/** Pure: those of a state, running ones first and of these what wants a person, then the newest first. */
export function listed(rollouts: readonly RolloutView[], { state }: RolloutsSearch): readonly RolloutView[] {
  return rollouts
    .filter(
      (rollout) =>
        state === undefined || shownState(rollout) === state || (state === 'running' && rollout.state === 'running'),
    )
    .toSorted((a, b) => urgency(a) - urgency(b) || Date.parse(b.startedAt) - Date.parse(a.startedAt));
}

/** As the command line counts what is done: those that run the release, whether it was new to them or not. */
export function passedOf({ passed, unchanged }: Pick<RolloutView['counts'], 'passed' | 'unchanged'>): number {
  return passed + unchanged;
}
