import { beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { canonicalJson } from '../canonical-json.js';
import type { Coverage } from './testing/oracles.js';
import { playSchedule } from './testing/phrases.js';
import { replay } from './testing/replay.js';
import { schedule } from './testing/schedule.suite.js';

const SCHEDULES = Number(process.env['FLOTILLA_SCHEDULES'] ?? 1000);
const SEED = Number(process.env['FLOTILLA_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const TIMEOUT_MS = Math.max(120_000, SCHEDULES * 300);

const INVARIANTS = [
  'no new assignment exceeds a wave’s concurrency, across pause, resume, retry, supersede, return and replay',
  'generations, in the database, on the bus and at the agent, only grow',
  'no wave opens before the one before it is done, passed means really steady, succeeded means that none failed',
  'no offline signal, empty list or error ever causes a deletion',
  'nothing waits without saying for what, silence of the hub is nobody’s failure, and a friendly world brings an end',
  'replaying the events reproduces the state, byte for byte',
  'under a hold nothing new is assigned, and what was taken back is begun by nobody',
];

/** What a thousand schedules meet at least ten times each; whatever they do not meet they do not test. */
const MET = [
  ...['waveSoaking', 'held', 'paused', 'superseded', 'resumed', 'removed', 'unchanged', 'gap', 'carried', 'deferred'],
  ...['returned', 'failed regressed', 'failed lost', 'failed deadline', 'failed health', 'takingBack', 'rewritten'],
  ...['recovered', 'queued', 'cancelled', 'ahead', 'retried', 'withdrawn', 'waveSkipped', 'wave after wave', 'skipped'],
  ...['ended forward succeeded', 'ended forward succeededWithExceptions', 'ended rollback succeeded'],
  ...['ended rollback succeededWithExceptions', 'refused not-running', 'refused nothing-to-retry'],
];

describe(`in ${SCHEDULES} adversarial schedules (FLOTILLA_SEED=${SEED})`, () => {
  const coverage: Coverage = {};
  let failure: string | null = null;

  beforeAll(() => {
    const result = fc.check(
      fc.property(schedule, (each) => {
        const world = playSchedule(each);
        const again = replay(world.shell.log);
        const isSame =
          canonicalJson(again.header) === canonicalJson(world.shell.header) &&
          canonicalJson([...again.rows.values()]) === canonicalJson([...world.shell.rows.values()]);
        if (!isSame) throw new Error('invariant 6: the events lead to another state');
        for (const [event, count] of Object.entries(world.oracles.coverage)) {
          coverage[event] = (coverage[event] ?? 0) + count;
        }
      }),
      { numRuns: SCHEDULES, seed: SEED },
    );
    if (result.failed) failure = `${String(result.errorInstance)}\n${JSON.stringify(result.counterexample)}`;
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
    const rare = MET.filter((event) => (coverage[event] ?? 0) < Math.floor(SCHEDULES / 100));
    expect(rare).toEqual([]);
  });
});
