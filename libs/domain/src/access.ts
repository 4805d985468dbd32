import type { Selector } from './selector.js';

/** Viewers read; approvers also say yes or no to gates; operators also run rollouts and declare objects; admins do all of it. */
export type Role = 'viewer' | 'operator' | 'approver' | 'admin';

/** How far a role reaches: both parts must hold. */
export interface Scope {
  /** Clusters whose labels and facts match; null: all of them, those that come later included. */
  readonly clusters: Selector | null;
  /** Names of applications, where `*` stands for any run of characters; null: all of them. */
  readonly applications: readonly string[] | null;
}

/** What somebody may do, and where. Of several, each counts by itself: a role of one never reaches into the scope of another. */
export interface Grant {
  readonly role: Role;
  readonly scope: Scope;
}

/** No bounds. */
export const EVERYWHERE: Scope = { clusters: null, applications: null };
