import type { ClusterUid } from '../../cluster.js';
import type { Draft } from '../draft.js';
import type { PlannedDrop } from '../drops.js';
import type { BundleDrop, Member, Rollout, RolloutEvent, TargetRow, WaveProgress } from '../model.js';
import { isWaitedFor, planRollout, type PlannedCluster, type PlannedWave, type RolloutPlan } from '../plan.js';
import { isInFlight } from '../row-moves.js';
import { newWave } from '../wave-counters.js';
import { actOf } from './act.js';
import { isHeld } from './cluster-hold.js';
import { close } from './end.js';
import { unhalted } from './halt.js';
import { nextRollout, openRollout } from './open-rollout.js';
import type { Refusal } from './refusal.js';
import { isUnackedOf, rewritten, takenDown } from './take-down.js';

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
  const plan = planRollout(header, draft.loadedRows(), event, draft.now);
  if (event.plan !== undefined && event.plan !== plan.digest) {
    return {
      code: 'plan-changed',
      message: `the plan that you saw is not what would be done now: clusters, bundles, budgets or gates have changed; look at it again (flotilla rollout plan ${header.application}), then start`,
    };
  }
  if (running && isWaitedFor(running)) {
    queue(draft, event, running);
    return null;
  }
  begin(draft, event, plan);
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
  // The last wave's budgets and windows, no gates; but a newcomer that goes away must not keep the others waiting.
  const { selector: _1, take: _2, before: _3, after: _4, ...rest } = last;
  const budgets = { ...rest, maxUnreachable: '100%' as const };
  const request = { ...event, members, strategy: { ...event.strategy, waves: [{ ...budgets, name: 'catch-up' }] } };
  begin(draft, request, planRollout(header, draft.loadedRows(), request, draft.now));
  return null;
}

/**
 * Whoever is away, or held by a person, waits for the next catch-up: one made for it alone would end at once, and be asked for
 * again at once.
 */
function isAway(draft: Draft, { uid, online, held }: Member): boolean {
  const loaded = draft.loadedRow(uid);
  return online === false || held === true || (loaded !== undefined && (!loaded.online || isHeld(draft, uid)));
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

function begin(draft: Draft, event: StartEvent, plan: RolloutPlan): void {
  const { newest, queued } = draft.header;
  const { release, strategy } = event;
  const { kind, warnings, excessive } = plan;
  const { id } = nextRollout(draft.header);
  const old = draft.running;
  const rows = new Map(draft.rows().map((row) => [row.uid, row]));
  if (old) supersede(draft, old, id);
  draft.set({
    ...(kind === 'forward' && { newest: Math.max(newest ?? 0, release) }),
    queued: queued?.release === release ? null : queued,
  });
  const own = excessive.length > 0 ? plan.holds.filter(({ code }) => code === 'deletions') : [];
  const known = draft.rules.userHoldInherited ? plan.holds : own;
  const holds = draft.rules.deletionsAskedFirst ? known : known.filter(({ code }) => code !== 'deletions');
  // As hard as it was paused, for as long as that pause lasts.
  const isHard = draft.rules.hardPauseInherited && old?.hard === true && holds.some(({ code }) => code === 'user');
  const opened = {
    ...{ kind, release, strategy, warnings, holds, planDigest: plan.digest, waves: plan.waves.map(waveOf) },
    ...(event.author && { author: event.author }),
    ...(excessive.length > 0 && { drops: excessive.map(dropOf) }),
    ...(isHard && { hard: true as const }),
  };
  openRollout(draft, opened, event);
  draft.note('started', startedText(plan), actOf(event));
  for (const warning of warnings) draft.note('warning', warning);
  for (const hold of holds) if (!old?.holds.some(({ code }) => code === hold.code)) draft.note('held', hold.message);
  const placed = new Set<ClusterUid>();
  plan.waves.forEach((wave, index) => {
    wave.clusters.forEach((cluster, position) => {
      placed.add(cluster.uid);
      const place = { release, rollout: id, wave: index, position, above: event.generationsAbove ?? 0 };
      draft.put(targetOf(draft, rows.get(cluster.uid), cluster, place, old));
    });
  });
  // Who was a part of the superseded rollout and is not of this one.
  for (const row of rows.values()) {
    if (placed.has(row.uid)) continue;
    const kept = row.rollout === old?.id ? takenDown(draft, row, old.id) : row;
    const left = isHard ? kept : unhalted(draft, kept);
    if (left !== row) draft.put(left);
  }
  const leaving = draft.header.leaving.filter((uid) => !placed.has(uid));
  if (leaving.length < draft.header.leaving.length) draft.set({ leaving });
  draft.wakeNow();
}

function supersede(draft: Draft, old: Rollout, by: string): void {
  draft.note('superseded', `rollout ${old.id} of release ${old.release} is superseded by ${by}`);
  close(draft, 'superseded', by);
}

function waveOf({ clusters: _, digest, gates, ...wave }: PlannedWave): WaveProgress {
  return { ...newWave(wave, digest), ...(gates && { gates }) };
}

function dropOf({ from, to, dropped, of, objects }: PlannedDrop): BundleDrop {
  return { from, to, dropped, of, objects };
}

interface Place {
  readonly release: number;
  readonly rollout: string;
  readonly wave: number;
  readonly position: number;
  /** Generation that a cluster without a row begins above. */
  readonly above: number;
}

function targetOf(
  draft: Draft,
  before: TargetRow | undefined,
  cluster: PlannedCluster,
  { release, above, ...place }: Place,
  old: Rollout | null,
): TargetRow {
  const { uid, name, overlay, digest, terms, previous, zone, healthBefore } = cluster;
  const desired = { release, overlay, digest, ...(terms !== undefined && { terms }) };
  const common = {
    ...{ uid, name, ...place, desired },
    state: 'pending',
    ...(zone !== undefined && { zone }),
    ...(healthBefore && { healthBefore }),
  } as const;
  if (!before) {
    const nothing = {
      assignment: null,
      acked: false,
      generation: above,
      previous: null,
      lastPassed: null,
      report: null,
    };
    return { ...common, ...nothing, dueAt: null };
  }
  const isOfOld = old !== null && before.rollout === old.id;
  const taken = isOfOld && isUnackedOf(before, old.id) ? rewritten(draft, before) : before;
  const kept = draft.running?.hard ? taken : unhalted(draft, taken);
  const { assignment, acked, generation, lastPassed, report, halted } = kept;
  // In flight belongs to the cluster: it counts in its wave here, its timer goes on, and its turn comes first.
  const isCarried = isInFlight(before, draft.active) && draft.rules.inFlightCarried;
  return {
    ...common,
    ...{ assignment, acked, generation, previous, lastPassed, report },
    dueAt: isCarried ? before.dueAt : null,
    ...(isCarried && { carried: true, requeued: true }),
    ...(halted && { halted }),
  };
}

function startedText({ kind, release, waves, total }: RolloutPlan): string {
  const list = waves.map((wave) => `${wave.name} (${wave.total})`).join(', ');
  const what =
    kind === 'catchUp' ? `newcomers catch up with release ${release}` : `rollout of release ${release} started`;
  return `${what}: ${total} clusters, waves ${list}`;
}
