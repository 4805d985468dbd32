import { groupOf, type ObjectRef, refKey } from './object-ref.js';
import { compareForDeletion } from './stages.js';

/** One object that an application holds in the cluster, or may hold. */
export interface InventoryEntry extends ObjectRef {
  /** Digest of the Job's desired state that ran to its end: its removal by its TTL is no drift. */
  readonly completed?: string;
}

/** Old and new, each object once, as the new one names it: recorded before the first write, so that a crash leaves no orphan. */
export function unionInventory(
  old: readonly InventoryEntry[],
  next: readonly InventoryEntry[],
): readonly InventoryEntry[] {
  const union = new Map<string, InventoryEntry>();
  for (const entry of [...old, ...next]) {
    const key = refKey(entry);
    const { completed } = { ...union.get(key), ...entry };
    union.set(key, completed === undefined ? entry : { ...entry, completed });
  }
  return [...union.values()];
}

/** What the inventory has and the new bundle lacks, in the order of deletion, as lists that may be deleted at once. */
export function planPrune(
  inventory: readonly InventoryEntry[],
  keep: ReadonlySet<string>,
): readonly (readonly InventoryEntry[])[] {
  const surplus = inventory.filter((entry) => !keep.has(refKey(entry)));
  surplus.sort((a, b) => compareForDeletion(a, b) || (refKey(a) < refKey(b) ? 1 : -1));
  const groups: InventoryEntry[][] = [];
  let last: InventoryEntry | undefined;
  for (const entry of surplus) {
    if (last === undefined || last.kind !== entry.kind || groupOf(last.apiVersion) !== groupOf(entry.apiVersion)) {
      groups.push([]);
    }
    groups.at(-1)?.push(entry);
    last = entry;
  }
  return groups;
}
