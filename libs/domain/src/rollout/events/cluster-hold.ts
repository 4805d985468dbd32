import type { ClusterUid } from '../../cluster.js';
import { dropMendedHolds } from '../budgets.js';
import type { Draft } from '../draft.js';
import { mayAssign } from '../may-assign.js';
import type { RolloutEvent, TargetRow } from '../model.js';
import { isLive, moved } from '../row-moves.js';
import { actOf } from './act.js';
import { rewritten } from './take-down.js';

type HeldEvent = Extract<RolloutEvent, { type: 'held' }>;
type UnheldEvent = Extract<RolloutEvent, { type: 'unheld' }>;

/** Whether a person holds the cluster, as the shell says. */
export function isHeld(draft: Draft, uid: ClusterUid): boolean {
  return draft.loadedRow(uid)?.held === true;
}

/**
 * A person's hand on a cluster: whatever it acknowledged goes on, nothing else reaches it. Taking back is no exception, except
 * that an assignment which already leads back stays.
 */
export function held(draft: Draft, event: HeldEvent): void {
  for (const uid of event.clusters) {
    const row = draft.row(uid);
    const kept = row && heldRow(draft, row);
    if (!kept || kept === row) continue;
    draft.put(kept);
    if (kept.state !== row.state || kept.reason !== row.reason) {
      draft.note('clusterHeld', `${row.name} is held: ${kept.message ?? 'nothing new is assigned to it'}`, {
        cluster: uid,
        ...actOf(event),
      });
    }
  }
  settle(draft);
}

function heldRow(draft: Draft, row: TargetRow): TargetRow {
  const { running } = draft;
  if (running?.id !== row.rollout) return row.state === 'removed' || !isLive(row) ? row : rewritten(draft, row);
  if (running.kind === 'rollback') return row.state === 'pending' && row.acked ? keptByHold(row) : row;
  switch (row.state) {
    case 'pending':
      // In flight it goes on; and before its wave opens nothing is decided.
      return row.carried || !mayAssign(running, row, draft.now) ? row : putOff(row);
    case 'assigned':
      return row.acked ? row : putOff(draft.rules.heldUnackedRewritten ? rewritten(draft, row) : row);
    case 'deferred':
      return row.reason === 'hold' ? row : putOff(isLive(row) ? rewritten(draft, row) : row);
    case 'progressing':
    case 'passed':
    case 'unchanged':
    case 'failed':
    case 'skipped':
    case 'removed':
      return row;
  }
}

/** A pending one's turn has come, and a person holds it. */
export function putOff(row: TargetRow): TargetRow {
  return { ...moved(row, 'deferred', { reason: 'hold', message: 'a person holds the cluster' }), accepted: true };
}

/** In a rollback: it keeps what is taken back, until somebody lets it go and retries it. */
export function keptByHold(row: TargetRow): TargetRow {
  const release = row.assignment?.release;
  const what = typeof release === 'number' ? `release ${release}` : 'what it has';
  return moved(row, 'failed', { reason: 'hold', message: `a person holds the cluster: it keeps ${what}` });
}

/** Whoever was put off by a hold has its turn now; what failed by it waits for a retry. */
export function unheld(draft: Draft, event: UnheldEvent): void {
  for (const uid of event.clusters) {
    const row = draft.row(uid);
    if (!row) continue;
    const says = { cluster: uid, ...actOf(event) };
    if (row.rollout === draft.running?.id && row.state === 'deferred' && row.reason === 'hold') {
      draft.put({ ...moved(row, 'pending'), requeued: true });
      draft.note('clusterUnheld', `${row.name} is held no more: its turn comes`, says);
    } else if (!draft.running && draft.header.leaving.includes(uid)) {
      draft.note('clusterUnheld', `${row.name} is held no more: the application is withdrawn from it`, says);
    }
  }
  settle(draft);
}

function settle(draft: Draft): void {
  if (!draft.changed) return;
  dropMendedHolds(draft, ['noEvidence', 'unreachable']);
  draft.wakeNow();
}
