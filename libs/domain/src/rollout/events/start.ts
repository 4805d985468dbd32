import type { ClusterUid } from '../../cluster.js';
import type { Draft } from '../draft.js';
import type { Member, Rollout, RolloutEvent, RolloutKind, StoredHold, TargetRow } from '../model.js';
import { planWaves, type WavePlan } from '../plan-waves.js';
import { fallback, isInFlight } from '../row-moves.js';
import type { StrategySpec } from '../strategy.js';
import { newWave } from '../wave-counters.js';
import { close } from './end.js';
import type { Refusal } from './refusal.js';
import { isUnackedOf, rewritten, stilled } from './take-down.js';

export type StartEvent = Extract<RolloutEvent, { type: 'start' }>;

/** A new release, or the baseline for newcomers. */
export function start(draft: Draft, event: StartEvent): Refusal | null {
  if (event.members.length === 0) {
    return {
      code: 'no-members',
      message: 'no cluster takes the application: that is an error and never a deletion; nothing was changed',
    };
  }
  return event.kind === 'catchUp' ? startCatchUp(draft, event) : startForward(draft, event);
}

function startForward(draft: Draft, event: StartEvent): Refusal | null {
  const { header, running } = draft;
  const { release, automatic } = event;
  const isQueued = header.queued?.release === release;
  if (header.barred.includes(release)) {
    // The poll sees the same commit again and again: it changes nothing and says nothing.
    if (automatic) return null;
    return {
      code: 'barred',
      message: `release ${release} was rolled back and is barred: lift it first (flotilla rollout lift ${header.application} ${release}), or start another`,
    };
  }
  if (automatic && !isQueued && header.newest !== null && release <= header.newest) return null;
  if (running?.kind === 'forward' && running.release === release) return null;
  if (running?.kind === 'rollback' || (running?.kind === 'forward' && running.strategy.supersede === 'queue')) {
    queue(draft, event, running);
    return null;
  }
  begin(draft, event, 'forward', event.strategy, event.members);
  return null;
}

function startCatchUp(draft: Draft, event: StartEvent): Refusal | null {
  const { header, running } = draft;
  const { baseline } = header;
  if (baseline === null || event.release !== baseline) {
    const what = baseline === null ? 'there is none yet' : `that is release ${baseline}`;
    return { code: 'not-baseline', message: `newcomers get the last release whose rollout succeeded; ${what}` };
  }
  if (running) {
    return { code: 'busy', message: `rollout ${running.id} runs: newcomers catch up when it has ended` };
  }
  const members = event.members.filter((member) => !isAway(draft, member) && !hasIt(draft, member, baseline));
  if (members.length === 0) return null;
  const last = event.strategy.waves.at(-1);
  if (!last) return { code: 'no-waves', message: 'the strategy has no wave' };
  // The last wave's budgets; but a newcomer that goes away must not keep the others waiting.
  const { selector: _1, take: _2, ...rest } = last;
  const budgets = { ...rest, maxUnreachable: '100%' as const };
  begin(draft, event, 'catchUp', { ...event.strategy, waves: [{ ...budgets, name: 'catch-up' }] }, members);
  return null;
}

/** Whoever is away waits for the next catch-up: one made for it alone would end at once, and be asked for again at once. */
function isAway(draft: Draft, { uid, online }: Member): boolean {
  return online === false || (draft.loadedRow(uid) !== undefined && !draft.isOnline(uid));
}

function hasIt(draft: Draft, { uid, digest }: Member, baseline: number): boolean {
  const row = draft.row(uid);
  return row?.assignment?.release === baseline && row.assignment.digest === digest && row.state !== 'removed';
}

/** The newest waits; a person's choice goes before it. */
function queue(draft: Draft, event: StartEvent, running: Rollout): void {
  const { queued } = draft.header;
  if (queued?.release === event.release || (event.automatic && queued && queued.release > event.release)) return;
  draft.set({ queued: { release: event.release, since: draft.now } });
  draft.note('queued', `release ${event.release} waits for rollout ${running.id} to end`, actOf(event));
}

