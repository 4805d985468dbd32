import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { playSchedule, type Schedule } from './testing/play-schedule.js';
import { schedule } from './testing/schedule.suite.js';
import { WORLD_RULES, type WorldRules } from './testing/world.js';

/** Thousands of green schedules prove nothing about a rule that they never touch: each one, switched off, has to be missed. */
interface Ablation {
  readonly without: keyof WorldRules;
  /** What the schedules find then. */
  readonly finds: RegExp;
  /** A leaning of the schedules towards what the rule is about, so that few of them are enough. */
  readonly lean?: (schedule: Schedule) => Schedule;
}

const MAX_SCHEDULES = 600;

const ABLATIONS: readonly Ablation[] = [
  { without: 'budgetsFixedAtPlan', finds: /invariant 1: the budgets of .* changed/ },
  { without: 'anyReportAcknowledges', finds: /was deferred though it had reported/ },
  { without: 'holdsAreASet', finds: /invariant 7: .* was assigned while a person had paused/ },
  { without: 'userHoldInherited', finds: /invariant 7: .* was assigned while a person had paused/ },
  { without: 'onlyReportsPass', finds: /invariant 3: .* passed and was never steady/ },
  {
    without: 'regressionSticks',
    finds: /invariant 5: a rollout neither ends nor holds/,
    lean: (each) => ({
      ...withWaves(each, { maxFailures: '30%', soakMs: 30_000 }),
      plan: { ...each.plan, clusters: 12, fates: [['flapping', 'ok', 'ok', 'ok', 'ok', 'ok']] },
    }),
  },
  {
    without: 'lostIsFailed',
    finds: /invariant 3: wave .* opened though release .* had cut off/,
    lean: (each) => ({
      ...withWaves(each, { maxFailures: 0, maxUnreachable: '50%', maxConcurrency: '50%' }),
      plan: { ...each.plan, clusters: 12, fates: [['cuts', 'ok', 'ok', 'ok', 'ok']] },
    }),
  },
  { without: 'returnedTakesSlot', finds: /invariant 1: .* in flight of wave/ },
  { without: 'inFlightCarried', finds: /invariant 1: .* in flight of wave/ },
  { without: 'unackedRewritten', finds: /invariant 7: .* began with release .* after it was taken back/ },
  { without: 'rolledBackBarred', finds: /invariant 7: .* began with release .* after it was taken back/ },
  { without: 'gapMovesDeadlines', finds: /invariant 5: .* ms in which the hub was there/ },
  { without: 'relayWritesPresentRows', finds: /invariant (2|7): / },
];

function withWaves(schedule: Schedule, budgets: Partial<Schedule['strategy']['waves'][number]>): Schedule {
  const { strategy } = schedule;
  return { ...schedule, strategy: { ...strategy, waves: strategy.waves.map((wave) => ({ ...wave, ...budgets })) } };
}

describe('a rule that is switched off is missed', () => {
  it('and each rule has its turn', () => {
    expect(ABLATIONS.map(({ without }) => without).sort()).toEqual(Object.keys(WORLD_RULES).sort());
  });

  it('while with all of them on the very same schedules pass, leaning ones too', () => {
    for (const { lean = (each: Schedule) => each } of ABLATIONS.filter(({ lean }) => lean)) {
      fc.assert(
        fc.property(schedule, (each) => void playSchedule(lean(each))),
        { numRuns: 60, seed: 3 },
      );
    }
  });

  it.each(ABLATIONS)('without $without the schedules fail', ({ without, finds, lean = (each) => each }) => {
    const rules: WorldRules = { ...WORLD_RULES, [without]: false };
    const result = fc.check(
      fc.property(schedule, (each) => {
        try {
          playSchedule(lean(each), rules);
        } catch (error) {
          // It may be missed in more ways than one: looked for is the sentence that names it.
          if (finds.test(String(error))) throw error;
        }
      }),
      { numRuns: MAX_SCHEDULES, seed: 3, endOnFailure: true },
    );
    expect(result).toMatchObject({ failed: true });
    expect(String(result.errorInstance)).toMatch(finds);
  });
});
