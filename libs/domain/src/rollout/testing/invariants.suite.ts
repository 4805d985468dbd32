import { beforeAll, describe, expect, it } from '@jest/globals';
import { checkSchedules, type Verdict } from './check-schedules.suite.js';

/** How many shards there are: each a test file of its own, so that they run side by side. */
const SHARDS = 4;
const SCHEDULES = Math.ceil(Number(process.env['FLOTILLA_SCHEDULES'] ?? 10_000) / SHARDS);
const TIMEOUT_MS = Math.max(120_000, SCHEDULES * 300);

export const INVARIANTS = [
  'no new assignment exceeds a wave’s concurrency, across pause, resume, retry, supersede, return and replay',
  'generations, in the database, on the bus and at the agent, only grow',
  'no wave opens before the one before it is done, passed means really steady, succeeded means that none failed',
  'no offline signal, empty list or error ever causes a deletion',
  'nothing waits without saying for what, silence of the hub is nobody’s failure, and a friendly world brings an end',
  'replaying the events reproduces the state, byte for byte',
  'under a hold nothing new is assigned, and what was taken back is begun by nobody',
];

/** What a hundred schedules meet at least once, or nearly: whatever they do not meet they do not test. */
export const OFTEN = [
  ...['waveSoaking', 'held', 'paused', 'superseded', 'resumed', 'removed', 'unchanged', 'gap', 'carried', 'deferred'],
  ...['returned', 'failed regressed', 'failed lost', 'failed deadline', 'failed health', 'takingBack', 'rewritten'],
  ...['recovered', 'queued', 'cancelled', 'ahead', 'retried', 'withdrawn', 'waveSkipped', 'wave after wave', 'skipped'],
  ...['ended forward succeeded', 'ended forward succeededWithExceptions', 'ended rollback succeeded'],
  ...['ended rollback succeededWithExceptions', 'refused not-running', 'refused nothing-to-retry'],
  // Gates and windows.
  ...['approved', 'refused own-release', 'refused no-approval-waits', 'gateOpened', 'assigned in a window'],
  ...[
    'wave pending -> gateBefore',
    'wave gateBefore -> progressing',
    'wave soaking -> gateAfter',
    'wave gateAfter -> done',
  ],
  ...['gate before approval opened', 'gate before schedule opened', 'gate before webhook opened'],
  ...['gate after approval opened', 'gate after webhook opened', 'gate after metric opened'],
  ...['answer success', 'answer failure', 'answer noData'],
  // Freezes, cluster holds, hard pauses, deletions, plans.
  ...['a step under a freeze', 'deferred for a cluster hold', 'failed for a cluster hold', 'clusterUnheld'],
  ...['paused hard', 'halted', 'hard pause inherited', 'drops too much', 'deletionsAccepted', 'replanned'],
  ...['waveGivenUp', 'soak ended', 'refused plan-changed', 'started as planned'],
];

/** What a shard meets a few times. */
export const SELDOM = [
  ...['rejected', 'promoted soaking', 'approval voided by a replan', 'answer of the past', 'refused deletions'],
  ...['ended catchUp succeeded', 'refused over-budget', 'refused no-evidence', 'lifted', 'accepted', 'refused held'],
  ...['start of another plan refused'],
];

/**
 * The seven invariants over this shard's schedules. The seed is another one each time and stands in the title; to see a failure
 * again, give it back as FLOTILLA_SEED and run the file of the same shard.
 */
export function describeInvariants(shard: 1 | 2 | 3 | 4): void {
  const seed = Number(process.env['FLOTILLA_SEED'] ?? Math.floor(Math.random() * 2 ** 30));

  describe(`in ${SCHEDULES} adversarial schedules (shard ${shard} of ${SHARDS}, FLOTILLA_SEED=${seed})`, () => {
    let verdict: Verdict = { failure: null, coverage: {} };
    let failure: string | null = null;

    beforeAll(() => {
      // A seed that is set for all shards still gives each of them schedules of its own.
      verdict = checkSchedules(SCHEDULES, seed + shard);
      failure = verdict.failure && `${verdict.failure.message}\n${verdict.failure.counterexample}`;
    }, TIMEOUT_MS);

    it.each(INVARIANTS.map((sentence, index) => [index + 1, sentence] as const))('%d. %s', (number) => {
      const isOfThis = failure?.includes(`invariant ${number}:`) ?? false;
      expect(isOfThis ? failure : null).toBeNull();
    });

    it('nothing else breaks: counters equal the rows, no tick is a busy loop, reports of the past change nothing', () => {
      expect(failure).toBeNull();
    });

    it('everything that can go wrong did', () => {
      if (failure !== null) return;
      const isBelow = (least: number) => (event: string) => (verdict.coverage[event] ?? 0) < least;
      const rare = [
        ...OFTEN.filter(isBelow(Math.floor(SCHEDULES / 120))),
        ...SELDOM.filter(isBelow(Math.min(1, Math.floor(SCHEDULES / 1000)))),
      ];
      expect(rare).toEqual([]);
    });
  });
}
