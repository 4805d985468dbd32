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
  /**
   * The same bytes once more under another generation, for a cluster that has passed them. It keeps nobody else waiting; but should
   * it say progressing, nobody can tell it from one that is at work, and its slot is its own.
   */
  readonly isIdle: boolean;
}
