import type { ClusterUid } from '../../cluster.js';
import type { ApplicationHeader, Decision, Millis, ReportInput, Rollout, RolloutEvent, TargetRow } from '../model.js';
import { fail } from './fail.js';
import type { Flight } from './flight.js';
import { GateOracle } from './gate-oracle.js';
import { waitsForPerson } from './friendly.js';
import type { Outcome } from './memory-shell.js';
import { PauseOracle } from './pause-oracle.js';
import { HEALTHY_FOR_MS } from './simulated-cluster.js';
import type { World } from './world.js';

/** How often the interesting things happened: schedules that never reach them prove nothing. */
export interface Coverage {
  [event: string]: number;
}

/** Judges every decision by the simulated clusters' truth. @throws Error naming the invariant. */
export class Oracles {
  readonly coverage: Coverage = {};
  private readonly flights = new Map<ClusterUid, Flight>();
  /** Releases taken back, since when; until lifted. */
  private readonly takenBack = new Map<number, Millis>();
  private readonly budgets = new Map<string, string>();
  private readonly mayWithdraw = new Set<ClusterUid>();
  private isPausedByUser = false;

  readonly pauses: PauseOracle;
  private readonly gates: GateOracle;
  /** The last word that came of each cluster, of whatever generation. */
  private readonly said = new Map<ClusterUid, ReportInput>();

  constructor(private readonly world: World) {
    this.pauses = new PauseOracle(world, (what) => this.count(what));
    this.gates = new GateOracle(world, (what) => this.count(what));
  }

  count(what: string): void {
    this.coverage[what] = (this.coverage[what] ?? 0) + 1;
  }

  /** The hub heard nobody for so long: no silence of theirs. */
  wasAway(ms: Millis): void {
    for (const flight of this.flights.values()) flight.awayMs += ms;
  }

  /** Before the commit's effects are seen by anybody. */
  judge(decision: Decision, before: ApplicationHeader, event: RolloutEvent): void {
    if (event.type === 'reports') for (const report of event.reports) this.hear(report);
    const { header } = decision;
    const { rollout } = header;
    if (event.type === 'start' && event.members.length === 0 && decision.changed)
      fail(4, 'an empty list changed something');
    if (event.type === 'pause') this.isPausedByUser = true;
    if (event.type === 'resume') this.isPausedByUser = false;
    if (event.type === 'removed' && event.why === 'left') for (const uid of event.clusters) this.mayWithdraw.add(uid);
    this.judgeTakeBack(header, before);
    this.pauses.judge(decision, before, event, this.previousRows);
    this.gates.judge(decision, before, event);
    const isTick = event.type === 'tick' && before.rollout?.id === rollout?.id;
    for (const row of decision.rows) this.judgeRow(row, this.previousRows.get(row.uid), isTick, before);
    if (rollout) {
      this.judgeBudgets(rollout, event.type === 'replan');
      this.judgeWaves(rollout, before.rollout, event.type === 'promote');
      if (rollout.state !== 'running' && before.rollout?.state === 'running') this.judgeEnd(rollout);
    }
    if (!decision.again) this.judgeIdle(header);
    for (const row of decision.rows) this.previousRows.set(row.uid, row);
    for (const { event: name } of decision.history) this.count(name);
  }

  private readonly previousRows = new Map<ClusterUid, TargetRow>();

  /** What a person asked for and was granted. */
  told(event: RolloutEvent, outcome: Outcome): void {
    if (outcome.refused) {
      this.count(`refused ${outcome.refused.code}`);
      return;
    }
    if (event.type === 'lift') this.takenBack.delete(event.release);
    if (this.world.shell.header.rollout?.state !== 'running') this.isPausedByUser = false;
  }

  private hear(report: ReportInput): void {
    const { uid, generation, phase, steadyMs } = report;
    this.said.set(uid, report);
    const flight = this.flights.get(uid);
    if (!flight || flight.generation !== generation) return;
    if (!flight.heard) {
      flight.heard = true;
      flight.awayMs = 0;
      flight.since = this.world.now;
      flight.deadline = this.world.now + (this.world.strategy?.waves[0]?.progressDeadlineMs ?? 0);
      flight.concluded = false;
    }
    if (phase === 'failed' || phase === 'refused' || (phase === 'healthy' && steadyMs >= HEALTHY_FOR_MS))
      flight.concluded = true;
  }

