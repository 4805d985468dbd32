import type { ClusterUid } from '../../cluster.js';
import type { StoredHoldCode } from '../../hold.js';
import type { LoadedRow, Millis, Rollout, WaveProgress } from '../model.js';
import type { GateSpec } from '../strategy.js';
import { Tally, type Distribution } from './distribution.js';
import { histogramOf, type Bin } from './histogram.js';
import { RUN_OUTCOMES, type RehearsedRun, type RunOutcome } from './rehearsed-run.js';

export interface RehearsedCluster {
  readonly uid: ClusterUid;
  readonly name: string;
}

export interface RehearsedWave {
  readonly name: string;
  readonly clusters: readonly RehearsedCluster[];
  /** In how many runs it opened, and was done. */
  readonly reached: number;
  readonly done: number;
  /** Milliseconds since the start; null: in no run. */
  readonly openedMs: Distribution | null;
  readonly doneMs: Distribution | null;
}

export interface RehearsedGate {
  readonly wave: string;
  readonly when: 'before' | 'after';
  readonly name: string;
  readonly type: 'approval' | 'schedule' | 'webhook' | 'metric';
  /** How long it was waited for, milliseconds; null: in no run did it open. */
  readonly waitedMs: Distribution | null;
}

/** What stopped runs. */
export interface Halt {
  readonly code: StoredHoldCode;
  readonly wave: string;
  readonly runs: number;
  /** Of the first such run. */
  readonly message: string;
}

export interface RehearsalReport {
  readonly runs: number;
  readonly clusters: number;
  readonly seed: number;
  readonly release: number;
  readonly planDigest: string;
  readonly outcomes: Readonly<Record<RunOutcome, number>>;
  /** Until the end, or the halt; a rollback is part of it. */
  readonly durationMs: Distribution | null;
  /** The same run by run. */
  readonly histogram: readonly Bin[];
  /** Clusters that took the release up, over all runs. */
  readonly exposed: Distribution | null;
  /** The same over the runs that halted or were rolled back; null: there was none. */
  readonly exposedBeforeHalt: Distribution | null;
  /** What halted it, in which wave, in how many runs; the commonest first. */
  readonly halts: readonly Halt[];
  /** In their order, each with its clusters in theirs. */
  readonly waves: readonly RehearsedWave[];
  readonly gates: readonly RehearsedGate[];
  readonly warnings: readonly string[];
}

/** Figures of the runs of one plan, taken as the runs come. */
export class RunFigures {
  runs = 0;
  private readonly outcomes = new Map<RunOutcome, number>();
  private readonly durations = new Tally();
  private readonly ends: { readonly durationMs: number; readonly outcome: RunOutcome }[] = [];
  private readonly exposed = new Tally();
  private readonly exposedBeforeHalt = new Tally();
  private readonly halts = new Map<string, Halt>();
  private readonly opened: readonly Tally[];
  private readonly ended: readonly Tally[];
  private readonly waits = new Map<string, Tally>();

  constructor(
    private readonly plan: Rollout,
    private readonly start: Millis,
  ) {
    this.opened = plan.waves.map(() => new Tally());
    this.ended = plan.waves.map(() => new Tally());
  }

  count(run: RehearsedRun): void {
    const { outcome, durationMs, exposed, rollout } = run;
    this.runs += 1;
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    this.durations.add(durationMs);
    this.ends.push({ durationMs, outcome });
    this.exposed.add(exposed);
    if (outcome === 'halted' || outcome === 'rolledBack') this.exposedBeforeHalt.add(exposed);
    for (const { code, wave, message } of run.halts) {
      const halt = this.halts.get(`${code} ${wave}`) ?? { code, wave, runs: 0, message };
      this.halts.set(`${code} ${wave}`, { ...halt, runs: halt.runs + 1 });
    }
    rollout.waves.forEach((wave, index) => this.countWave(wave, index));
  }

  private countWave({ openedAt, doneAt, gates = [] }: WaveProgress, index: number): void {
    if (openedAt !== undefined) this.opened[index]?.add(openedAt - this.start);
    if (doneAt !== undefined) this.ended[index]?.add(doneAt - this.start);
    for (const { when, name, since, openedAt: at } of gates) {
      if (since === undefined || at === undefined) continue;
      const key = gateKey(index, when, name);
      const waited = this.waits.get(key) ?? new Tally();
      waited.add(at - since);
      this.waits.set(key, waited);
    }
  }

  /** @param rows those of the plan, in wave and position order. */
  report(rows: readonly LoadedRow[], seed: number): RehearsalReport {
    const { id, release, planDigest, waves, warnings } = this.plan;
    const clusters = waves.map((): RehearsedCluster[] => []);
    for (const { row } of rows) {
      if (row.rollout === id) clusters[row.wave]?.push({ uid: row.uid, name: row.name });
    }
    return {
      runs: this.runs,
      clusters: clusters.reduce((sum, { length }) => sum + length, 0),
      seed,
      release,
      planDigest,
      outcomes: Object.fromEntries(RUN_OUTCOMES.map((each) => [each, this.outcomes.get(each) ?? 0])) as Record<
        RunOutcome,
        number
      >,
      durationMs: this.durations.distribution(),
      histogram: histogramOf(this.ends),
      exposed: this.exposed.distribution(),
      exposedBeforeHalt: this.exposedBeforeHalt.distribution(),
      halts: [...this.halts.values()].sort((a, b) => b.runs - a.runs || (a.code < b.code ? -1 : 1)),
      waves: waves.map(({ name }, index) => ({
        name,
        clusters: clusters[index] ?? [],
        reached: this.opened[index]?.count ?? 0,
        done: this.ended[index]?.count ?? 0,
        openedMs: this.opened[index]?.distribution() ?? null,
        doneMs: this.ended[index]?.distribution() ?? null,
      })),
      gates: waves.flatMap((wave, index) => this.gatesOf(wave, index)),
      warnings,
    };
  }

  private gatesOf({ name: wave, before = [], after = [] }: WaveProgress, index: number): RehearsedGate[] {
    const side = (when: 'before' | 'after', gates: readonly GateSpec[]): RehearsedGate[] =>
      gates.map(({ name, type }) => {
        const waitedMs = this.waits.get(gateKey(index, when, name))?.distribution() ?? null;
        return { wave, when, name, type, waitedMs };
      });
    return [...side('before', before), ...side('after', after)];
  }
}

const gateKey = (wave: number, when: string, name: string): string => `${wave} ${when} ${name}`;
