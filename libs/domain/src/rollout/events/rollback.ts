import type { Draft } from '../draft.js';
import type { Act, Millis, Rollout, RolloutEvent, TargetRow } from '../model.js';
import { resolveWave } from '../plan-waves.js';
import { fallback, isInFlight, moved } from '../row-moves.js';
import { DEFAULT_STRATEGY, WAVE_DEFAULTS } from '../strategy.js';
import { newWave } from '../wave-counters.js';
import { close } from './end.js';
import type { Refusal } from './refusal.js';
import { actOf } from './start.js';
import { isUnackedOf, stilled } from './take-down.js';

type RollbackEvent = Extract<RolloutEvent, { type: 'rollback' }>;

/** Takes the present or last release back, whether its rollout runs or ended long ago. */
export function rollback(draft: Draft, event: RollbackEvent): Refusal | null {
  const { rollout } = draft.header;
  if (!rollout) return { code: 'no-rollout', message: 'there was no rollout yet: there is nothing to take back' };
  if (rollout.kind === 'rollback') {
    // Asked for twice is asked for once.
    if (rollout.state === 'running') return null;
    return {
      code: 'nothing-to-roll-back',
      message: `release ${rollout.release} was rolled back already (${rollout.id}); to go further back, start the release that you want`,
    };
  }
  takeBack(draft, event);
  return null;
}

/**
 * A rollout of its own kind, in one wave: failed and in-flight clusters first, then the others, latest wave first, at most
 * rollback.maxConcurrency at once. It never stops for failures or absence, which its receipt tells of: half a fleet on what is
 * being taken back helps nobody. Only a rollback that nobody confirmed holds (`noEvidence`).
 * Whoever has not acknowledged the release gets the rewritten assignment in this very step, whatever the slots.
 */
export function takeBack(draft: Draft, act: Act & Pick<RollbackEvent, 'withoutPrevious'>): void {
  const old = draft.header.rollout;
  if (!old) return;
  const { application, rolloutNumber, queued } = draft.header;
  const bad = old.release;
  const number = rolloutNumber + 1;
  const id = `${application}-${number}`;
  const rows = draft.rows();
  const { active } = draft;
  // Whose assignment was rewritten already (skipped, say) and who has not acknowledged that may have begun with it all the same.
  const targets = rows.filter(
    (row) => row.state !== 'removed' && (row.assignment?.release === bad || isUnackedOf(row, old.id)),
  );
  close(draft, 'rolledBack', id);
  bar(draft, bad);
  draft.set({ rolloutNumber: number, queued: queued?.release === bad ? null : queued });
  draft.setRollout(rolloutOf(old, { id, number, total: targets.length, now: draft.now }, act));
  draft.adjustClock();
  draft.note('started', `rollback of release ${bad} started: ${targets.length} clusters have it`, actOf(act));
  // Who never had it, or left: nothing of theirs runs on.
  const isTarget = new Set(targets.map(({ uid }) => uid));
  for (const row of rows) {
    if (row.rollout === old.id && !isTarget.has(row.uid) && stilled(row) !== row) draft.put(stilled(row));
  }
  targets
    .sort(
      (a, b) =>
        urgency(a, old, active) - urgency(b, old, active) ||
        b.wave - a.wave ||
        a.position - b.position ||
        (a.uid < b.uid ? -1 : 1),
    )
    .forEach((row, position) =>
      draft.put(targetOf(draft, row, { rollout: id, position, bad }, act.withoutPrevious ?? 'keep')),
    );
  draft.wakeNow();
}

/** Failed and in-flight first. */
function urgency(row: TargetRow, old: Rollout, active: Millis): number {
  const isTroubled = row.state === 'failed' || row.failedSince !== undefined || isInFlight(row, active);
  return (row.rollout === old.id && isTroubled) || row.report?.phase === 'failed' ? 0 : 1;
}

function bar(draft: Draft, release: number): void {
  const { barred, baseline, earlierBaselines } = draft.header;
  if (draft.rules.rolledBackBarred) {
    if (!barred.includes(release)) draft.set({ barred: [...barred, release].sort((a, b) => a - b) });
  } else {
    draft.set({ newest: null });
  }
  const earlier = earlierBaselines.filter((each) => each !== release);
  if (baseline === release) draft.set({ baseline: earlier.at(-1) ?? null, earlierBaselines: earlier.slice(0, -1) });
  else if (earlier.length < earlierBaselines.length) draft.set({ earlierBaselines: earlier });
}

function targetOf(
  draft: Draft,
  row: TargetRow,
  { bad, ...place }: { readonly rollout: string; readonly position: number; readonly bad: number },
  withoutPrevious: 'keep' | 'withdraw',
): TargetRow {
  const desired = fallback(row, [...draft.header.barred, bad]) ?? withoutPrevious;
  const planned: TargetRow = { ...moved(row, 'pending'), ...place, wave: 0, desired };
  const isRewritten = !row.acked && draft.rules.unackedRewritten;
  if (desired === 'keep') {
    const message = 'it had no earlier release: it keeps what it holds';
    if (!isRewritten) return { ...moved(planned, 'skipped', { message }) };
    draft.dirty(row.uid);
    return { ...moved(planned, 'skipped', { message }), assignment: null };
  }
  // In flight belongs to the cluster: it counts here too, and to turn it back costs no slot.
  const isCarried = isInFlight(row, draft.active) && draft.rules.inFlightCarried;
  if (!isRewritten) {
    return isCarried ? { ...planned, dueAt: row.dueAt, carried: true, requeued: true } : planned;
  }
  const wave = draft.header.rollout?.waves[0];
  const what = desired === 'withdraw' ? { release: null, overlay: '', digest: '' } : desired;
  const healthyForMs = desired === 'withdraw' ? 0 : (wave?.healthyForMs ?? 0);
  if (!draft.isOnline(row.uid)) {
    const away = moved(planned, 'deferred', { reason: 'unreachable', message: 'it is offline' });
    return draft.assigned(away, { ...what, healthyForMs, rollout: place.rollout });
  }
  const dueAt = draft.active + (wave?.ackTimeoutMs ?? 0);
  return { ...draft.assigned(moved(planned, 'assigned'), { ...what, healthyForMs, rollout: place.rollout }), dueAt };
}

function rolloutOf(old: Rollout, made: { id: string; number: number; total: number; now: number }, act: Act): Rollout {
  const { id, number, total, now } = made;
  const { strategy } = old;
  const last = strategy.waves.at(-1) ?? DEFAULT_STRATEGY.waves.at(-1) ?? { ...WAVE_DEFAULTS, name: '' };
  const wave = resolveWave(
    { ...last, name: 'rollback', maxConcurrency: strategy.rollback.maxConcurrency, soakMs: 0 },
    total,
  );
  return {
    id,
    number,
    kind: 'rollback',
    release: old.release,
    state: 'running',
    strategy,
    waves: [newWave({ ...wave, maxFailures: total, maxUnreachable: total })],
    wave: 0,
    holds: [],
    startedAt: now,
    startedBy: act.actor,
    ...(act.reason !== undefined && { reason: act.reason }),
    warnings: [],
    planDigest: '',
  };
}
