import { dropMendedHolds } from '../budgets.js';
import type { Draft } from '../draft.js';
import type { Rollout, RolloutEvent, TargetRow, WaveProgress } from '../model.js';
import { namesOf } from '../names-of.js';
import { moved } from '../row-moves.js';
import { actOf } from './act.js';
import { namedRows, notRunning } from './named-rows.js';
import type { Refusal } from './refusal.js';
import { isUnackedOf, rewritten } from './take-down.js';

type SkipEvent = Extract<RolloutEvent, { type: 'skip' }>;

/** Gives clusters up, or a whole wave: the rollout goes on without them. */
export function skip(draft: Draft, event: SkipEvent): Refusal | null {
  const { running } = draft;
  if (!running) return notRunning(draft.header.rollout);
  if (event.reason === undefined || event.reason.trim() === '') {
    return {
      code: 'reason-required',
      message: 'say why they are skipped: the reason is kept in the history (--reason)',
    };
  }
  return event.wave === undefined ? skipClusters(draft, running, event) : skipWave(draft, running, event, event.wave);
}

function skipClusters(draft: Draft, running: Rollout, event: SkipEvent): Refusal | null {
  if (!event.clusters?.length) {
    return { code: 'nothing-named', message: 'say whom to skip: clusters (--cluster NAME) or a wave (--wave NAME)' };
  }
  const named = namedRows(draft, running, event.clusters);
  if ('code' in named) return named;
  const settled = named.find(isSettledRow);
  if (settled) {
    return { code: 'not-skippable', message: `${settled.name} is ${settled.state}: there is nothing left to skip` };
  }
  const rows = named.filter(({ state }) => state !== 'skipped');
  if (rows.length === 0) return null;
  giveUp(draft, running, rows, event);
  draft.note('skipped', `${namesOf(rows)} skipped`, actOf(event));
  goOn(draft);
  return null;
}

function skipWave(draft: Draft, running: Rollout, event: SkipEvent, name: string): Refusal | null {
  const index = running.waves.findIndex((wave) => wave.name === name);
  const wave = running.waves[index];
  if (!wave) {
    const names = running.waves.map((each) => each.name).join(', ');
    return { code: 'unknown-wave', message: `rollout ${running.id} has no wave ${name}; its waves are ${names}` };
  }
  if (isOver(wave))
    return { code: 'not-skippable', message: `wave ${name} is ${wave.phase}: there is nothing left to skip` };
  if (wave.givenUp) return null;
  const rows = draft.rows().filter((row) => row.rollout === running.id && row.wave === index);
  const left = rows.filter((row) => !isSettledRow(row) && row.state !== 'skipped');
  giveUp(draft, running, left, event);
  const present = draft.running?.waves[index] ?? wave;
  draft.setWave(index, { ...present, givenUp: { by: event.actor, reason: event.reason ?? '' } });
  const whom = left.length === 0 ? 'nobody of it was left to do' : `${namesOf(left)} skipped`;
  draft.note('waveGivenUp', `wave ${name} is given up: ${whom}`, actOf(event));
  if (!draft.running?.waves.some(isRefused)) draft.dropHolds(['gate']);
  goOn(draft);
  return null;
}

function giveUp(draft: Draft, running: Rollout, rows: readonly TargetRow[], event: SkipEvent): void {
  for (const row of rows) {
    const taken = isUnackedOf(row, running.id) ? rewritten(draft, row) : row;
    draft.put(moved(taken, 'skipped', { message: `skipped by ${event.actor}: ${event.reason}` }));
  }
}

function goOn(draft: Draft): void {
  dropMendedHolds(draft, ['failures', 'unreachable', 'noEvidence']);
  draft.wakeNow();
}

function isSettledRow({ state }: TargetRow): boolean {
  return state === 'passed' || state === 'unchanged' || state === 'removed';
}

function isOver({ phase }: WaveProgress): boolean {
  return phase === 'done' || phase === 'skipped';
}

/** One of its gates said no, and still matters. */
function isRefused(wave: WaveProgress): boolean {
  return !isOver(wave) && !wave.givenUp && (wave.gates?.some(({ state }) => state === 'refused') ?? false);
}
