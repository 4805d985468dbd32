import { parentPort, workerData } from 'node:worker_threads';
import { compareAll, type ComparisonTask } from './run-comparison.js';

/** A thread of its own for one comparison; ends with it. */
parentPort?.postMessage(await compareAll(workerData as ComparisonTask, new AbortController().signal));
