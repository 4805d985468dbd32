import type { ClusterUid } from '../../cluster.js';
import type { Draft } from '../draft.js';
import type { RolloutEvent, TargetRow } from '../model.js';
import { TICK_PAGE } from '../need.js';
import { moved } from '../row-moves.js';
import { resolveWave } from '../plan-waves.js';
import { dropMendedHolds, judgeBudgets } from '../budgets.js';
import { isHeld } from './cluster-hold.js';
import type { Refusal } from './refusal.js';
import { isUnackedOf, rewritten } from './take-down.js';

type RemovedEvent = Extract<RolloutEvent, { type: 'removed' }>;

/** Clusters that left the placement, or that are no clusters of ours any more. */
export function removed(draft: Draft, event: RemovedEvent): Refusal | null {
  const gone = new Set(event.clusters);
  const remains = draft.rows().some((row) => !gone.has(row.uid) && row.state !== 'removed');
  if (event.why === 'left' && !remains && draft.rows().some((row) => gone.has(row.uid) && row.state !== 'removed')) {
    return {
      code: 'empty-placement',
      message: 'no cluster would be left: an empty placement is an error and never a deletion; nothing was changed',
    };
  }
  for (const uid of gone) {
    const row = draft.row(uid);
    if (row) removeOne(draft, row, event.why);
  }
  reResolve(draft);
  if (draft.changed) {
    dropMendedHolds(draft, ['noEvidence', 'unreachable']);
    draft.wakeNow();
  }
  return null;
}

function removeOne(draft: Draft, row: TargetRow, why: RemovedEvent['why']): void {
  const { leaving } = draft.header;
  if (why !== 'left') {
    const holdsNothing = row.assignment === null || (why === 'leaving' && row.assignment.release === null);
    if (row.state === 'removed' && holdsNothing) return;
    if (leaving.includes(row.uid)) draft.set({ leaving: leaving.filter((uid) => uid !== row.uid) });
    if (why === 'ended') end(draft, row);
    else withdraw(draft, row);
    return;
  }
  if (row.state === 'removed') return;
  const { running } = draft;
  const taken = running && isUnackedOf(row, running.id) ? rewritten(draft, row) : row;
  draft.put(moved(taken, 'removed', { message: 'it left the placement' }));
  draft.note('removed', `${row.name} left the placement`, { cluster: row.uid });
  if (taken.assignment !== null && taken.assignment.release !== null) draft.set({ leaving: [...leaving, row.uid] });
}

function end(draft: Draft, row: TargetRow): void {
  draft.put({ ...moved(row, 'removed', { message: 'its registration ended' }), assignment: null });
  draft.note('removed', `${row.name} is no cluster of ours any more`, { cluster: row.uid });
}

/** At once, whatever runs: the cluster takes no part in anything any more. */
function withdraw(draft: Draft, row: TargetRow): void {
  const { halted: _, ...gone } = moved(row, 'removed', { message: 'it leaves the fleet' });
  if (row.assignment === null || row.assignment.release === null) draft.put(gone);
  else {
    const { rollout } = row.assignment;
    draft.put(draft.assigned(gone, { release: null, overlay: '', digest: '', healthyForMs: 0, rollout }));
  }
  draft.note('withdrawn', `${row.name} leaves the fleet: the application is withdrawn from it`, { cluster: row.uid });
}

/** The naive form: percentages follow whoever is left. */
function reResolve(draft: Draft): void {
  if (draft.rules.budgetsFixedAtPlan) return;
  draft.running?.waves.forEach((wave, index) => {
    const spec = draft.running?.strategy.waves[index];
    const rest = wave.total - wave.counts.removed;
    if (spec && draft.running?.kind === 'forward')
      draft.setWave(index, { ...wave, ...resolveWave(spec, rest), total: wave.total });
  });
  judgeBudgets(draft);
}

/** Withdraws those who left, once no rollout runs: a page at a time. */
export function withdrawLeaving(draft: Draft): void {
  const { leaving } = draft.header;
  if (leaving.length === 0) return;
  const page: readonly ClusterUid[] = leaving.slice(0, TICK_PAGE);
  const held = page.filter((uid) => isHeld(draft, uid));
  for (const uid of page) {
    const row = held.includes(uid) ? undefined : draft.row(uid);
    if (!row || row.state !== 'removed' || row.assignment === null || row.assignment.release === null) continue;
    const rollout = row.assignment.rollout;
    draft.put(draft.assigned(row, { release: null, overlay: '', digest: '', healthyForMs: 0, rollout }));
    draft.note('withdrawn', `${row.name} left the placement: the application is withdrawn from it`, { cluster: uid });
  }
  // Nothing new reaches whom a person holds: they wait, behind the others, until they are let go.
  if (held.length === leaving.length) return;
  draft.set({ leaving: [...leaving.slice(page.length), ...held] });
  if (leaving.length > page.length && held.length < page.length) draft.wakeNow();
}
