import { assertNever } from '../assert-never.js';
import { assignableWave, openZones, underRules } from './may-assign.js';
import type { ApplicationHeader, Freeze, Millis, RolloutEvent, RowNeed, WaveProgress } from './model.js';
import { ENGINE_RULES, type EngineRules } from './rules.js';
import { freeSlots, isSettled } from './wave-counters.js';

/** Most rows of one kind that a tick takes. */
export const TICK_PAGE = 500;
/** Pending rows that are looked at for one free slot: unchanged and offline ones take none. */
const LOOK_AHEAD = 8;
/** As many where most of the wave took none so far: else every few of them would be a tick of their own. */
const LOOK_FAR_AHEAD = 64;

/**
 * Which rows `step` needs for an event, besides the header.
 * @param rules all on; only the property tests switch one off.
 */
export function need(header: ApplicationHeader, event: RolloutEvent, now: Millis, rules = ENGINE_RULES): RowNeed {
  switch (event.type) {
    case 'start':
    case 'rollback':
    case 'cancel':
    case 'replan':
      return { all: true };
    case 'pause':
      return event.hard ? { all: true } : {};
    case 'resume':
      return event.accept || header.rollout?.hard ? { all: true } : {};
    case 'retry':
      return event.clusters ? { uids: event.clusters } : { all: true };
    case 'removed':
      // That nobody would be left is an error and never a deletion: it takes all rows to see it.
      return event.why === 'left' ? { all: true } : { uids: event.clusters };
    case 'skip':
      return event.clusters ? { uids: event.clusters } : { all: true };
    case 'returned':
    case 'held':
    case 'unheld':
      return { uids: event.clusters };
    case 'reports':
      return { uids: event.reports.map(({ uid }) => uid) };
    case 'ahead':
      return { uids: [event.cluster] };
    case 'approve':
    case 'reject':
    case 'promote':
    case 'gateAnswer':
    case 'lift':
    case 'gap':
      return {};
    case 'tick':
      return tickNeed(header, event.freeze ?? null, Math.max(header.now, now), rules);
    default:
      return assertNever(event, 'event');
  }
}

/** Now in active time. */
export function activeTime(header: ApplicationHeader, now: Millis): Millis {
  return (header.frozenSince ?? now) - header.clockOffset;
}

function tickNeed(header: ApplicationHeader, freeze: Freeze | null, now: Millis, rules: EngineRules): RowNeed {
  const { rollout } = header;
  if (rollout?.state !== 'running') return { uids: header.leaving.slice(0, TICK_PAGE) };
  if (rollout.takeBack) return { all: true };
  if (rollout.holds.length > 0) return {};
  const active = activeTime(header, now);
  const seen = underRules(rollout, rules);
  const index = assignableWave(seen, now, rules.freezeStopsAssigning ? freeze : null);
  const wave = index === null ? undefined : seen.waves[index];
  const zones = wave && openZones(wave, now);
  const current = rollout.waves[rollout.wave];
  const soakEnds = current?.phase === 'soaking' && (current.soakUntil ?? 0) <= active && isSettled(current);
  return {
    rollout: rollout.id,
    due: { before: active, limit: TICK_PAGE },
    next: { after: active },
    ...(index !== null &&
      wave && {
        pending: {
          wave: index,
          limit: Math.min(TICK_PAGE, Math.max(freeSlots(wave) + wave.carried, lookAhead(wave))),
          ...(zones && { zones }),
        },
      }),
    ...(soakEnds && { silent: { wave: rollout.wave, since: current.soakSince ?? 0, limit: TICK_PAGE } }),
  };
}

function lookAhead({ total, counts }: WaveProgress): number {
  const hadTheirTurn = total - counts.pending;
  return 2 * (counts.unchanged + counts.deferred) > hadTheirTurn ? LOOK_FAR_AHEAD : LOOK_AHEAD;
}
