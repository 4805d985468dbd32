import type { ClusterUid } from '../../cluster.js';
import type { Member, Millis, ReportInput, Rollout, RolloutEvent, TargetRow, WaveProgress } from '../model.js';
import type { EngineRules } from '../rules.js';
import { ENGINE_RULES } from '../rules.js';
import { STRATEGY_DEFAULTS, WAVE_DEFAULTS, type StrategySpec, type WaveSpec } from '../strategy.js';
import { MemoryShell, type Outcome } from './memory-shell.js';

export const START: Millis = 1_000_000;
/** How long after its last sign of life a cluster counts as offline. */
export const SILENCE_MS = 180_000;

export function wave(name: string, more: Partial<WaveSpec> = {}): WaveSpec {
  return { ...WAVE_DEFAULTS, name, maxConcurrency: '100%', maxFailures: 0, maxUnreachable: 0, ...more };
}

export function strategy(waves: readonly WaveSpec[], more: Partial<StrategySpec> = {}): StrategySpec {
  return { ...STRATEGY_DEFAULTS, ...more, waves };
}

export function digest(release: number, overlay = 'o'): string {
  return `${overlay}-${release}`.padEnd(64, '0');
}

/**
 * A fleet and its engine under a hand-moved clock, for tests that tell a story: clusters `c0`, `c1`, … are online and seen
 * unless told otherwise.
 */
export class Scenario {
  now = START;
  readonly shell: MemoryShell;
  readonly uids: readonly ClusterUid[];

  constructor(clusters: number, rules: EngineRules = ENGINE_RULES) {
    this.shell = new MemoryShell('web', rules);
    this.uids = Array.from({ length: clusters }, (_, index) => `c${index}`);
    this.hear(...this.uids);
  }

  get rollout(): Rollout {
    const { rollout } = this.shell.header;
    if (!rollout) throw new Error('there is no rollout');
    return rollout;
  }

  get holds(): readonly string[] {
    return this.rollout.holds.map(({ code }) => code);
  }

  wave(index: number): WaveProgress {
    const found = this.rollout.waves[index];
    if (!found) throw new Error(`there is no wave ${index}`);
    return found;
  }

  row(uid: ClusterUid): TargetRow {
    const found = this.shell.rows.get(uid);
    if (!found) throw new Error(`there is no row of ${uid}`);
    return found;
  }

  /** Uids in this state, in the order of waves and positions. */
  in(state: TargetRow['state'], index?: number): ClusterUid[] {
    return [...this.shell.rows.values()]
      .filter(
        (row) => row.rollout === this.rollout.id && row.state === state && (index === undefined || row.wave === index),
      )
      .sort((a, b) => a.wave - b.wave || a.position - b.position)
      .map(({ uid }) => uid);
  }

  /** A sign of life. */
  hear(...uids: readonly ClusterUid[]): void {
    for (const uid of uids)
      this.shell.presence.set(uid, { ...this.shell.presence.get(uid), online: true, seenAt: this.now });
  }

  cutOff(...uids: readonly ClusterUid[]): void {
    for (const uid of uids) {
      const present = this.shell.presence.get(uid);
      this.shell.presence.set(uid, { seenAt: null, ...present, online: false });
    }
  }

  /** A person holds clusters, or lets them go. */
  hold(...uids: readonly ClusterUid[]): Outcome {
    for (const uid of uids) {
      const present = this.shell.presence.get(uid) ?? { online: false, seenAt: null };
      this.shell.presence.set(uid, { ...present, held: true });
    }
    return this.take({ type: 'held', clusters: uids, actor: 'token:ann', reason: 'maintenance' });
  }

  unhold(...uids: readonly ClusterUid[]): Outcome {
    for (const uid of uids) {
      const present = this.shell.presence.get(uid);
      if (present) this.shell.presence.set(uid, { online: present.online, seenAt: present.seenAt });
    }
    return this.take({ type: 'unheld', clusters: uids, actor: 'token:ann' });
  }

  comeBack(...uids: readonly ClusterUid[]): Outcome {
    this.hear(...uids);
    return this.take({ type: 'returned', clusters: uids });
  }

  take(event: RolloutEvent): Outcome {
    return this.shell.take(event, this.now);
  }

  members(
    release: number,
    uids: readonly ClusterUid[] = this.uids,
    labels: (uid: string) => Record<string, string> = () => ({}),
  ): Member[] {
    return uids.map((uid) => ({
      uid,
      name: uid,
      labels: labels(uid),
      facts: {},
      overlay: 'o',
      digest: digest(release),
      online: true,
    }));
  }

  start(release: number, spec: StrategySpec, more: Partial<Extract<RolloutEvent, { type: 'start' }>> = {}): Outcome {
    return this.take({
      type: 'start',
      kind: 'forward',
      release,
      strategy: spec,
      members: this.members(release),
      automatic: false,
      actor: 'token:ann',
      ...more,
    });
  }

  /** Lets time pass, ticking whenever the engine asked to be woken; clusters that are online keep on sending heartbeats. */
  pass(ms: Millis): void {
    const end = this.now + ms;
    for (let guard = 0; guard < 10_000; guard += 1) {
      const { wakeAt } = this.shell.header;
      if (wakeAt === null || wakeAt > end) break;
      this.now = Math.max(this.now, wakeAt);
      this.hear(...[...this.shell.presence].flatMap(([uid, { online }]) => (online ? [uid] : [])));
      this.take(this.shell.tick());
    }
    this.now = end;
    this.hear(...[...this.shell.presence].flatMap(([uid, { online }]) => (online ? [uid] : [])));
  }

  /** A report of the cluster's present assignment. */
  report(uid: ClusterUid, more: Partial<ReportInput> = {}): Outcome {
    const { assignment } = this.row(uid);
    this.hear(uid);
    const report: ReportInput = {
      uid,
      generation: assignment?.generation ?? 0,
      digest: assignment?.digest ?? '',
      phase: 'healthy',
      steadyMs: assignment?.healthyForMs ?? 0,
      breaks: 0,
      ...more,
    };
    return this.take({ type: 'reports', reports: [report] });
  }

  /** Every cluster in flight says that it is healthy for long enough, again and again, until nothing is in flight. */
  passAll(): void {
    for (let guard = 0; guard < 1000; guard += 1) {
      const flying = [...this.in('assigned'), ...this.in('progressing')];
      if (flying.length === 0) return;
      for (const uid of flying) this.report(uid);
    }
  }
}
