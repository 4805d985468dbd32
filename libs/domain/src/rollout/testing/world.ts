import type { ClusterUid } from '../../cluster.js';
import type { Decision, Member, Millis, ReportInput, RolloutEvent } from '../model.js';
import { ENGINE_RULES, type EngineRules } from '../rules.js';
import type { StrategySpec } from '../strategy.js';
import { MemoryShell, type Outcome } from './memory-shell.js';
import { Oracles } from './oracles.js';
import { HEARTBEAT_MS, SimulatedCluster, type Fate, type ManifestDocument } from './simulated-cluster.js';

export const SILENCE_MS = 60_000;

export interface WorldRules extends EngineRules {
  /** The relay writes the present rows; off: it writes the documents of the past that it queued. */
  readonly relayWritesPresentRows: boolean;
}

export const WORLD_RULES: WorldRules = { ...ENGINE_RULES, relayWritesPresentRows: true };

export interface WorldPlan {
  readonly clusters: number;
  /** By release and cluster, repeated where they run out. */
  readonly fates: readonly (readonly Fate[])[];
  /** Releases that change no byte against the one before, by release, repeated. */
  readonly sameBytes: readonly boolean[];
}

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
  private readonly documents: { readonly uid: ClusterUid; readonly document: ManifestDocument }[] = [];

  constructor(
    private readonly plan: WorldPlan,
    private readonly rules: WorldRules = WORLD_RULES,
  ) {
    this.shell = new MemoryShell('web', rules);
    this.oracles = new Oracles(this);
    for (let index = 0; index < plan.clusters; index += 1) this.join();
  }

  join(): void {
    const index = this.joined;
    this.joined += 1;
    const uid = `c${String(index).padStart(2, '0')}`;
    this.clusters.set(uid, new SimulatedCluster(uid, this.now, 1000 + ((index * 37) % 9) * 1000));
    this.shell.presence.set(uid, { online: true, seenAt: this.now });
    this.placed.add(uid);
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

  members(uids: Iterable<ClusterUid>): Member[] {
    const { newest } = this;
    return [...uids].map((uid) => this.member(uid, newest));
  }

  member(uid: ClusterUid, release: number): Member {
    const online = this.shell.presence.get(uid)?.online ?? false;
    return { uid, name: uid, labels: {}, facts: {}, overlay: 'o', digest: this.digest(release), online };
  }

  take(event: RolloutEvent, isCrashing = false): Outcome {
    let present = event;
    const outcome = this.shell.take(event, this.now, (decision, before) => {
      this.oracles.judge(decision, before, present);
      this.remember(decision);
      present = { type: 'tick' };
    });
    this.oracles.told(event, outcome);
    if (!isCrashing) this.relay();
    return outcome;
  }

  /** The newest release, as a poll of Git sees it, or the baseline for newcomers; queued ones too. */
  poll(automatic = true): Outcome | null {
    const { header } = this.shell;
    const strategy = this.strategy;
    if (!strategy || this.placed.size === 0) return null;
    const common = { type: 'start', strategy, automatic, actor: automatic ? 'system' : 'token:ann' } as const;
    const { rollout, queued, baseline } = header;
    const release = rollout?.state !== 'running' && queued ? queued.release : this.newest;
    if (release === 0) return null;
    const members = [...this.placed].map((uid) => this.member(uid, release));
    const outcome = this.take({ ...common, kind: 'forward', release, members });
    if (baseline === null || this.shell.header.rollout?.state === 'running') return outcome;
    const newcomers = [...this.placed].filter(
      (uid) => (this.shell.rows.get(uid)?.assignment?.release ?? null) === null,
    );
    if (newcomers.length === 0) return outcome;
    return this.take({
      ...common,
      kind: 'catchUp',
      release: baseline,
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
    this.advance(ms);
    this.isHubUp = true;
    this.hubUpSince = this.now;
    this.oracles.wasAway(ms);
    this.take({ type: 'gap', ms }, true);
    this.collect();
    this.relay();
    this.take({ type: 'tick' });
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
      if ((this.shell.header.wakeAt ?? Number.POSITIVE_INFINITY) <= this.now) this.take({ type: 'tick' });
      if (this.shell.header.queued && this.shell.header.rollout?.state !== 'running') this.poll();
    }
  }

  /** From now on everything works. */
  heal(): void {
    for (const cluster of this.clusters.values()) cluster.heal(this.now);
  }

  private nextHubAt(): Millis {
    return this.isHubUp
      ? Math.max(this.now + 1, this.shell.header.wakeAt ?? Number.POSITIVE_INFINITY)
      : Number.POSITIVE_INFINITY;
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
    const wasOnline = this.shell.presence.get(uid)?.online ?? false;
    this.shell.presence.set(uid, { online: true, seenAt: this.now });
    if (!wasOnline && this.shell.rows.has(uid)) this.take({ type: 'returned', clusters: [uid] });
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
    for (const [uid, { online, seenAt }] of this.shell.presence) {
      // While the hub was away it could hear nobody.
      const since = Math.max(seenAt ?? 0, this.hubUpSince);
      if (online && this.now - since >= SILENCE_MS) this.shell.presence.set(uid, { online: false, seenAt });
    }
  }

  private remember(decision: Decision): void {
    for (const effect of decision.effects) {
      if (effect.type === 'probe') {
        const cluster = this.clusters.get(effect.cluster);
        if (cluster) cluster.nextHeartbeatAt = Math.min(cluster.nextHeartbeatAt, this.now);
      }
      if (effect.type === 'dirty') {
        const assignment = this.shell.rows.get(effect.cluster)?.assignment ?? null;
        this.documents.push({ uid: effect.cluster, document: { sequence: 0, assignment } });
      }
    }
  }

  private relay(): void {
    for (const uid of this.shell.dirty) {
      this.write(uid, { sequence: 0, assignment: this.shell.rows.get(uid)?.assignment ?? null });
    }
    this.shell.dirty.clear();
  }

  private write(uid: ClusterUid, { assignment }: ManifestDocument): void {
    const sequence = (this.manifests.get(uid)?.sequence ?? 0) + 1;
    this.manifests.set(uid, { sequence, assignment });
  }
}
