import type { StoredHoldCode } from '../../hold.js';
import {
  dropMendedHolds,
  failuresText,
  lacksEvidence,
  noEvidenceText,
  overFailures,
  overUnreachable,
  unreachableText,
} from '../budgets.js';
import type { Draft } from '../draft.js';
import type { Rollout, RolloutEvent, TargetRow } from '../model.js';
import { moved } from '../row-moves.js';
import { close } from './end.js';
import type { Refusal } from './refusal.js';
import { actOf } from './start.js';
import { isUnackedOf, rewritten, stilled } from './take-down.js';

type EventOf<T extends RolloutEvent['type']> = Extract<RolloutEvent, { type: T }>;

/** Holds that the engine sets and that mend when their condition is gone. */
const ENGINE_HOLDS: readonly StoredHoldCode[] = ['failures', 'unreachable', 'noEvidence'];

export function notRunning(rollout: Rollout | null): Refusal {
  if (!rollout) return { code: 'no-rollout', message: 'there was no rollout yet: start one first' };
  return {
    code: 'not-running',
    message: `rollout ${rollout.id} ended (${rollout.state}): nothing of it can be changed; start a release, or roll it back`,
  };
}

export function pause(draft: Draft, event: EventOf<'pause'>): Refusal | null {
  if (!draft.running) return notRunning(draft.header.rollout);
  if (draft.hasHold('user')) return null;
  const why = event.reason === undefined ? '' : `: ${event.reason}`;
  draft.addHold('user', `paused by ${event.actor}${why}`);
  draft.note('paused', `rollout ${draft.running.id} paused; what is in flight goes on`, actOf(event));
  return null;
}

export function resume(draft: Draft, event: EventOf<'resume'>): Refusal | null {
  const { running } = draft;
  if (!running) return notRunning(draft.header.rollout);
  if (running.holds.length === 0) return null;
  const failed = overFailures(running.waves);
  const away = overUnreachable(running.waves);
  const current = running.waves[running.wave];
  if (draft.hasHold('noEvidence') && current && lacksEvidence(current)) {
    return { code: 'no-evidence', message: `${noEvidenceText(current)}; retry them, skip them, or roll back` };
  }
  if ((failed || away) && !event.accept) {
    const why = [failed && failuresText(failed), away && unreachableText(away)].filter(Boolean).join('; ');
    return {
      code: 'over-budget',
      message: `${why}: retry them, skip them, roll back, or accept them as they are (resume --accept)`,
    };
  }
  if (event.accept) accept(draft, event);
  draft.setHolds([]);
  draft.note('resumed', `rollout ${running.id} resumed`, actOf(event));
  draft.wakeNow();
  return null;
}

/** By name: whoever fails from now on counts anew. */
function accept(draft: Draft, event: EventOf<'resume'>): void {
  for (const row of draft.rows()) {
    if (row.rollout !== draft.running?.id || row.accepted) continue;
    if (row.state !== 'failed' && row.state !== 'deferred') continue;
    draft.put({ ...row, accepted: true });
    draft.note('accepted', `${row.name} is accepted as ${row.state}`, { cluster: row.uid, ...actOf(event) });
  }
}

export function retry(draft: Draft, event: EventOf<'retry'>): Refusal | null {
  const { running } = draft;
  if (!running) return notRunning(draft.header.rollout);
  const named = event.clusters && namedRows(draft, running, event.clusters);
  if (named && 'code' in named) return named;
  const settled = named?.find(({ state }) => state === 'passed' || state === 'unchanged' || state === 'removed');
  if (settled) {
    return {
      code: 'not-retryable',
      message: `${settled.name} is ${settled.state}: only failed, deferred and skipped clusters can be retried`,
    };
  }
  const keeper = named?.find(({ desired }) => desired === 'keep');
  if (keeper) {
    return {
      code: 'not-retryable',
      message: `${keeper.name} has no earlier release to go back to: roll out another release`,
    };
  }
  const states: readonly TargetRow['state'][] = named ? ['failed', 'deferred', 'skipped'] : ['failed', 'deferred'];
  const rows = (named ?? draft.rows()).filter((row) => row.rollout === running.id && states.includes(row.state));
  if (rows.length === 0) {
    if (named) return null;
    return { code: 'nothing-to-retry', message: 'no cluster of this rollout failed or is deferred' };
  }
  for (const row of rows) draft.put({ ...moved(row, 'pending'), requeued: true });
  draft.note('retried', `${namesText(rows)} will be tried again`, actOf(event));
  dropMendedHolds(draft, ENGINE_HOLDS);
  draft.wakeNow();
  return null;
}

