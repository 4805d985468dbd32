import type { ClusterUid } from '../../cluster.js';
import { dropMendedHolds } from '../budgets.js';
import type { Draft } from '../draft.js';
import { isLive, moved } from '../row-moves.js';

/**
 * Deferred clusters are heard of again. Who has its assignment takes a slot at once, over the cap if need be; who has none
 * waits for a slot, before the others. What was lost needs a report, not a sign of life.
 */
export function returned(draft: Draft, clusters: readonly ClusterUid[]): void {
  const { running } = draft;
  if (!running) return;
  for (const uid of clusters) {
    const row = draft.row(uid);
    if (!row || row.rollout !== running.id || row.state !== 'deferred') continue;
    // It waits for the person who holds it, not for its link.
    if (row.reason === 'hold') continue;
    if (isLive(row) && !draft.rules.returnedTakesSlot) continue;
    const isAssigned = isLive(row);
    const dueAt = draft.active + (running.waves[row.wave]?.ackTimeoutMs ?? 0);
    draft.put(isAssigned ? { ...moved(row, 'assigned'), dueAt } : { ...moved(row, 'pending'), requeued: true });
    if (isAssigned) draft.wakeBy(dueAt);
    draft.note('returned', `${row.name} is back`, { cluster: uid });
  }
  if (!draft.changed) return;
  dropMendedHolds(draft, ['noEvidence', 'unreachable']);
  draft.wakeNow();
}

/** The hub itself was away for so long: nobody else's silence. Under a hold time stands still anyway. */
export function gap(draft: Draft, ms: number): void {
  const { running, header, rules } = draft;
  if (!running || header.frozenSince !== null || !(ms > 0) || !rules.gapMovesDeadlines) return;
  // Due at once, and not in this transaction: the reports that wait on the bus are taken first.
  draft.set({ clockOffset: header.clockOffset + ms, wakeAt: draft.now });
  draft.note('gap', `the hub was away for ${Math.round(ms / 1000)} s: deadlines are moved by as much`);
}