  private isFlying(uid: ClusterUid): boolean {
    const flight = this.flights.get(uid);
    return flight !== undefined && !flight.concluded && flight.deadline > this.world.now;
  }

  private judgeRow(row: TargetRow, old: TargetRow | undefined, isTick: boolean, before: ApplicationHeader): void {
    if (row.generation < (old?.generation ?? 0)) fail(2, `the generation of ${row.uid} went back`);
    if (row.assignment && row.assignment.generation !== row.generation) fail(2, `${row.uid} has two generations`);
    if (row.generation > (old?.generation ?? 0) && row.assignment) this.judgeAssignment(row, old, isTick, before);
    const hasPassed = (row.state === 'passed' || row.state === 'unchanged') && old?.state !== row.state;
    if (hasPassed) this.judgePass(row);
    if (isTick && row.state === 'deferred' && old?.state === 'assigned') this.judgeSilence(row, 'deferred');
    if (
      row.state === 'failed' &&
      old?.state === 'progressing' &&
      (row.reason === 'lost' || row.reason === 'deadline')
    ) {
      this.judgeSilence(row, row.reason);
    }
    if (old?.state !== row.state || old.reason !== row.reason)
      this.count(`${row.state}${row.reason === undefined ? '' : ` ${row.reason}`}`);
    const isOver = ['failed', 'skipped', 'removed'].includes(row.state);
    const flight = this.flights.get(row.uid);
    if (flight && (isOver || (row.state === 'deferred' && !flight.heard))) flight.concluded = true;
    // Back with its assignment: under way again.
    if (flight && old?.state === 'deferred' && row.state === 'assigned') {
      Object.assign(flight, {
        concluded: false,
        awayMs: 0,
        since: this.world.now,
        deadline: this.world.now + this.ackTimeoutMs,
      });
    }
    // Tried again, it says itself that it is at work.
    if (flight && row.state === 'progressing' && (old?.state === 'deferred' || old?.state === 'pending')) {
      const deadline = this.world.now + (this.world.strategy?.waves[0]?.progressDeadlineMs ?? 0);
      Object.assign(flight, { concluded: false, awayMs: 0, since: this.world.now, deadline });
    }
    // Taken back before a word of it: whatever is said of it now is said of nothing.
    if (flight && row.assignment === null) this.flights.set(row.uid, { ...flight, generation: -1 });
    if (row.carried) this.count('carried');
  }

  private get ackTimeoutMs(): Millis {
    return this.world.strategy?.waves[0]?.ackTimeoutMs ?? 0;
  }

  private judgeAssignment(
    row: TargetRow,
    old: TargetRow | undefined,
    isTick: boolean,
    before: ApplicationHeader,
  ): void {
    const { assignment } = row;
    if (!assignment) return;
    const isNew = isTick && row.state === 'assigned';
    const flight = this.flights.get(row.uid);
    const wasFlying = this.isFlying(row.uid);
    // A hold stops the engine's clock and not this one: what is carried may be in flight for longer than is known here.
    const isCarried = old?.carried === true && flight?.concluded === false;
    if (assignment.release === null && !this.mayWithdraw.has(row.uid))
      fail(4, `${row.uid} is to delete what nobody asked to be deleted`);
    this.pauses.judgeAssignment(row, old, isNew);
    if (isNew) {
      this.gates.judgeAssignment(row);
      if (this.isPausedByUser) fail(7, `${row.uid} was assigned while a person had paused`);
      if ((before.rollout?.holds.length ?? 0) > 0) fail(7, `${row.uid} was assigned under a hold`);
      const isOnline = this.world.shell.presence.get(row.uid)?.online ?? false;
      if (!isOnline) fail(1, `${row.uid} was assigned though it is known to be offline`);
      const { rollout } = this.world.shell.header;
      const cap = rollout?.waves[row.wave]?.maxConcurrency ?? 0;
      const others = [...this.world.shell.rows.values()].filter(
        ({ uid, rollout: id, wave }) =>
          uid !== row.uid &&
          id === row.rollout &&
          wave === row.wave &&
          this.isFlying(uid) &&
          !this.flights.get(uid)?.isIdle,
      );
      if (!wasFlying && !isCarried && others.length >= cap) {
        fail(
          1,
          `${row.uid} is the ${others.length + 1}th in flight of wave ${row.wave}, ${cap} may be (${others.map(({ uid }) => uid).join(', ')})`,
        );
      }
    }
    const { now } = this.world;
    const isRewrite = !isNew && row.state !== 'assigned';
    // A rewritten one that was away flies no more than before; one in flight keeps its time.
    const deadline = isRewrite ? (wasFlying ? (flight?.deadline ?? now) : now) : now + this.ackTimeoutMs;
    this.flights.set(row.uid, {
      generation: row.generation,
      givenAt: now,
      awayMs: 0,
      since: now,
      deadline,
      heard: false,
      concluded: isRewrite ? (flight?.concluded ?? true) : false,
      isIdle: isRewrite && (row.state === 'passed' || row.state === 'unchanged'),
    });
    if (isRewrite && old) this.count('rewritten');
  }

