import type { Selector } from '../selector.js';

/** What a hub wants of every object that it rolls out. */
export interface PolicySpec {
  readonly mode: 'refuse' | 'warn';
  readonly match: {
    /** `apps/Deployment`, `Pod`, or `*`. */
    readonly kinds: readonly string[];
    /** Clusters that it is for; absent: all. */
    readonly selector?: Selector | undefined;
  };
  readonly rules: readonly PolicyRule[];
}

export interface PolicyRule {
  readonly name: string;
  /** CEL over `object`, `containers`, `cluster` and `application`: true where it is fine. */
  readonly expression: string;
  /** What is said where it is not. */
  readonly message: string;
}

/** Most characters of one expression. */
export const MAX_POLICY_EXPRESSION = 1000;
