import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { canonicalJson } from '../canonical-json.js';
import type { Coverage } from './testing/oracles.js';
import { playSchedule } from './testing/phrases.js';
import { schedule } from './testing/schedule.suite.js';
import { replay } from './testing/replay.js';

const SCHEDULES = Number(process.env['FLOTILLA_SCHEDULES'] ?? 1000);
const seed = Number(process.env['FLOTILLA_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

describe('the seven invariants', () => {
  it(`hold in ${SCHEDULES} adversarial schedules (FLOTILLA_SEED=${seed})`, () => {
    const coverage: Coverage = {};
    fc.assert(
      fc.property(schedule, (each) => {
        const world = playSchedule(each);
        const again = replay(world.shell.log);
        expect(canonicalJson(again.header)).toBe(canonicalJson(world.shell.header));
        expect(canonicalJson([...again.rows.values()])).toBe(canonicalJson([...world.shell.rows.values()]));
        for (const [event, count] of Object.entries(world.oracles.coverage))
          coverage[event] = (coverage[event] ?? 0) + count;
      }),
      { numRuns: SCHEDULES, seed, verbose: 0 },
    );
    if (process.env['FLOTILLA_COVERAGE']) process.stdout.write(`${JSON.stringify(coverage, null, 1)}\n`);
  }, 600_000);
});