  private judgePass(row: TargetRow): void {
    const { desired } = row;
    const cluster = this.world.clusters.get(row.uid);
    if (typeof desired !== 'object' || !cluster) return;
    if (!cluster.proven.has(desired.digest)) fail(3, `${row.uid} passed and was never steady on ${desired.digest}`);
  }

  /** Given up only after the hub really listened for so long. */
  private judgeSilence(row: TargetRow, what: string): void {
    const flight = this.flights.get(row.uid);
    if (!flight || flight.generation !== row.generation) return;
    if (what === 'deferred' && flight.heard) fail(3, `${row.uid} was deferred though it had reported`);
    const wave = this.world.strategy?.waves[0];
    const limit = (flight.heard ? wave?.progressDeadlineMs : wave?.ackTimeoutMs) ?? 0;
    const listened = this.world.now - flight.since - flight.awayMs;
    if (listened < limit)
      fail(5, `${row.uid} became ${what} after ${listened} of ${limit} ms in which the hub was there`);
  }

  private judgeBudgets(rollout: Rollout, isReplanned: boolean): void {
    const budgets = JSON.stringify(
      rollout.waves.map(({ maxConcurrency, maxFailures, maxUnreachable }) => [
        maxConcurrency,
        maxFailures,
        maxUnreachable,
      ]),
    );
    const first = (isReplanned ? undefined : this.budgets.get(rollout.id)) ?? budgets;
    this.budgets.set(rollout.id, first);
    if (first !== budgets) fail(1, `the budgets of ${rollout.id} changed from ${first} to ${budgets}`);
  }

  private judgeWaves(rollout: Rollout, before: Rollout | null, isPromoted: boolean): void {
    if (before?.id !== rollout.id) return;
    rollout.waves.forEach((wave, index) => {
      const was = before.waves[index];
      if (wave.phase === 'progressing' && was?.phase === 'pending' && index > 0) this.judgeOpening(rollout, index);
      const hasSoaked = was?.phase === 'soaking' && (wave.phase === 'done' || wave.phase === 'gateAfter');
      if (hasSoaked && !isPromoted && !wave.givenUp && !wave.soakEndedBy) this.judgeSoak(rollout, index);
    });
  }

  /** Nobody who passed says anything else than healthy when a soak ends by itself. */
  private judgeSoak(rollout: Rollout, index: number): void {
    for (const { uid, generation, state, rollout: id, wave } of this.world.shell.rows.values()) {
      if (id !== rollout.id || wave !== index || (state !== 'passed' && state !== 'unchanged')) continue;
      const said = this.said.get(uid);
      if (said?.generation === generation && said.phase !== 'healthy')
        fail(3, `the soak of wave ${index} ended while ${uid} says ${said.phase}`);
    }
    this.count('soak ended');
  }

