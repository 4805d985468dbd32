import type { JsonObject } from '#domain';
import type { Unit } from '#ports';
import type { Caller } from './access/permit.js';

/** Writes who did what to what, in the transaction of the act itself. */
export async function audit(
  unit: Unit,
  { now, caller }: { readonly now: number; readonly caller: Pick<Caller, 'actor'> },
  act: string,
  object: string,
  more: { readonly reason?: string | undefined; readonly detail?: JsonObject } = {},
): Promise<void> {
  await unit.audit.append({
    at: now,
    actor: caller.actor,
    act,
    object,
    ...(more.reason && { reason: more.reason }),
    ...(more.detail && { detail: more.detail }),
  });
}
