import type { Millis } from '../model.js';

/** What is known of a cluster's assignment from what went over the wire, not from the engine's counters. */
export interface Flight {
  readonly generation: number;
  readonly givenAt: Millis;
  /** Hub's absence since it was given, or acknowledged. */
  awayMs: Millis;
  since: Millis;
  /** When it may be given up at the earliest. */
  deadline: Millis;
  heard: boolean;
  concluded: boolean;
  /** The same bytes once more under another generation, for a cluster that has passed them: no flight, whatever it says. */
  readonly isIdle: boolean;
}
