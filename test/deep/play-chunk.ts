import { parentPort } from 'node:worker_threads';
import { checkSchedules } from '../../libs/domain/src/rollout/testing/check-schedules.suite.js';

/** What a worker is asked to play. */
export interface Chunk {
  readonly schedules: number;
  readonly seed: number;
}

parentPort?.on('message', ({ schedules, seed }: Chunk) => {
  parentPort?.postMessage(checkSchedules(schedules, seed));
});
