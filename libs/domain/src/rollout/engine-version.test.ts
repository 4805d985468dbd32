import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { canonicalJson, sha256 } from '../canonical-json.js';
import { ENGINE_VERSION } from './event-log.js';
import type { LoggedStep } from './testing/memory-shell.js';
import { playSchedule } from './testing/play-schedule.js';
import { replay } from './testing/replay.js';
import { schedule } from './testing/schedule.suite.js';

/**
 * Steps as an engine of this version took them, of some schedules, with the digest of what they led to. Who makes `step` decide
 * otherwise, be it a sentence in a row, raises ENGINE_VERSION and has them written anew, or the hub would take the logs of its
 * older self for forged: `UPDATE_GOLDEN=1 npm run jest -- engine-version`.
 */
interface Golden {
  readonly version: number;
  readonly logs: readonly { readonly steps: readonly LoggedStep[]; readonly state: string }[];
}

const FILE = new URL('testing/golden-log.json.gz', import.meta.url);
const SCHEDULES = 12;

function stateOf(steps: readonly LoggedStep[]): string {
  const { header, rows } = replay(steps);
  return sha256(canonicalJson([header, [...rows.values()]]));
}

function record(): Golden {
  const logs = fc.sample(schedule, { numRuns: SCHEDULES, seed: 1 }).map((each) => {
    // As a log keeps them: what is undefined is not there.
    const steps = JSON.parse(JSON.stringify(playSchedule(each).shell.log)) as LoggedStep[];
    return { steps, state: stateOf(steps) };
  });
  return { version: ENGINE_VERSION, logs };
}

it('decides about what it once decided as it did then, or bears another version', () => {
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(FILE, gzipSync(JSON.stringify(record()), { level: 9 }));
  const golden = JSON.parse(gunzipSync(readFileSync(FILE)).toString('utf8')) as Golden;
  expect(golden.version).toBe(ENGINE_VERSION);
  expect(golden.logs.reduce((sum, { steps }) => sum + steps.length, 0)).toBeGreaterThan(1000);
  expect(golden.logs.map(({ steps }) => stateOf(steps))).toEqual(golden.logs.map(({ state }) => state));
});