function begin(
  draft: Draft,
  event: StartEvent,
  kind: RolloutKind,
  strategy: StrategySpec,
  members: readonly Member[],
): void {
  const { application, rolloutNumber, newest, queued } = draft.header;
  const number = rolloutNumber + 1;
  const id = `${application}-${number}`;
  const old = draft.running;
  const rows = new Map(draft.rows().map((row) => [row.uid, row]));
  const plan = planWaves(application, strategy, members);
  const inherited = supersede(draft, old, id);
  draft.set({
    rolloutNumber: number,
    ...(kind === 'forward' && { newest: Math.max(newest ?? 0, event.release) }),
    queued: queued?.release === event.release ? null : queued,
  });
  draft.setRollout(rolloutOf(event, { id, number, kind, strategy, plan, now: draft.now }));
  draft.setHolds(inherited);
  draft.note('started', startedText(kind, event.release, plan), actOf(event));
  for (const warning of plan.warnings) draft.note('warning', warning);
  const byUid = new Map(members.map((member) => [member.uid, member]));
  for (const { uid, wave, position } of plan.targets) {
    const member = byUid.get(uid);
    if (!member) continue;
    draft.put(targetOf(draft, rows.get(uid), { member, release: event.release, rollout: id, wave, position }, old));
  }
  // Who was a part of the superseded rollout and is not of this one.
  for (const row of rows.values()) {
    if (byUid.has(row.uid) || !old || row.rollout !== old.id) continue;
    const left = isUnackedOf(row, old.id) ? rewritten(draft, row) : row;
    if (stilled(left) !== row) draft.put(stilled(left));
  }
  const leaving = draft.header.leaving.filter((uid) => !byUid.has(uid));
  if (leaving.length < draft.header.leaving.length) draft.set({ leaving });
  draft.wakeNow();
}

/** Ends the rollout that runs; what a person said about it holds for the one that takes its place. */
function supersede(draft: Draft, old: Rollout | null, by: string): readonly StoredHold[] {
  if (!old) return [];
  draft.note('superseded', `rollout ${old.id} of release ${old.release} is superseded by ${by}`);
  close(draft, 'superseded', by);
  if (!draft.rules.userHoldInherited) return [];
  return old.holds.filter(({ code }) => code === 'user' || code === 'deletions');
}

interface Place {
  readonly member: Member;
  readonly release: number;
  readonly rollout: string;
  readonly wave: number;
  readonly position: number;
}

function targetOf(draft: Draft, before: TargetRow | undefined, place: Place, old: Rollout | null): TargetRow {
  const { member, release, rollout, wave, position } = place;
  const desired = { release, overlay: member.overlay, digest: member.digest };
  const common = { uid: member.uid, name: member.name, rollout, wave, position, state: 'pending', desired } as const;
  if (!before) {
    const nothing = { assignment: null, acked: false, generation: 0, previous: null, lastPassed: null, report: null };
    return { ...common, ...nothing, dueAt: null };
  }
  const isOfOld = old !== null && before.rollout === old.id;
  const kept = isOfOld && isUnackedOf(before, old.id) ? rewritten(draft, before) : before;
  const { assignment, acked, generation, lastPassed, report } = kept;
  // In flight belongs to the cluster: it counts in its wave here, its timer goes on, and its turn comes first.
  const isCarried = isInFlight(before, draft.active) && draft.rules.inFlightCarried;
  return {
    ...common,
    assignment,
    acked,
    generation,
    previous: previousOf(draft, before, release),
    lastPassed,
    report,
    dueAt: isCarried ? before.dueAt : null,
    ...(isCarried && { carried: true, requeued: true }),
  };
}

/** What the cluster goes back to should this release be taken back; never that release itself. */
function previousOf(draft: Draft, row: TargetRow, release: number): TargetRow['previous'] {
  return fallback(row, [...draft.header.barred, release]);
}

function rolloutOf(
  event: StartEvent,
  made: { id: string; number: number; kind: RolloutKind; strategy: StrategySpec; plan: WavePlan; now: number },
): Rollout {
  const { id, number, kind, strategy, plan, now } = made;
  return {
    id,
    number,
    kind,
    release: event.release,
    state: 'running',
    strategy,
    waves: plan.waves.map((wave) => newWave(wave)),
    wave: 0,
    holds: [],
    startedAt: now,
    startedBy: event.actor,
    ...(event.reason !== undefined && { reason: event.reason }),
    warnings: plan.warnings,
    planDigest: '',
  };
}

function startedText(kind: RolloutKind, release: number, plan: WavePlan): string {
  const waves = plan.waves.map(({ name, total }) => `${name} (${total})`).join(', ');
  const what =
    kind === 'catchUp' ? `newcomers catch up with release ${release}` : `rollout of release ${release} started`;
  return `${what}: ${plan.targets.length} clusters, waves ${waves}`;
}

/** Who asked for it and why, for the history. */
export function actOf(event: { readonly actor: ClusterUid; readonly reason?: string }): {
  actor: string;
  reason?: string;
} {
  return { actor: event.actor, ...(event.reason !== undefined && { reason: event.reason }) };
}
