import type { RolloutView, WaveView, Whoami } from '#contract';

export type ActId =
  'pause' | 'resume' | 'approve' | 'reject' | 'retry' | 'skip' | 'promote' | 'replan' | 'rollback' | 'cancel';

/** What can be done with a rollout as it stands. */
export interface OfferedAct {
  readonly id: ActId;
  /** The button's word. */
  readonly verb: string;
  readonly needs: Whoami['role'];
  readonly isDangerous: boolean;
  /** What the rollout waits for just now: it stands out. */
  readonly isNext: boolean;
}

type Gate = NonNullable<WaveView['gates']>[number];

/** The side of a wave's gates that waits in its present phase. */
function sideOf({ phase }: WaveView): Gate['when'] | null {
  if (phase === 'gateBefore') return 'before';
  return phase === 'gateAfter' ? 'after' : null;
}

const isOver = ({ phase }: WaveView): boolean => phase === 'done' || phase === 'skipped';

/** Waves with an approval gate that nobody opened or refused yet: the one that waits, and later ones, which take a yes ahead of time. */
export function approvableWaves({ waves }: RolloutView): readonly WaveView[] {
  return waves.filter(
    (wave) =>
      !isOver(wave) &&
      !wave.givenUp &&
      (wave.gates ?? []).some(({ type, state, when }) => {
        const side = sideOf(wave);
        return type === 'approval' && state === 'waiting' && (side === null ? isAhead(wave, when) : when === side);
      }),
  );
}

/** A gate before a wave that runs already is of the past. */
const isAhead = ({ phase }: WaveView, when: Gate['when']): boolean => phase === 'pending' || when === 'after';

/** Waves that can be given up. */
export function skippableWaves({ waves }: RolloutView): readonly WaveView[] {
  return waves.filter((wave) => !isOver(wave) && !wave.givenUp);
}

/** Holds that speak against the release. */
const TROUBLE = ['failures', 'unreachable', 'noEvidence', 'gate'];

/**
 * Pure: the acts that make sense now, what it waits for first.
 * @param isNewest whether it is its application's newest rollout: commands go to that one alone.
 */
export function offeredActs(rollout: RolloutView, isNewest: boolean): readonly OfferedAct[] {
  if (!isNewest || rollout.at !== undefined) return [];
  const codes = new Set(rollout.holds.map(({ code }) => code));
  const isBad = rollout.state === 'running' && TROUBLE.some((code) => codes.has(code));
  const rollback = offer('rollback', 'Roll back', { isDangerous: true, isNext: isBad });
  if (rollout.state !== 'running')
    return rollout.kind === 'rollback' || rollout.state === 'rolledBack' ? [] : [rollback];
  const wave = rollout.waves[rollout.wave];
  const gates = wave?.gates?.filter(({ when, state }) => when === sideOf(wave) && state === 'waiting') ?? [];
  const isAsked = gates.some(({ type }) => type === 'approval') && !rollout.paused;
  // Resumed as it is it would be refused: what failed is tried again first, or accepted.
  const isBeyond = codes.has('failures') || codes.has('unreachable');
  const isPromotable = wave?.phase === 'soaking' || gates.some(({ type }) => type === 'schedule');
  const unsettled = (rollout.counts.failed ?? 0) + (rollout.counts.deferred ?? 0);
  return [
    ...(isAsked || approvableWaves(rollout).length > 0
      ? [
          offer('approve', 'Approve', { isNext: isAsked, needs: 'approver' }),
          offer('reject', 'Reject', { needs: 'approver' }),
        ]
      : []),
    ...(rollout.paused && !codes.has('noEvidence') ? [offer('resume', 'Resume', { isNext: !isBeyond })] : []),
    ...(codes.has('user') && rollout.hard ? [] : [offer('pause', codes.has('user') ? 'Pause hard' : 'Pause')]),
    ...(isPromotable ? [offer('promote', 'Promote')] : []),
    ...(unsettled > 0 ? [offer('retry', 'Retry', { isNext: isBeyond || codes.has('noEvidence') })] : []),
    ...(rollout.kind === 'rollback' ? [] : [rollback]),
    ...(skippableWaves(rollout).length > 0 ? [offer('skip', 'Skip a wave')] : []),
    ...(rollout.kind === 'forward' ? [offer('replan', 'Replan')] : []),
    offer('cancel', 'Cancel rollout', { isDangerous: true }),
  ];
}

function offer(
  id: ActId,
  verb: string,
  {
    isDangerous = false,
    isNext = false,
    needs = 'operator',
  }: { isDangerous?: boolean; isNext?: boolean; needs?: Whoami['role'] } = {},
): OfferedAct {
  return { id, verb, needs, isDangerous, isNext };
}
