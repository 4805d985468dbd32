import type { ApplicationHeader } from './model.js';

/** The header of an application that never had a rollout. */
export function newHeader(application: string): ApplicationHeader {
  return {
    application,
    version: 0,
    now: 0,
    clockOffset: 0,
    frozenSince: null,
    rolloutNumber: 0,
    rollout: null,
    queued: null,
    baseline: null,
    earlierBaselines: [],
    newest: null,
    leaving: [],
    barred: [],
    wakeAt: null,
    seq: 0,
  };
}
