import * as fc from 'fast-check';
import type { PeoplePhrase } from './people-phrases.js';

const soon = fc.constantFrom(1000, 3000, 8000, 15_000, 30_000);
const later = fc.constantFrom(5000, 20_000, 70_000, 130_000, 200_000);
const who = fc.nat(40);

function say<T extends PeoplePhrase>(
  weight: number,
  arbitrary: fc.Arbitrary<T>,
): { weight: number; arbitrary: fc.Arbitrary<PeoplePhrase> } {
  return { weight, arbitrary };
}

/** What people do, as often as it makes a story. */
export const peoplePhrases: readonly { weight: number; arbitrary: fc.Arbitrary<PeoplePhrase> }[] = [
  say(
    6,
    fc.record({
      say: fc.constant('approve' as const),
      by: fc.constantFrom(
        'bob' as const,
        'bob' as const,
        'cho' as const,
        'cho' as const,
        'ann' as const,
        'author' as const,
      ),
      wave: fc.constantFrom(null, null, 1, 2),
    }),
  ),
  say(
    1,
    fc.record({
      say: fc.constant('reject' as const),
      wave: fc.constantFrom(null, 1),
      then: later,
      isResumed: fc.boolean(),
    }),
  ),
  say(2, fc.record({ say: fc.constantFrom('releaseRepeatAnswers' as const, 'stalePlan' as const) })),
  say(2, fc.record({ say: fc.constant('releasePromote' as const), between: later })),
  say(2, fc.record({ say: fc.constant('planThenStart' as const), who: fc.option(who), then: later })),
  say(2, fc.record({ say: fc.constant('skipWave' as const), which: fc.nat(3) })),
  say(
    2,
    fc.record({
      say: fc.constant('freezeReleaseUnfreeze' as const),
      between: later,
      isBounded: fc.boolean(),
      then: later,
    }),
  ),
  say(2, fc.record({ say: fc.constant('releaseFreezeUnfreeze' as const), between: later, then: later })),
  say(2, fc.record({ say: fc.constant('holdReleaseUnhold' as const), who, between: later, then: later })),
  say(
    3,
    fc.record({
      say: fc.constant('releaseHold' as const),
      who,
      between: fc.constantFrom(0, 1000, 3000, 8000, 30_000),
      isRolledBack: fc.boolean(),
      then: later,
    }),
  ),
  say(1, fc.record({ say: fc.constant('unhold' as const), who })),
  say(
    3,
    fc.record({
      say: fc.constant('releasePauseHard' as const),
      between: soon,
      exit: fc.constantFrom('resume', 'resume', 'rollback', 'cancel', 'release', 'skipWave', null),
      then: later,
    }),
  ),
  say(
    3,
    fc.record({ say: fc.constantFrom('relabelReplan' as const, 'approveRelabelReplan' as const), who, then: later }),
  ),
  say(1, fc.record({ say: fc.constant('replanBudgets' as const), cap: fc.constantFrom(1, 3), then: later })),
  say(
    2,
    fc.record({
      say: fc.constant('dropThen' as const),
      exit: fc.constantFrom(
        'accept' as const,
        'accept' as const,
        'rollback' as const,
        'release' as const,
        'resume' as const,
      ),
      then: later,
    }),
  ),
];
