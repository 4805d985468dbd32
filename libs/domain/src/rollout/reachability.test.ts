import { beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { StoredHoldCode } from '../hold.js';
import { TARGET_STATES, type FailureReason, type GateProgress, type RolloutState, type WavePhase } from './model.js';
import { playSchedule } from './testing/play-schedule.js';
import { STORIES } from './testing/reach.suite.js';
import { schedule } from './testing/schedule.suite.js';
import { ENDS, TRANSITIONS, unexpected, unseen } from './testing/transition-table.js';
import { Transitions, type Machine } from './testing/transitions.js';

const SCHEDULES = 300;
const MACHINES = Object.keys(TRANSITIONS) as Machine[];

/** Each name of the model, so that the compiler misses a new one here. */
const REASONS: Readonly<Record<FailureReason, true>> = {
  ...{ sync: true, health: true, deadline: true, regressed: true, lost: true, hold: true },
};
const ROLLOUT_STATES: Readonly<Record<RolloutState, true>> = {
  running: true,
  succeeded: true,
  succeededWithExceptions: true,
  superseded: true,
  rolledBack: true,
  cancelled: true,
};
const PHASES: Readonly<Record<WavePhase, true>> = {
  ...{ pending: true, gateBefore: true, progressing: true, soaking: true, gateAfter: true, done: true, skipped: true },
};
const HOLDS: Readonly<Record<StoredHoldCode, true>> = {
  ...{ user: true, failures: true, unreachable: true, deletions: true, noEvidence: true, gate: true },
};
const GATES: Readonly<Record<GateProgress['state'], true>> = { waiting: true, open: true, refused: true };

/** A target's states, with the reasons that they come with. */
const TARGETS = TARGET_STATES.flatMap((state) => {
  if (state === 'failed') return Object.keys(REASONS).map((reason) => `failed(${reason})`);
  return state === 'deferred' ? ['deferred(unreachable)', 'deferred(hold)'] : [state];
});

const STATES: Readonly<Record<Machine, readonly string[]>> = {
  target: TARGETS,
  wave: Object.keys(PHASES),
  rollout: Object.keys(ROLLOUT_STATES),
  hold: Object.keys(HOLDS),
  gate: Object.keys(GATES),
};

describe('each state has a way in and a way out', () => {
  const transitions = new Transitions();

  beforeAll(() => {
    for (const tell of Object.values(STORIES)) tell(transitions);
    fc.assert(
      fc.property(schedule, (each) => void playSchedule(each, undefined, ({ shell }) => transitions.watch(shell))),
      { numRuns: SCHEDULES, seed: 4 },
    );
  }, 120_000);

  it('every transition that stands in the table happens', () => {
    expect(unseen(transitions.seen)).toEqual([]);
  });

  it('and no other', () => {
    expect(unexpected(transitions.seen)).toEqual([]);
  });

  it.each(MACHINES)('the table knows each state of a %s', (machine) => {
    const known = Object.keys(TRANSITIONS[machine]).filter((state) => state !== 'none');
    expect(known.sort()).toEqual([...STATES[machine]].sort());
  });

  it.each(MACHINES.flatMap((machine) => STATES[machine].map((state) => [machine, state] as const)))(
    'a %s comes to be %s, and leaves it unless that is an end',
    (machine, state) => {
      const seen = [...transitions.seen[machine]];
      expect(seen.some((each) => each.endsWith(`-> ${state}`))).toBe(true);
      const isLeft = seen.some((each) => each.startsWith(`${state} ->`));
      expect({ state, isLeft }).toEqual({ state, isLeft: ENDS[machine][state] === undefined });
    },
  );
});
