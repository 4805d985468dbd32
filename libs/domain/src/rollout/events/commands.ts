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
import type { RolloutEvent, TargetRow } from '../model.js';
import { namesOf } from '../names-of.js';
import { pauseText } from '../pause-text.js';
import { moved } from '../row-moves.js';
import { actOf } from './act.js';
import { isHeld } from './cluster-hold.js';
import { close } from './end.js';
import { restartRefusedGates } from './gates.js';
import { haltInFlight, unhaltAll } from './halt.js';
import { namedRows, notRunning } from './named-rows.js';
import type { Refusal } from './refusal.js';
import { takenDown } from './take-down.js';

type EventOf<T extends RolloutEvent['type']> = Extract<RolloutEvent, { type: T }>;

/** Holds that the engine sets and that mend when their condition is gone. */
const ENGINE_HOLDS: readonly StoredHoldCode[] = ['failures', 'unreachable', 'noEvidence'];

/** Nothing new is assigned; with `hard` agents stop before their next object, too. */
export function pause(draft: Draft, event: EventOf<'pause'>): Refusal | null {
  const { running } = draft;
  if (!running) return notRunning(draft.header.rollout);
  if (running.hard || (draft.hasHold('user') && !event.hard)) return null;
  draft.addHold('user', pauseText(event));
  if (!event.hard) {
    draft.note('paused', `rollout ${running.id} paused; what is in flight goes on`, actOf(event));
    return null;
  }
  const halted = haltInFlight(draft);
  if (draft.running) draft.setRollout({ ...draft.running, hard: true });
  const stop = halted === 1 ? '1 agent stops before its' : `${halted} agents stop before their`;
  draft.note('paused', `rollout ${running.id} paused hard; ${stop} next object`, actOf(event));
  return null;
}

export function resume(draft: Draft, event: EventOf<'resume'>): Refusal | null {
  const { running } = draft;
  if (!running) return notRunning(draft.header.rollout);
  if (running.holds.length === 0) return null;
  const of = draft.header.application;
  const failed = overFailures(running.waves);
  const away = overUnreachable(running.waves);
  const current = running.waves[running.wave];
  if (draft.hasHold('noEvidence') && current && lacksEvidence(current)) {
    return {
      code: 'no-evidence',
      message:
        `${noEvidenceText(current)}: try them again (flotilla rollout retry ${of}), give the wave up ` +
        `(flotilla rollout skip ${of} --wave ${current.name} --reason WHY), or take the release back (flotilla rollout rollback ${of})`,
    };
  }
  if ((failed || away) && !event.accept) {
    const why = [failed && failuresText(failed), away && unreachableText(away)].filter(Boolean).join('; ');
    return {
      code: 'over-budget',
      message:
        `${why}: try them again (flotilla rollout retry ${of}), skip them, roll back, ` +
        `or accept them as they are (flotilla rollout resume ${of} --accept)`,
    };
  }
  const drops = running.deletionsAccepted ? [] : (running.drops ?? []);
  if (drops.length > 0 && !event.accept) {
    const hold = running.holds.find(({ code }) => code === 'deletions');
    return {
      code: 'deletions',
      message:
        `${hold?.message ?? `release ${running.release} deletes more than may go unasked`}; ` +
        `accept it (flotilla rollout resume ${of} --accept), or start another release`,
    };
  }
  if (event.accept) accept(draft, event);
  if (event.accept && drops.length > 0) acceptDeletions(draft, event);
  unhaltAll(draft);
  restartRefusedGates(draft);
  draft.setHolds([]);
  draft.note('resumed', `rollout ${running.id} resumed`, actOf(event));
  draft.wakeNow();
  return null;
}

function acceptDeletions(draft: Draft, event: EventOf<'resume'>): void {
  if (!draft.running) return;
  draft.setRollout({ ...draft.running, deletionsAccepted: true });
  draft.note('deletionsAccepted', `what release ${draft.running.release} deletes is accepted`, actOf(event));
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
      message: `${keeper.name} has no earlier release to go back to: start another one (flotilla rollout start ${draft.header.application})`,
    };
  }
  const held = named?.find(({ uid }) => isHeld(draft, uid));
  if (held)
    return { code: 'held', message: `${held.name} is held by a person: let it go first (${unhold(held.name)})` };
  const states: readonly TargetRow['state'][] = named ? ['failed', 'deferred', 'skipped'] : ['failed', 'deferred'];
  const all = (named ?? draft.rows()).filter((row) => row.rollout === running.id && states.includes(row.state));
  const rows = all.filter(({ uid }) => !isHeld(draft, uid));
  if (rows.length === 0) {
    if (named) return null;
    const [first] = all;
    return first
      ? {
          code: 'held',
          message: `all that could be tried again are held by a person: ${namesOf(all)} (${unhold(first.name)})`,
        }
      : { code: 'nothing-to-retry', message: 'no cluster of this rollout failed or is deferred' };
  }
  for (const row of rows) draft.put({ ...moved(row, 'pending'), requeued: true });
  draft.note('retried', `${namesOf(rows)} will be tried again`, actOf(event));
  dropMendedHolds(draft, ENGINE_HOLDS);
  draft.wakeNow();
  return null;
}

function unhold(cluster: string): string {
  return `flotilla cluster unhold ${cluster}`;
}

export function cancel(draft: Draft, event: EventOf<'cancel'>): Refusal | null {
  const { running } = draft;
  if (!running) return draft.header.rollout?.state === 'cancelled' ? null : notRunning(draft.header.rollout);
  draft.note('cancelled', `rollout ${running.id} cancelled; clusters keep what they acknowledged`, actOf(event));
  for (const row of draft.rows()) {
    if (row.rollout !== running.id) continue;
    const kept = takenDown(draft, row, running.id);
    if (kept !== row) draft.put(kept);
  }
  unhaltAll(draft);
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
