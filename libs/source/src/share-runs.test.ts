import { expect, it } from '@jest/globals';
import { shareRuns } from './share-runs.js';

function controlled() {
  const ends: ((failure?: Error) => void)[] = [];
  const run = () =>
    new Promise<void>((resolve, reject) => {
      ends.push((failure) => (failure === undefined ? resolve() : reject(failure)));
    });
  return { ends, shared: shareRuns(run) };
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 5));

it('gives calls that come together one run', async () => {
  const { ends, shared } = controlled();
  const calls = [shared(), shared(), shared()];
  await soon();
  expect(ends).toHaveLength(1);
  ends[0]?.();
  await Promise.all(calls);
});

it('gives calls that come during a run the next one, all the same one', async () => {
  const { ends, shared } = controlled();
  const first = shared();
  await soon();
  let late = 0;
  const calls = [shared(), shared()].map((call) => call.then(() => (late += 1)));
  ends[0]?.();
  await first;
  await soon();
  expect(ends).toHaveLength(2);
  expect(late).toBe(0);
  ends[1]?.();
  await Promise.all(calls);
});

it('lets a run that failed fail its own callers alone', async () => {
  const { ends, shared } = controlled();
  const first = shared();
  await soon();
  const second = shared();
  ends[0]?.(new Error('down'));
  await expect(first).rejects.toThrow('down');
  await soon();
  ends[1]?.();
  await expect(second).resolves.toBeUndefined();
  const third = shared();
  await soon();
  expect(ends).toHaveLength(3);
  ends[2]?.();
  await third;
});
