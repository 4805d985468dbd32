import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { RejectedError, runMain } from '#kit';
import type { Verdict } from '../../libs/domain/src/rollout/testing/check-schedules.suite.js';
import type { Chunk } from './play-chunk.js';

/** Schedules that one worker plays at a time. */
const CHUNK = 500;
const MAX_WORKERS = 8;

/**
 * The engine's property tests at length: `npm run test:deep -- [--schedules N] [--seed S]`. Its last line is one JSON object; at a
 * violation it prints the seed and the schedule, and ends with 1.
 */
await runMain(async () => {
  const { schedules, seed } = parse(process.argv.slice(2));
  const workers = Math.min(MAX_WORKERS, availableParallelism());
  const chunks = chunksOf(schedules, seed);
  say(`${schedules} schedules from seed ${seed} in ${workers} workers`);
  const began = performance.now();
  const progress = { played: 0, saidAt: 0, violations: 0 };
  const coverage: Record<string, number> = {};

  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('./play-chunk.js', import.meta.url));
    try {
      for (let chunk = chunks.shift(); chunk && progress.violations === 0; chunk = chunks.shift()) {
        const verdict = await played(worker, chunk);
        progress.played += chunk.schedules;
        for (const [event, count] of Object.entries(verdict.coverage)) coverage[event] = (coverage[event] ?? 0) + count;
        if (verdict.failure) {
          progress.violations += 1;
          say(`seed ${chunk.seed}: ${verdict.failure.message}\n${verdict.failure.counterexample}`);
        }
        sayProgress();
      }
    } finally {
      await worker.terminate();
    }
  };

  const sayProgress = (): void => {
    const seconds = Math.round((performance.now() - began) / 1000);
    if (seconds < progress.saidAt + 10) return;
    progress.saidAt = seconds;
    say(`${progress.played} of ${schedules} after ${seconds} s, ${progress.violations} violations`);
  };

  await Promise.all(Array.from({ length: workers }, work));
  const rarest = Object.entries(coverage).sort(([, a], [, b]) => a - b);
  say(
    `rarest: ${rarest
      .slice(0, 12)
      .map(([event, count]) => `${event} ${count}`)
      .join(', ')}`,
  );
  say(`${progress.played} schedules in ${Math.round((performance.now() - began) / 1000)} s`);
  process.stdout.write(`${JSON.stringify({ schedules: progress.played, violations: progress.violations, seed })}\n`);
  if (progress.violations > 0) process.exitCode = 1;
});

function parse(args: readonly string[]): { readonly schedules: number; readonly seed: number } {
  const options = { schedules: { type: 'string', default: '100000' }, seed: { type: 'string' } } as const;
  const { values } = parseArgs({ args: [...args], options });
  const seed = values.seed ?? String(Math.floor(Math.random() * 2 ** 30));
  return { schedules: whole('schedules', values.schedules, 1), seed: whole('seed', seed, 0) };
}

function whole(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new RejectedError('bad-argument', `--${name} must be a whole number of at least ${least}, and is "${text}".`);
}

/** Each with a seed of its own, so that a violation is found again by `--schedules 500 --seed ITS`. */
function chunksOf(schedules: number, seed: number): Chunk[] {
  return Array.from({ length: Math.ceil(schedules / CHUNK) }, (_, index) => ({
    schedules: Math.min(CHUNK, schedules - index * CHUNK),
    seed: seed + index,
  }));
}

function played(worker: Worker, chunk: Chunk): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    worker.once('message', (verdict: Verdict) => {
      worker.off('error', reject);
      resolve(verdict);
    });
    worker.once('error', reject);
    worker.postMessage(chunk);
  });
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