  /** Wave `index` opened: whoever was to go before did, or counts against a budget. */
  private judgeOpening(rollout: Rollout, index: number): void {
    for (let earlier = 0; earlier < index; earlier += 1) {
      const wave = rollout.waves[earlier];
      if (!wave) continue;
      const rows = [...this.world.shell.rows.values()].filter(
        (row) => row.rollout === rollout.id && row.wave === earlier,
      );
      const steady = rows.filter(
        ({ uid, desired }) => typeof desired === 'object' && this.world.clusters.get(uid)?.proven.has(desired.digest),
      );
      const excused = rows.filter(({ state }) => ['failed', 'deferred', 'skipped', 'removed'].includes(state));
      const isOnItsWay = rows.some(
        (row) =>
          !steady.includes(row) &&
          !excused.includes(row) &&
          row.state !== 'pending' &&
          row.state !== 'assigned' &&
          row.state !== 'progressing',
      );
      if (isOnItsWay) fail(3, `wave ${index} opened before ${earlier} was done`);
      if (
        rollout.wave === index &&
        earlier === index - 1 &&
        rows.some(
          ({ state }) => state === 'assigned' || state === 'progressing' || (state === 'pending' && !wave.windows),
        )
      ) {
        fail(3, `wave ${index} opened while wave ${earlier} was under way`);
      }
      // Whom this release cut off it has harmed: that is a failure, not absence.
      const dark = rows.filter(
        ({ uid, accepted }) =>
          !accepted &&
          this.world.clusters.get(uid)?.isDead &&
          this.world.clusters.get(uid)?.running?.release === rollout.release &&
          // An earlier rollout of it may have done so, before it was taken back and lifted: then it was offline when this one began.
          (this.world.clusters.get(uid)?.running?.since ?? 0) >= rollout.startedAt &&
          this.world.fate(rollout.release, uid) === 'cuts',
      );
      if (earlier === index - 1 && dark.length > wave.maxFailures && dark.every(({ state }) => state === 'deferred')) {
        fail(
          3,
          `wave ${index} opened though release ${rollout.release} had cut off ${dark.length} clusters of wave ${earlier}`,
        );
      }
    }
    this.count('wave after wave');
  }

  private judgeTakeBack(header: ApplicationHeader, before: ApplicationHeader): void {
    const { rollout } = header;
    if (rollout?.kind === 'rollback' && before.rollout?.id !== rollout.id) {
      this.takenBack.set(rollout.release, this.world.now);
      this.isPausedByUser = false;
    }
  }

  /** No cluster began with a release after it was taken back. Called whenever clusters have read their manifests. */
  judgeClusters(): void {
    this.pauses.judgeClusters();
    for (const [uid, cluster] of this.world.clusters) {
      for (const { release, at } of cluster.begun) {
        const since = this.takenBack.get(release);
        if (since !== undefined && at > since) fail(7, `${uid} began with release ${release} after it was taken back`);
      }
      cluster.begun.length = 0;
    }
  }

  private judgeEnd(rollout: Rollout): void {
    this.count(`ended ${rollout.kind} ${rollout.state}`);
    const rows = [...this.world.shell.rows.values()].filter((row) => row.rollout === rollout.id);
    if (rollout.state === 'succeeded') {
      const bad = rows.find(({ state }) => !['passed', 'unchanged', 'removed'].includes(state));
      if (bad) fail(3, `${rollout.id} succeeded, and ${bad.uid} is ${bad.state}`);
    }
    if (rollout.kind !== 'rollback' || !rollout.state.startsWith('succeeded')) return;
    for (const row of this.world.shell.rows.values()) {
      const holds = this.world.clusters.get(row.uid)?.running?.release;
      if (holds !== rollout.release || row.assignment === null || row.state === 'removed') continue;
      const isInReceipt = row.rollout === rollout.id && ['failed', 'deferred', 'skipped'].includes(row.state);
      // Same bytes: only the pointer moved.
      if (!isInReceipt && this.world.clusters.get(row.uid)?.running?.digest !== row.assignment.digest) {
        fail(7, `${row.uid} still runs release ${rollout.release} at the end of its rollback`);
      }
    }
  }

  private judgeIdle(header: ApplicationHeader): void {
    const { rollout } = header;
    if (rollout?.state === 'running' && header.wakeAt === null && !waitsForPerson(this.world)) {
      fail(5, `${rollout.id} runs, nothing holds it, and nothing will ever wake it`);
    }
  }
}