export function skip(draft: Draft, event: EventOf<'skip'>): Refusal | null {
  const { running } = draft;
  if (!running) return notRunning(draft.header.rollout);
  if (event.reason === undefined || event.reason.trim() === '') {
    return {
      code: 'reason-required',
      message: 'say why they are skipped: the reason is kept in the history (--reason)',
    };
  }
  const named = namedRows(draft, running, event.clusters ?? []);
  if ('code' in named) return named;
  const settled = named.find(({ state }) => state === 'passed' || state === 'unchanged' || state === 'removed');
  if (settled) {
    return { code: 'not-skippable', message: `${settled.name} is ${settled.state}: there is nothing left to skip` };
  }
  const rows = named.filter(({ state }) => state !== 'skipped');
  if (rows.length === 0) return null;
  for (const row of rows) {
    const taken = isUnackedOf(row, running.id) ? rewritten(draft, row) : row;
    draft.put(moved(taken, 'skipped', { message: `skipped by ${event.actor}: ${event.reason}` }));
  }
  draft.note('skipped', `${namesText(rows)} skipped`, actOf(event));
  dropMendedHolds(draft, ENGINE_HOLDS);
  draft.wakeNow();
  return null;
}

export function cancel(draft: Draft, event: EventOf<'cancel'>): Refusal | null {
  const { running } = draft;
  if (!running) return draft.header.rollout?.state === 'cancelled' ? null : notRunning(draft.header.rollout);
  draft.note('cancelled', `rollout ${running.id} cancelled; clusters keep what they acknowledged`, actOf(event));
  for (const row of draft.rows()) {
    if (row.rollout !== running.id) continue;
    // A rollback's own assignments lead to what is right: they stay.
    const kept = running.kind !== 'rollback' && isUnackedOf(row, running.id) ? rewritten(draft, row) : row;
    if (stilled(kept) !== row) draft.put(stilled(kept));
  }
  close(draft, 'cancelled');
  if (draft.header.leaving.length > 0) draft.wakeNow();
  return null;
}

export function lift(draft: Draft, event: EventOf<'lift'>): Refusal | null {
  const { barred, newest } = draft.header;
  if (!barred.includes(event.release)) return null;
  // Where nothing newer was rolled out since, the next poll takes it up again: that is what lifting is for.
  const isNewest = newest === event.release;
  draft.set({
    barred: barred.filter((release) => release !== event.release),
    ...(isNewest && { newest: event.release - 1 }),
  });
  draft.note('lifted', `release ${event.release} may be rolled out again`, actOf(event));
  return null;
}

function namedRows(draft: Draft, running: Rollout, clusters: readonly string[]): TargetRow[] | Refusal {
  const rows: TargetRow[] = [];
  for (const uid of clusters) {
    const row = draft.row(uid);
    if (!row || row.rollout !== running.id) {
      return { code: 'unknown-cluster', message: `${row?.name ?? uid} has no part in rollout ${running.id}` };
    }
    rows.push(row);
  }
  return rows;
}

function namesText(rows: readonly TargetRow[]): string {
  const names = rows.map(({ name }) => name).sort();
  return names.length <= 5 ? names.join(', ') : `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`;
}
