import * as fc from 'fast-check';
import type { Coverage } from './oracles.js';
import { playSchedule } from './play-schedule.js';
import { isReproduced } from './replay.js';
import { unexpected } from './transition-table.js';
import { Transitions } from './transitions.js';
import { schedule } from './schedule.suite.js';

export interface Verdict {
  /** What broke, and the smallest schedule found that breaks it. */
  readonly failure: { readonly message: string; readonly counterexample: string } | null;
  /** What the schedules met. */
  readonly coverage: Coverage;
}

/**
 * Plays so many schedules, each followed by a replay of its log.
 * @param isShrunk a violation is made as small as can be, which may take minutes.
 */
export function checkSchedules(numRuns: number, seed: number, isShrunk = true): Verdict {
  const coverage: Coverage = {};
  const result = fc.check(
    fc.property(schedule, (each) => {
      const transitions = new Transitions();
      const { shell, oracles } = playSchedule(each, undefined, (world) => transitions.watch(world.shell));
      const [strange] = unexpected(transitions.seen);
      if (strange !== undefined) throw new Error(`a transition that stands in no table: ${strange}`);
      if (!isReproduced(shell)) throw new Error('invariant 6: the events lead to another state');
      for (const [event, count] of Object.entries(oracles.coverage)) coverage[event] = (coverage[event] ?? 0) + count;
    }),
    { numRuns, seed, endOnFailure: !isShrunk },
  );
  if (!result.failed) return { failure: null, coverage };
  const message = String(result.errorInstance);
  return { failure: { message, counterexample: JSON.stringify(result.counterexample) }, coverage };
}
