import type { ApplicationHeader } from './model.js';

/**
 * The header of an application that has none. The numbers of rollouts, events and steps go on where an earlier application of that
 * name left off, since its history and its log stay.
 */
export function newHeader(application: string, before = { rolloutNumber: 0, seq: 0, version: 0 }): ApplicationHeader {
  return {
    application,
    version: before.version,
    now: 0,
    clockOffset: 0,
    frozenSince: null,
    rolloutNumber: before.rolloutNumber,
    rollout: null,
    queued: null,
    baseline: null,
    earlierBaselines: [],
    newest: null,
    leaving: [],
    barred: [],
    wakeAt: null,
    seq: before.seq,
  };
}
