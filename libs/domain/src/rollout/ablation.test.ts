import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { ABLATIONS, patternOf } from './testing/ablations.suite.js';
import { playSchedule, type Schedule } from './testing/play-schedule.js';
import { schedule } from './testing/schedule.suite.js';
import { WORLD_RULES, type WorldRules } from './testing/world.js';

const MAX_SCHEDULES = 600;

/** Thousands of green schedules prove nothing about a rule that they never touch: each one, switched off, has to be missed. */
describe('a rule that is switched off is missed', () => {
  it('and each rule has its turn', () => {
    expect(ABLATIONS.map(({ without }) => without).sort()).toEqual(Object.keys(WORLD_RULES).sort());
  });

  it('while with all of them on the very same schedules pass, leaning ones too', () => {
    for (const { lean = (each: Schedule) => each } of ABLATIONS.filter(({ lean }) => lean)) {
      fc.assert(
        fc.property(schedule, (each) => void playSchedule(lean(each))),
        { numRuns: 15, seed: 3 },
      );
    }
  });

  it.each(ABLATIONS)('without $without the schedules fail: $finds', (ablation) => {
    const { without, lean = (each: Schedule) => each } = ablation;
    const rules: WorldRules = { ...WORLD_RULES, [without]: false };
    const sentence = patternOf(ablation);
    const result = fc.check(
      fc.property(schedule, (each) => {
        try {
          playSchedule(lean(each), rules);
        } catch (error) {
          // It may be missed in more ways than one: looked for is the sentence that names it.
          if (sentence.test(String(error))) throw error;
        }
      }),
      { numRuns: MAX_SCHEDULES, seed: 3, endOnFailure: true },
    );
    expect(result).toMatchObject({ failed: true });
  });
});
