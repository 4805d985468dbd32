import type { Freeze, Millis, Rollout, RolloutKind, TargetRow, WaveProgress } from './model.js';
import type { EngineRules } from './rules.js';
import { freeSlots, isOpened } from './wave-counters.js';
import { isOpen, nextOpening } from './windows.js';

/** Whether a freeze is in force for this kind of rollout: taking a release back never waits for one. */
export function isFrozen(kind: RolloutKind, freeze: Freeze | null | undefined, now: Millis): freeze is Freeze {
  if (!freeze || kind === 'rollback') return false;
  return freeze.until === undefined || freeze.until > now;
}

/** Whether the wave's windows let this cluster be assigned now. */
export function isInWindow({ windows }: Pick<WaveProgress, 'windows'>, zone: string | undefined, now: Millis): boolean {
  return windows === undefined || windows.length === 0 || isOpen(windows, zone ?? 'UTC', now);
}

/** The rollout as the naive form sees it, where windows are looked at no more once a wave is open. */
export function underRules(rollout: Rollout, { windowsAtEachTurn }: EngineRules): Rollout {
  if (windowsAtEachTurn) return rollout;
  const waves = rollout.waves.map(({ windows: _1, zones: _2, closedUntil: _3, ...wave }) => wave);
  return { ...rollout, waves };
}

/** Whether a pending cluster may have its turn now: its wave is open, nothing is frozen, and one of its windows is open. */
export function mayAssign(
  rollout: Rollout,
  row: Pick<TargetRow, 'wave' | 'zone'>,
  now: Millis,
  freeze?: Freeze | null,
): boolean {
  const wave = rollout.waves[row.wave];
  if (!wave || row.wave > rollout.wave || !isOpened(wave)) return false;
  return !isFrozen(rollout.kind, freeze, now) && isInWindow(wave, row.zone, now);
}

/** The time zones of a wave in which a window is open now; null: it has no windows. */
export function openZones({ windows, zones = [] }: WaveProgress, now: Millis): readonly string[] | null {
  if (windows === undefined || windows.length === 0) return null;
  return zones.filter((zone) => isOpen(windows, zone, now));
}

/**
 * The wave that pending rows are to be loaded of: the first opened one with something to assign. Earlier waves first: a retried
 * or returned cluster of a wave that is done goes before new ones, under its own wave's cap. A wave whose windows are closed for
 * whoever is pending keeps none of the others waiting.
 */
export function assignableWave(rollout: Rollout, now: Millis, freeze?: Freeze | null): number | null {
  if (isFrozen(rollout.kind, freeze, now)) return null;
  for (let index = 0; index <= rollout.wave && index < rollout.waves.length; index += 1) {
    const wave = rollout.waves[index];
    if (!wave || !isOpened(wave) || wave.counts.pending === 0 || (wave.closedUntil ?? now) > now) continue;
    if (freeSlots(wave) <= 0 && wave.carried === 0) continue;
    if (openZones(wave, now)?.length === 0 && (wave.zones?.length ?? 0) > 0) continue;
    return index;
  }
  return null;
}

/** When and where the next window opens of the wave's time zones that are closed now; null: none is, or none ever opens. */
export function nextZoneOpening(
  { windows = [], zones = [] }: WaveProgress,
  now: Millis,
): { readonly zone: string; readonly at: Millis } | null {
  let next: { readonly zone: string; readonly at: Millis } | null = null;
  for (const zone of zones) {
    const at = nextOpening(windows, zone, now);
    if (at !== null && at > now && (next === null || at < next.at)) next = { zone, at };
  }
  return next;
}
