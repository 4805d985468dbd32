import type { FreezeView } from '#contract';
import type { Freeze } from '#domain';
import { iso, isoField } from './time.js';

/** The freeze in force; null: there is none, or its time is over. */
export function inForce(freeze: Freeze | null, now: number): Freeze | null {
  return freeze && (freeze.until === undefined || freeze.until > now) ? freeze : null;
}

export function freezeView({ by, reason, since, until }: Freeze): FreezeView {
  return { by, reason, since: iso(since), ...isoField('until', until) };
}
