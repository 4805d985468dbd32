import type { Draft } from '../draft.js';
import type { Act, HeldRelease, Millis, Rollout, RolloutEvent, TargetRow } from '../model.js';
import { planDigest, waveDigest } from '../plan-digest.js';
import { resolveWave } from '../plan-waves.js';
import { fallback, isInFlight, moved } from '../row-moves.js';
import { DEFAULT_STRATEGY, WAVE_DEFAULTS } from '../strategy.js';
import { newWave } from '../wave-counters.js';
import { actOf } from './act.js';
import { withAssignment } from './assign.js';
import { isHeld, keptByHold } from './cluster-hold.js';
import { close } from './end.js';
import { unhalted } from './halt.js';
import { nextRollout, openRollout } from './open-rollout.js';
import type { Refusal } from './refusal.js';
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
      message: `release ${rollout.release} was rolled back already (${rollout.id}); to go further back, start the release that you want (flotilla rollout start ${draft.header.application} --release N)`,
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
  const { queued } = draft.header;
  const bad = old.release;
  const { id } = nextRollout(draft.header);
  const rows = draft.rows();
  const targets = targetsOf(draft, rows, old, act.withoutPrevious ?? 'keep');
  close(draft, 'rolledBack', id);
  bar(draft, bad);
  draft.set({ queued: queued?.release === bad ? null : queued });
  openRollout(draft, planned(draft, old, targets), act);
  draft.note('started', `rollback of release ${bad} started: ${targets.length} clusters have it`, actOf(act));
  // Who never had it, or left: nothing of theirs runs on.
  const isTarget = new Set(targets.map(({ row }) => row.uid));
  for (const row of rows) {
    if (isTarget.has(row.uid)) continue;
    const left = unhalted(draft, row.rollout === old.id ? stilled(row) : row);
    if (left !== row) draft.put(left);
  }
  targets.forEach(({ row, desired }, position) => {
    draft.put(targetOf(draft, row, { rollout: id, wave: 0, position, desired }, bad));
  });
  draft.wakeNow();
}

interface Target {
  readonly row: TargetRow;
  readonly desired: TargetRow['desired'];
}

/** Whoever has the release or may have begun with it, in the order of their turns, each with what it goes back to. */
function targetsOf(
  draft: Draft,
  rows: readonly TargetRow[],
  old: Rollout,
  withoutPrevious: 'keep' | 'withdraw',
): Target[] {
  const { active } = draft;
  const barred = [...draft.header.barred, old.release];
  return (
    rows
      // Whose assignment was rewritten (skipped, say) and who has not acknowledged that may have begun with it all the same.
      .filter(
        (row) =>
          row.state !== 'removed' &&
          (row.assignment?.release === old.release || (draft.rules.unackedTakenBack && isUnackedOf(row, old.id))),
      )
      .sort(
        (a, b) =>
          urgency(a, old, active) - urgency(b, old, active) ||
          b.wave - a.wave ||
          a.position - b.position ||
          (a.uid < b.uid ? -1 : 1),
      )
      .map((row) => ({ row, desired: fallback(row, barred) ?? withoutPrevious }))
  );
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
  before: TargetRow,
  place: Pick<TargetRow, 'rollout' | 'wave' | 'position' | 'desired'>,
  bad: number,
): TargetRow {
  const { zone: _1, healthBefore: _2, ...row } = unhalted(draft, before);
  const planned: TargetRow = { ...moved(row, 'pending'), ...place };
  const isRewritten = !row.acked && draft.rules.unackedRewritten;
  if (place.desired === 'keep') {
    const message = 'it had no earlier release: it keeps what it holds';
    // Paused hard it stopped half-way, or before it began: left out of its manifest it stays there.
    if (!isRewritten && !row.halted) return { ...moved(planned, 'skipped', { message }) };
    draft.dirty(row.uid);
    const { halted: _3, ...kept } = moved(planned, 'skipped', { message });
    return { ...kept, assignment: null };
  }
  if (isHeld(draft, row.uid) && row.acked && row.assignment?.release === bad) return keptByHold(planned);
  if (!isRewritten) {
    // In flight belongs to the cluster: it counts here too, and to turn it back costs no slot.
    const isCarried = isInFlight(row, draft.active) && draft.rules.inFlightCarried;
    return isCarried ? { ...planned, dueAt: row.dueAt, carried: true, requeued: true } : planned;
  }
  const wave = draft.running?.waves[0];
  if (!draft.isOnline(row.uid)) {
    const away = moved(planned, 'deferred', { reason: 'unreachable', message: 'it is offline' });
    return withAssignment(draft, away, wave);
  }
  const dueAt = draft.active + (wave?.ackTimeoutMs ?? 0);
  return { ...withAssignment(draft, moved(planned, 'assigned'), wave), dueAt };
}

/** One wave, without gates and windows, that no budget stops. */
function planned(draft: Draft, old: Rollout, targets: readonly Target[]): Parameters<typeof openRollout>[1] {
  const { strategy, release } = old;
  const total = targets.length;
  const last = strategy.waves.at(-1) ?? DEFAULT_STRATEGY.waves.at(-1) ?? { ...WAVE_DEFAULTS, name: '' };
  const { before: _1, after: _2, windows: _3, ...budgets } = last;
  const { maxConcurrency } = strategy.rollback;
  const resolved = resolveWave({ ...budgets, name: 'rollback', maxConcurrency, soakMs: 0 }, total);
  const wave = { ...resolved, maxFailures: total, maxUnreachable: total };
  const digest = waveDigest(
    wave,
    targets.map(({ row: { uid }, desired }) => ({ uid, ...digested(desired) })),
  );
  const { application } = draft.header;
  return {
    ...{ kind: 'rollback', release, strategy, warnings: [], holds: [] },
    waves: [newWave(wave, digest)],
    planDigest: planDigest({ application, release, kind: 'rollback', waves: [{ name: wave.name, digest }] }),
  };
}

function digested(desired: TargetRow['desired']): Pick<HeldRelease, 'overlay' | 'digest'> {
  return typeof desired === 'object' ? desired : { overlay: '', digest: '' };
}
