import {
  need,
  newHeader,
  RowTable,
  step,
  type ApplicationHeader,
  type LoadedRow,
  type PresenceView,
  type ReportInput,
  type RolloutEvent,
  type TargetRow,
} from '#domain';
import { APPLICATION, NOW, oneWave, startOf } from './engine-fleet.js';
import { say, stopwatch } from './machine.js';
import { round } from './percentile.js';

const SIZES = [100, 1000, 10_000] as const;
/** Reports per size and round: small fleets are rolled out again and again. */
const REPORTS = 30_000;
const ROUNDS = 5;
/** How often the naive engine's copy is made. */
const COPIES = 20;

const everybody: PresenceView = {
  loaded: (_index: number, row: TargetRow): LoadedRow => ({ row, online: true, seenAt: NOW }),
  seenAt: () => NOW,
};

/** A store in memory around the engine, which counts. */
class CountingShell {
  header: ApplicationHeader = newHeader(APPLICATION);
  readonly table = new RowTable();
  loaded = 0;
  written = 0;
  steps = 0;
  /** Clusters that were assigned something, in that order. */
  readonly assigned: string[] = [];

  take(event: RolloutEvent, now: number): void {
    for (let next = event; ; next = { type: 'tick' }) {
      const rows = this.table.load(need(this.header, next, now), everybody);
      const decision = step(this.header, rows, next, now);
      this.steps += 1;
      this.loaded += rows.length;
      this.written += decision.rows.length;
      if (decision.changed) {
        this.header = decision.header;
        this.table.save(decision.rows);
        for (const effect of decision.effects) if (effect.type === 'dirty') this.assigned.push(effect.cluster);
      }
      if (!decision.again) return;
    }
  }
}

/** What an agent says of one assignment: at work, healthy, healthy for long enough. */
function reportsOf(row: TargetRow | undefined): ReportInput[] {
  const { uid = '', assignment } = row ?? {};
  const { generation = 0, digest = '', healthyForMs = 0 } = assignment ?? {};
  const common = { uid, generation, digest, breaks: 0 };
  return [
    { ...common, phase: 'progressing', steadyMs: 0 },
    { ...common, phase: 'healthy', steadyMs: 0 },
    { ...common, phase: 'healthy', steadyMs: healthyForMs },
  ];
}

interface ReportCost {
  readonly us: number;
  readonly rowsLoaded: number;
  readonly rowsWritten: number;
  readonly steps: number;
}

/** A whole wave, 10 % of it in flight: reports one by one, with the ticks and new assignments that they bring about. */
function oneFleet(size: number, reports: number): ReportCost {
  let [cpuMs, taken, loaded, written, steps] = [0, 0, 0, 0, 0];
  for (let release = 1; taken < reports; release += 1) {
    const shell = new CountingShell();
    shell.take(startOf(size, release, oneWave()), NOW);
    [shell.loaded, shell.written, shell.steps] = [0, 0, 0];
    const end = stopwatch();
    let now = NOW;
    for (let turn = 0; turn < shell.assigned.length; turn += 1) {
      const index = shell.table.indexOf(shell.assigned[turn] ?? '') ?? -1;
      for (const report of reportsOf(shell.table.at(index))) {
        now += 1;
        shell.take({ type: 'reports', reports: [report] }, now);
        taken += 1;
      }
    }
    cpuMs += end().cpuMs;
    [loaded, written, steps] = [loaded + shell.loaded, written + shell.written, steps + shell.steps];
    const { state } = shell.header.rollout ?? {};
    if (state !== 'succeeded') throw new Error(`the rollout of ${size} clusters ended ${state}`);
  }
  const each = (total: number): number => round(total / taken, 2);
  return { us: (cpuMs * 1000) / taken, rowsLoaded: each(loaded), rowsWritten: each(written), steps: each(steps) };
}

/** The yardstick: an engine that copies the whole state for each report, as the first one that comes to mind would. */
function naiveCopy(size: number): { readonly structuredCloneUs: number; readonly jsonUs: number } {
  const shell = new CountingShell();
  shell.take(startOf(size, 1, oneWave()), NOW);
  const state = { header: shell.header, rows: shell.table.load({ all: true }, everybody).map(({ row }) => row) };
  const timed = (copy: () => unknown): number => {
    copy();
    const end = stopwatch();
    for (let count = 0; count < COPIES; count += 1) copy();
    return round((end().cpuMs * 1000) / COPIES);
  };
  return {
    structuredCloneUs: timed(() => structuredClone(state)),
    jsonUs: timed(() => JSON.parse(JSON.stringify(state)) as unknown),
  };
}

/** Microseconds of CPU and rows per report, the median of rounds that go through the sizes by turns; the copies between them. */
export async function measureReports(): Promise<object> {
  oneFleet(1000, REPORTS);
  const rounds: Record<number, ReportCost[]> = {};
  const copies: Record<number, ReturnType<typeof naiveCopy>> = {};
  for (let count = 0; count < ROUNDS; count += 1) {
    for (const size of SIZES) {
      (rounds[size] ??= []).push(oneFleet(size, REPORTS));
      if (count === 0) copies[size] = naiveCopy(size);
    }
  }
  const median = (size: number): ReportCost => {
    const sorted = (rounds[size] ?? []).sort((a, b) => a.us - b.us);
    const middle = sorted[Math.floor(sorted.length / 2)];
    if (!middle) throw new Error('nothing was measured');
    return { ...middle, us: round(middle.us, 1) };
  };
  const bySize = Object.fromEntries(SIZES.map((size) => [size, { ...median(size), naive: copies[size] }]));
  const flatness = round(median(10_000).us / median(100).us, 2);
  say(`a report at 10,000 targets costs ${flatness} times that at 100`);
  return {
    ...bySize,
    ratio10000To100: flatness,
    naiveToEngine10000: round((copies[10_000]?.structuredCloneUs ?? 0) / median(10_000).us),
  };
}
