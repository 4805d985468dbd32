import type { ClusterUid } from '../../cluster.js';
import type { StartEvent } from '../events/start.js';
import type {
  ApplicationHeader,
  BundleDrop,
  Decision,
  Freeze,
  Member,
  Millis,
  ReportInput,
  RolloutEvent,
} from '../model.js';
import { ENGINE_RULES, type EngineRules } from '../rules.js';
import type { StrategySpec } from '../strategy.js';
import { MemoryShell, type Outcome } from './memory-shell.js';
import { Oracles } from './oracles.js';
import { SimulatedGates, type GateFate } from './simulated-gates.js';
import { HEARTBEAT_MS, SimulatedCluster, type Fate, type ManifestDocument } from './simulated-cluster.js';

export const SILENCE_MS = 60_000;

export interface WorldRules extends EngineRules {
  /** The relay writes the present rows; off: it writes the documents of the past that it queued. */
  readonly relayWritesPresentRows: boolean;
  /** Every tick is told of the fleet's freeze; off: those that follow in the same transaction are not. */
  readonly everyTickKnowsTheFreeze: boolean;
}

export const WORLD_RULES: WorldRules = { ...ENGINE_RULES, relayWritesPresentRows: true, everyTickKnowsTheFreeze: true };

export interface WorldPlan {
  readonly clusters: number;
  /** By release and cluster, repeated where they run out. */
  readonly fates: readonly (readonly Fate[])[];
  /** Releases that change no byte against the one before, by release, repeated. */
  readonly sameBytes: readonly boolean[];
  /** What webhooks and metrics answer, by rollout and wave, repeated. */
  readonly gates: readonly GateFate[];
}

/** Half of the time zones that its clusters are in; the others have none, or one that there is not. */
const ZONES = ['UTC', 'Asia/Kolkata', undefined, 'Mars/Olympus'] as const;
/** Whom a release's commit is by. */
export const AUTHOR = { name: 'Dev', email: 'dev@example.org' } as const;

/**
 * A fleet that lives by itself: clusters with their own truth, a bus that keeps only the latest report and the latest manifest,
 * a hub that may be away. Time goes from event to event.
 */
export class World {
  now: Millis = 1_000_000;
  readonly clusters = new Map<ClusterUid, SimulatedCluster>();
  readonly shell: MemoryShell;
  readonly oracles: Oracles;
  /** Clusters that the placement selects. */
  readonly placed = new Set<ClusterUid>();
  newest = 0;
  strategy: StrategySpec | null = null;
  /** A cluster that is gone never comes back under its old identity. */
  private joined = 0;
  isHubUp = true;
  hubUpSince: Millis = this.now;
  private readonly manifests = new Map<ClusterUid, ManifestDocument>();
  /** Reports on the bus that the hub has not taken: the latest of each cluster. */
  private readonly status = new Map<ClusterUid, ReportInput>();
  private readonly taken: ReportInput[] = [];
  /** Documents that the naive relay wrote or will write. */
  /** Labels that a person gave: the ring that the cluster is in. */
  readonly rings = new Map<ClusterUid, string>();
  readonly gates: SimulatedGates;
  /** Releases that drop half of what they replace. */
  readonly dropping = new Set<number>();
  private readonly documents: { readonly uid: ClusterUid; readonly document: ManifestDocument }[] = [];

  constructor(
    private readonly plan: WorldPlan,
    private readonly rules: WorldRules = WORLD_RULES,
  ) {
    this.shell = new MemoryShell('web', rules);
    this.oracles = new Oracles(this);
    this.gates = new SimulatedGates(plan.gates);
    for (let index = 0; index < plan.clusters; index += 1) this.join();
  }

  join(): void {
    const index = this.joined;
    this.joined += 1;
    const uid = `c${String(index).padStart(2, '0')}`;
    this.clusters.set(uid, new SimulatedCluster(uid, this.now, 1000 + ((index * 37) % 9) * 1000));
    this.shell.presence.set(uid, { online: true, seenAt: this.now });
    this.rings.set(uid, String(index % 3));
    this.placed.add(uid);
  }

  /** The label `tz` of a cluster. */
  zoneLabel(uid: ClusterUid): string | undefined {
    return ZONES[Number(uid.slice(1)) % ZONES.length];
  }

  fate(release: number, uid: ClusterUid): Fate {
    const row = this.plan.fates[release % this.plan.fates.length] ?? ['ok'];
    return row[Number(uid.slice(1)) % row.length] ?? 'ok';
  }

  digest(release: number): string {
    let same = release;
    while (same > 1 && this.plan.sameBytes[same % this.plan.sameBytes.length]) same -= 1;
    return `d${same}`;
  }

