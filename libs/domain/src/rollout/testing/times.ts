import { HEALTHY_FOR_MS } from './simulated-cluster.js';

/** Durations of every wave in the schedules: short ones, so that a schedule is a matter of minutes of theirs. */
export const TIMES = { ackTimeoutMs: 60_000, progressDeadlineMs: 120_000, healthyForMs: HEALTHY_FOR_MS } as const;
