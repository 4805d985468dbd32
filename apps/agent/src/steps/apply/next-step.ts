import type { ApplicationHooks } from '../hooks/application-hooks.js';
import type { ApplicationInventory } from './application-inventory.js';
import type { ApplicationObjects } from './application-objects.js';
import type { DriftLedger } from './drift-ledger.js';
import type { HeldBundle } from './held-bundle.js';
import type { Asked, WorkerState } from './worker-state.js';

export type Step =
  /** Find out how far a halted generation came, and write nothing. */
  | { readonly kind: 'look'; readonly held: HeldBundle }
  | { readonly kind: 'adopt'; readonly asked: Asked }
  /** Go by other rules of health. */
  | { readonly kind: 'judge'; readonly held: HeldBundle }
  | { readonly kind: 'pass'; readonly held: HeldBundle }
  | { readonly kind: 'correct'; readonly held: HeldBundle }
  | { readonly kind: 'prune'; readonly held: HeldBundle }
  /** Run the hooks that come once everything is healthy. */
  | { readonly kind: 'hooks'; readonly held: HeldBundle }
  | { readonly kind: 'record'; readonly held: HeldBundle };

export interface Situation {
  readonly state: WorkerState;
  readonly drift: Pick<DriftLedger, 'isDirty'>;
  readonly objects: Pick<ApplicationObjects, 'unhealthy' | 'rules' | 'completed'>;
  readonly inventory: Pick<ApplicationInventory, 'surplusCount' | 'isStale' | 'hasFinishedSince'>;
  readonly hooks: Pick<ApplicationHooks, 'isLastDue'>;
  readonly isInstant: boolean;
}

/** The most urgent thing to do for an application; null: nothing. */
export function nextStep({ state, drift, objects, inventory, hooks, isInstant }: Situation): Step | null {
  const { asked, held, sync } = state;
  const areRulesNew = held !== null && !isInstant && objects.rules.differ(held.assignment.health);
  if (state.isHalted) {
    if (sync.kind === 'restoring' && held !== null) return { kind: 'look', held };
    return areRulesNew ? { kind: 'judge', held } : null;
  }
  if (asked !== null && sync.kind === 'working') return { kind: 'adopt', asked };
  if (held === null) return null;
  if (areRulesNew) return { kind: 'judge', held };
  if (state.isPassDue) return { kind: 'pass', held };
  if (drift.isDirty) return { kind: 'correct', held };
  // What ran to its end is remembered, whatever else is not healthy.
  if (!isInstant && inventory.hasFinishedSince(held.assignment, objects.completed())) return { kind: 'record', held };
  if (sync.kind !== 'applied' || objects.unhealthy().length > 0) return null;
  if (inventory.surplusCount > 0) return state.isPruneHeldUp ? null : { kind: 'prune', held };
  if (!isInstant && hooks.isLastDue(held.assignment)) return { kind: 'hooks', held };
  if (isInstant || !inventory.isStale(held.assignment)) return null;
  return { kind: 'record', held };
}
