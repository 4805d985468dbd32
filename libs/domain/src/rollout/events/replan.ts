import { canonicalJson } from '../../canonical-json.js';
import { dropMendedHolds } from '../budgets.js';
import type { Draft } from '../draft.js';
import { isOverBudget } from '../drops.js';
import type { Approval, Rollout, RolloutEvent, WaveProgress } from '../model.js';
import { namesOf } from '../names-of.js';
import { planAgain } from '../plan-again.js';
import { planDigest } from '../plan-digest.js';
import type { StrategySpec } from '../strategy.js';
import { actOf } from './act.js';
import { waitAtGates } from './gates.js';
import { notRunning } from './named-rows.js';
import type { Refusal } from './refusal.js';

type ReplanEvent = Extract<RolloutEvent, { type: 'replan' }>;

/** The rest of the rollout under the labels, overlays and strategy of now; the release and who takes part stay. */
export function replan(draft: Draft, event: ReplanEvent): Refusal | null {
  const { running } = draft;
  const { application } = draft.header;
  if (!running) return notRunning(draft.header.rollout);
  const refusal = refusalOf(running, event.strategy, application);
  if (refusal) return refusal;
  const rows = draft.rows().filter((row) => row.rollout === running.id);
  const targets = new Set(rows.filter(({ state }) => state !== 'removed').map(({ uid }) => uid));
  const members = event.members.filter(({ uid }) => targets.has(uid));
  if (members.length === 0) {
    return {
      code: 'no-members',
      message: `no cluster of rollout ${running.id} is placed now: that is an error and never a deletion; nothing was changed`,
    };
  }
  const again = planAgain(application, running, rows, event.strategy, members);
  const next = replanned(running, event.strategy, underRules(draft, running, again), application);
  const old = new Map(rows.map((row) => [row.uid, row]));
  const changed = again.rows.filter((row) => old.get(row.uid) !== row);
  if (changed.length === 0 && canonicalJson(next) === canonicalJson(running)) return null;
  draft.rewrite(next, changed);
  const moves = again.moved.length === 0 ? 'nobody moves' : `${namesOf(again.moved)} moved`;
  const list = next.waves.map(({ name, total }) => `${name} (${total})`).join(', ');
  draft.note('replanned', `rollout ${running.id} is planned anew: ${moves}; waves ${list}`, actOf(event));
  for (const warning of next.warnings) if (!running.warnings.includes(warning)) draft.note('warning', warning);
  for (const wave of running.waves.slice(running.wave)) noteVoid(draft, wave);
  askAgain(draft, running);
  dropMendedHolds(draft, ['failures', 'unreachable', 'noEvidence']);
  draft.wakeNow();
  return null;
}

/** The naive form: an approval holds whatever is planned anew. */
function underRules({ rules }: Draft, running: Rollout, again: Pick<Rollout, 'waves' | 'warnings'>): typeof again {
  if (rules.approvalsBindToPlan) return again;
  const waves = again.waves.map((wave, index) => ({ ...wave, digest: running.waves[index]?.digest ?? wave.digest }));
  return { ...again, waves };
}

function refusalOf(running: Rollout, strategy: StrategySpec, application: string): Refusal | null {
  if (running.kind !== 'forward') {
    const what = running.kind === 'rollback' ? 'rollback' : 'catch-up';
    return {
      code: 'not-forward',
      message: `${running.id} is a ${what} in one wave of its own: there is nothing to plan anew`,
    };
  }
  if (!running.waves[running.wave]) {
    return {
      code: 'nothing-to-replan',
      message: `all waves of rollout ${running.id} are over, only clusters in flight are left: wait for its end (flotilla rollout status ${application} --watch)`,
    };
  }
  const fixed = running.waves.slice(0, running.wave + 1).map(({ name }) => name);
  if (fixed.every((name, index) => strategy.waves[index]?.name === name)) return null;
  return {
    code: 'waves-changed',
    message:
      `waves up to the open one (${fixed.join(', ')}) must be there as they are, in this order: ` +
      `else cancel it (flotilla rollout cancel ${application}) and start the release anew (flotilla rollout start ${application} --release ${running.release})`,
  };
}

function replanned(
  running: Rollout,
  strategy: StrategySpec,
  { waves, warnings }: Pick<Rollout, 'waves' | 'warnings'>,
  application: string,
): Rollout {
  const { drops: old = [], ...rest } = running;
  const drops = old.filter((drop) => isOverBudget(drop, strategy.maxDeletions));
  const { kind, release } = running;
  return {
    ...rest,
    ...{ strategy, waves, warnings },
    planDigest: planDigest({ application, kind, release, waves }),
    ...(drops.length > 0 && { drops }),
  };
}

/** An approval is for the wave as it was: whose counts no more is said. */
function noteVoid(draft: Draft, old: WaveProgress): void {
  const wave = draft.running?.waves.find(({ name }) => name === old.name);
  if (wave?.digest === old.digest) return;
  const given = (old.gates ?? []).flatMap(({ approvals = [] }) => approvals);
  const actors = [
    ...new Set(given.filter((approval: Approval) => approval.digest === old.digest).map(({ actor }) => actor)),
  ];
  if (actors.length === 0) return;
  draft.note(
    'approvalVoid',
    `wave ${old.name} is another one now: the approval of ${actors.join(', ')} counts no more`,
  );
}

/** The open wave was begun with people's approval, and is another one now: nothing more of it is assigned before they say yes again. */
function askAgain(draft: Draft, before: Rollout): void {
  const { running } = draft;
  const wave = running?.waves[running.wave];
  if (!running || !wave || wave.phase === 'gateBefore' || wave.phase === 'pending' || wave.givenUp) return;
  if (wave.digest === before.waves[running.wave]?.digest) return;
  if (!wave.before?.some(({ type }) => type === 'approval')) return;
  const { openedAt: _1, soakSince: _2, soakUntil: _3, soakEndedBy: _4, ...rest } = wave;
  draft.setWave(running.wave, waitAtGates(draft, rest, 'before'));
}