  member(uid: ClusterUid, release: number): Member {
    const { online = false, held } = this.shell.presence.get(uid) ?? {};
    const zone = this.zoneLabel(uid);
    const labels = { ring: this.rings.get(uid) ?? '', ...(zone !== undefined && { tz: zone }) };
    const common = { uid, name: uid, labels, facts: {}, overlay: 'o', digest: this.digest(release), online };
    return { ...common, ...(held && { held }) };
  }

  /** What the hub makes of a release that it found. */
  startOf(release: number, automatic: boolean): StartEvent {
    if (!this.strategy) throw new Error('the world has no strategy');
    const drops = this.dropsOf(release);
    return {
      type: 'start',
      kind: 'forward',
      release,
      strategy: this.strategy,
      members: [...this.placed].map((uid) => this.member(uid, release)),
      automatic,
      author: AUTHOR,
      ...(drops.length > 0 && { drops }),
      actor: automatic ? 'system' : 'token:ann',
    };
  }

  private dropsOf(release: number): BundleDrop[] {
    if (!this.dropping.has(release)) return [];
    const to = this.digest(release);
    const from = new Set([...this.shell.rows.values()].flatMap(({ assignment }) => assignment?.digest || []));
    from.delete(to);
    return [...from].map((each) => ({ from: each, to, dropped: 5, of: 10, objects: ['ConfigMap web/old'] }));
  }

  take(event: RolloutEvent, isCrashing = false): Outcome {
    let present = event;
    const judge = (decision: Decision, before: ApplicationHeader): void => {
      this.oracles.judge(decision, before, present);
      this.remember(decision);
      present = { type: 'tick' };
    };
    const outcome = this.shell.take(event, this.now, judge, this.rules.everyTickKnowsTheFreeze);
    this.oracles.told(event, outcome);
    if (!isCrashing) this.relay();
    return outcome;
  }

  /** The newest release, as a poll of Git sees it, or the baseline for newcomers; queued ones too. */
  poll(automatic = true): Outcome | null {
    const { header } = this.shell;
    const strategy = this.strategy;
    if (!strategy || this.placed.size === 0) return null;
    const { rollout, queued, baseline } = header;
    const release = rollout?.state !== 'running' && queued ? queued.release : this.newest;
    if (release === 0) return null;
    const outcome = this.take(this.startOf(release, automatic));
    if (baseline === null || this.shell.header.rollout?.state === 'running') return outcome;
    const newcomers = [...this.placed].filter(
      (uid) => (this.shell.rows.get(uid)?.assignment?.release ?? null) === null,
    );
    if (newcomers.length === 0) return outcome;
    const { drops: _, ...common } = this.startOf(baseline, automatic);
    return this.take({
      ...common,
      kind: 'catchUp',
      members: newcomers.map((uid) => this.member(uid, baseline)),
    });
  }

  cut(uids: readonly ClusterUid[]): void {
    for (const uid of uids) {
      const cluster = this.clusters.get(uid);
      if (cluster) cluster.link = false;
    }
  }

  reconnect(uids: readonly ClusterUid[]): void {
    for (const uid of uids) this.clusters.get(uid)?.reconnect(this.now);
  }

  /** The hub dies in the middle of things and comes back: what it committed is there, what it wanted to send is not. */
  away(event: RolloutEvent | null, ms: Millis): void {
    if (event) this.take(event, true);
    this.isHubUp = false;
    this.gates.forget();
    this.advance(ms);
    this.isHubUp = true;
    this.hubUpSince = this.now;
    this.oracles.wasAway(ms);
    this.take({ type: 'gap', ms }, true);
    this.collect();
    this.relay();
    this.take(this.shell.tick());
  }

  get isFrozen(): boolean {
    const { freeze } = this.shell;
    return freeze !== null && (freeze.until ?? Number.POSITIVE_INFINITY) > this.now;
  }

  /** A person freezes the fleet, or ends that: each running rollout is looked at. */
  freeze(freeze: Freeze | null): void {
    this.shell.freeze = freeze;
    if (this.isHubUp && this.shell.header.rollout?.state === 'running') this.take(this.shell.tick());
  }

  /** A person holds a cluster, or lets it go: all of its applications hear of it. */
  hold(uid: ClusterUid, isHeld: boolean): void {
    const present = this.shell.presence.get(uid);
    if (!present || (present.held ?? false) === isHeld) return;
    const { held: _, ...rest } = present;
    this.shell.presence.set(uid, isHeld ? { ...rest, held: true } : rest);
    this.oracles.pauses.held(uid, isHeld);
    this.take({ type: isHeld ? 'held' : 'unheld', clusters: [uid], actor: 'token:ann', reason: 'maintenance' });
  }

