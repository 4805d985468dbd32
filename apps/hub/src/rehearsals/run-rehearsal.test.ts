import { describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { DEFAULT_STRATEGY, newHeader, type RehearsalInput } from '#domain';
import { runRehearsal } from './run-rehearsal.js';

const BUILT = path.resolve('dist/apps/hub/src/rehearsals/rehearsal-worker.js');
const uids = Array.from({ length: 12 }, (_, index) => `c${index}`);
const input: RehearsalInput = {
  header: newHeader('web'),
  rows: [],
  start: {
    type: 'start',
    kind: 'forward',
    release: 1,
    strategy: DEFAULT_STRATEGY,
    members: uids.map((uid) => ({ uid, name: uid, labels: {}, facts: {}, overlay: 'o', digest: 'd'.repeat(64) })),
    automatic: false,
    actor: 'token:ann',
  },
  presence: uids.map((uid) => ({ uid, online: true, seenAt: 1000 })),
  rates: { failureRate: 0.05, offlineRate: 0.1 },
  seed: 5,
  now: 1000,
};
const never = new AbortController().signal;

function worker(): URL {
  if (!existsSync(BUILT)) throw new Error(`${BUILT} is missing: run the tests by \`npm test\`, which builds first`);
  return pathToFileURL(BUILT);
}

describe('a rehearsal beside the hub’s work', () => {
  it('says in a thread what it says in slices', async () => {
    const inSlices = await runRehearsal({ input, runs: 30 }, never, null);
    expect(inSlices).toMatchObject({ report: { runs: 30, clusters: 12 } });
    expect(await runRehearsal({ input, runs: 30 }, never, worker())).toEqual(inSlices);
  });

  it('says in either way that the start would be refused', async () => {
    const barred = { ...input, header: { ...input.header, barred: [1] } };
    for (const where of [null, worker()]) {
      expect(await runRehearsal({ input: barred, runs: 1 }, never, where)).toMatchObject({
        refused: { code: 'barred' },
      });
    }
  });

  it('lets everything else have its turn, and ends as soon as it is cancelled', async () => {
    for (const where of [null, worker()]) {
      const stopping = new AbortController();
      const began = performance.now();
      let turns = 0;
      const timer = setInterval(() => (turns += 1), 5);
      setTimeout(() => stopping.abort(new Error('the client went')), 300);
      await expect(runRehearsal({ input, runs: 1_000_000 }, stopping.signal, where)).rejects.toThrow('the client went');
      clearInterval(timer);
      expect(performance.now() - began).toBeLessThan(20_000);
      expect(turns).toBeGreaterThan(3);
    }
  });
});
