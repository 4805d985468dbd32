import type { Millis } from '../model.js';
import type { Spread } from './random.js';

/** How the clusters of a rehearsal behave. Rates are shares from 0 to 1, drawn for each cluster of each run. */
export interface RehearsalRates {
  /** From an assignment to its acknowledgement, there and back; half of it goes each way. */
  readonly latencyMs: Spread;
  /** From the acknowledgement until the workloads are up, or are known to fail. */
  readonly applyMs: Spread;
  /** On these the release fails as soon as it is applied. */
  readonly failureRate: number;
  /** On these it becomes healthy, and fails for good after `lateAfterMs`. */
  readonly lateFailureRate: number;
  readonly lateAfterMs: Spread;
  /** These lose their link, for `offlineMs`: one half before they read their assignment, the other once they acknowledged it. */
  readonly offlineRate: number;
  readonly offlineMs: Spread;
  /** These become healthy, and lose their health `flaps` times: progressing again, never failed. */
  readonly flapRate: number;
  readonly flaps: number;
  /** Healthy before each break. */
  readonly flapUpMs: Spread;
  readonly flapDownMs: Spread;
  /** How long people take for their yes at an approval gate. */
  readonly approvalMs: Millis;
  /** Agents send a sign of life so often. */
  readonly heartbeatMs: Millis;
  /** A cluster not heard of for so long is offline. */
  readonly silenceMs: Millis;
  /** A run that is not over after so long is `unfinished`. */
  readonly limitMs: Millis;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

export const REHEARSAL_DEFAULTS: RehearsalRates = {
  latencyMs: { median: 2000, p99: 10_000 },
  applyMs: { median: 30_000, p99: 120_000 },
  failureRate: 0,
  lateFailureRate: 0,
  lateAfterMs: { median: 2 * MINUTE, p99: 30 * MINUTE },
  offlineRate: 0,
  offlineMs: { median: 10 * MINUTE, p99: 4 * 60 * MINUTE },
  flapRate: 0,
  flaps: 5,
  flapUpMs: { median: 2 * MINUTE, p99: 6 * MINUTE },
  flapDownMs: { median: 20_000, p99: 90_000 },
  approvalMs: 0,
  heartbeatMs: MINUTE,
  silenceMs: 3.5 * MINUTE,
  limitMs: 90 * DAY,
};