  /** Marks of the past come again: the naive relay has kept their documents, too. */
  replayOutbox(): void {
    if (this.rules.relayWritesPresentRows) {
      for (const uid of this.clusters.keys()) this.shell.dirty.add(uid);
      this.relay();
    } else {
      const past = this.documents.filter(
        ({ uid, document }) => (document.assignment?.generation ?? 0) < (this.shell.rows.get(uid)?.generation ?? 0),
      );
      for (const { uid, document } of past.slice(-40)) this.write(uid, document);
    }
  }

  /** Everything that was ever reported, once more and in the wrong order. */
  repeatReports(): void {
    const reports = [...this.taken].reverse().slice(0, 40);
    const stale = reports.filter(({ uid, generation }) => this.shell.rows.get(uid)?.generation !== generation);
    const before = this.shell.header;
    if (stale.length > 0) this.take({ type: 'reports', reports: stale });
    if (this.shell.header !== before) throw new Error('rule 1: reports of the past changed something');
  }

  advance(ms: Millis): void {
    const end = this.now + ms;
    while (this.now < end) {
      let next = Math.min(end, this.nextHubAt());
      for (const cluster of this.clusters.values()) next = Math.min(next, cluster.nextAt(this.now));
      this.now = Math.max(this.now + 1, Math.min(end, Number.isFinite(next) ? next : end));
      this.liveOn();
      if (!this.isHubUp) continue;
      this.collect();
      this.markSilent();
      for (const answer of this.gates.due(this.now)) this.take(answer);
      if (this.shell.freeze?.until !== undefined && this.shell.freeze.until <= this.now) this.freeze(null);
      if ((this.shell.header.wakeAt ?? Number.POSITIVE_INFINITY) <= this.now) this.take(this.shell.tick());
      if (this.shell.header.queued && this.shell.header.rollout?.state !== 'running') this.poll();
    }
  }

  /** From now on everything works. */
  heal(): void {
    for (const cluster of this.clusters.values()) cluster.heal(this.now);
    this.gates.heal();
  }

  private nextHubAt(): Millis {
    if (!this.isHubUp) return Number.POSITIVE_INFINITY;
    const { header, freeze } = this.shell;
    const never = Number.POSITIVE_INFINITY;
    return Math.max(this.now + 1, Math.min(header.wakeAt ?? never, this.gates.nextAt(), freeze?.until ?? never));
  }

  private liveOn(): void {
    for (const [uid, cluster] of this.clusters) {
      cluster.read(this.manifests.get(uid), this.now, (release) => this.fate(release, uid));
      const report = cluster.live(this.now);
      if (report) this.status.set(uid, report);
      if (cluster.isReachable && cluster.nextHeartbeatAt <= this.now) {
        cluster.nextHeartbeatAt = this.now + HEARTBEAT_MS;
        this.heard(uid);
      }
    }
    this.oracles.judgeClusters();
  }

  private heard(uid: ClusterUid): void {
    if (!this.isHubUp) return;
    const present = this.shell.presence.get(uid);
    this.shell.presence.set(
      uid,
      present?.held ? { ...present, online: true, seenAt: this.now } : { online: true, seenAt: this.now },
    );
    if (!present?.online && this.shell.rows.has(uid)) this.take({ type: 'returned', clusters: [uid] });
  }

  private collect(): void {
    if (this.status.size === 0) return;
    const reports = [...this.status.values()];
    this.status.clear();
    this.taken.push(...reports);
    for (const { uid } of reports) this.heard(uid);
    this.take({ type: 'reports', reports });
  }

  private markSilent(): void {
    for (const [uid, present] of this.shell.presence) {
      // While the hub was away it could hear nobody.
      const since = Math.max(present.seenAt ?? 0, this.hubUpSince);
      if (!present.online || this.now - since < SILENCE_MS) continue;
      this.shell.presence.set(uid, { ...present, online: false });
    }
  }

  private remember(decision: Decision): void {
    for (const effect of decision.effects) {
      if (effect.type === 'ask') this.gates.ask(effect, this.now);
      if (effect.type === 'probe') {
        const cluster = this.clusters.get(effect.cluster);
        if (cluster) cluster.nextHeartbeatAt = Math.min(cluster.nextHeartbeatAt, this.now);
      }
      if (effect.type === 'dirty') {
        this.documents.push({ uid: effect.cluster, document: this.documentOf(effect.cluster) });
      }
    }
  }

  private relay(): void {
    for (const uid of this.shell.dirty) {
      this.write(uid, this.documentOf(uid));
    }
    this.shell.dirty.clear();
  }

  private documentOf(uid: ClusterUid): ManifestDocument {
    const row = this.shell.rows.get(uid);
    return { sequence: 0, assignment: row?.assignment ?? null, ...(row?.halted && { halted: true }) };
  }

  private write(uid: ClusterUid, document: ManifestDocument): void {
    const sequence = (this.manifests.get(uid)?.sequence ?? 0) + 1;
    this.manifests.set(uid, { ...document, sequence });
  }
}
