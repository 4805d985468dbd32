import type { HoldView, Why } from '#contract';
import type { Explanation } from '#domain';
import { holdView } from './views/hold-view.js';

/** Most lines of evidence. */
const MAX_EVIDENCE = 30;

export function whyOf(kind: Why['kind'], name: string, explanation: Explanation, more: readonly string[] = []): Why {
  return {
    kind,
    name,
    sentence: explanation.sentence,
    holds: explanation.holds.map(holdView),
    evidence: [...explanation.evidence, ...more].slice(0, MAX_EVIDENCE),
    can: [...explanation.can],
  };
}

/** Where nothing can be signed, that comes before whatever else is waited for. @param hold null: all can. */
export function withTrustHold(why: Why, hold: HoldView | null): Why {
  if (hold === null) return why;
  return {
    ...why,
    sentence: hold.message,
    holds: [hold, ...why.holds],
    evidence: [why.sentence, ...why.evidence],
    can: [...new Set(['flotilla trust', ...why.can])],
  };
}
