import { parentPort, workerData } from 'node:worker_threads';
import { rehearse } from '#domain';
import type { RehearsalTask } from './run-rehearsal.js';

/** A thread of its own for one rehearsal; ends with it. */
const { input, runs } = workerData as RehearsalTask;
parentPort?.postMessage(rehearse(input, runs));
