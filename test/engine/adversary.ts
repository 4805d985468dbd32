import * as fc from 'fast-check';
import type {
  ApplicationHeader,
  ClusterUid,
  Effect,
  Member,
  ReportInput,
  RolloutEvent,
  StrategySpec,
  TargetRow,
} from '#domain';
import { schedule } from '../../libs/domain/src/rollout/testing/schedule.suite.js';

/** Numbers below `n`, the same ones for the same seed. */
export type Random = (n: number) => number;

export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * n);
  };
}

type Ask = Extract<Effect, { type: 'ask' }>;
const ann = { actor: 'token:ann' } as const;

/**
 * What happens to one application: made up from how it stood a moment ago, so that it means something, and played a moment later,
 * when it may mean something else.
 */
export class Adversary {
  /** Gates that were asked; some are answered twice. */
  readonly asks: Ask[] = [];
  private newest = 0;
  private readonly reported: ReportInput[] = [];
  private readonly strategies: readonly StrategySpec[];

  constructor(
    private readonly random: Random,
    private readonly placed: readonly ClusterUid[],
  ) {
    this.strategies = fc.sample(schedule, { numRuns: 30, seed: random(2 ** 31) }).map(({ strategy }) => strategy);
  }

  next(header: ApplicationHeader | null, rows: readonly TargetRow[]): RolloutEvent {
    const dice = this.random(100);
    if (header === null || header.rollout === null || dice < 4) return this.start(header);
    const { rollout } = header;
    if (rollout.state !== 'running' && dice < 40) return this.start(header);
    if (dice < 52) return { type: 'reports', reports: this.reports(rows) };
    if (dice < 72) return { type: 'tick' };
    if (dice < 78) return this.answer() ?? { type: 'promote', ...ann };
    if (rollout.holds.length > 0 && dice < 90) {
      return this.one<RolloutEvent>([
        { type: 'resume', accept: true, ...ann },
        { type: 'retry', ...ann },
        { type: 'rollback', ...ann },
        { type: 'resume', ...ann },
      ]);
    }
    return this.command(header, rows);
  }

  private start(header: ApplicationHeader | null): RolloutEvent {
    const isNew = header === null || this.random(6) > 0;
    if (isNew) this.newest += 1;
    const release = Math.max(1, this.newest);
    return {
      ...{ type: 'start', kind: 'forward', release, members: this.members(release), actor: 'system' },
      ...{ strategy: this.one(this.strategies), automatic: this.random(2) === 0 },
    };
  }

  private members(release: number): Member[] {
    return this.placed.map((uid, index) => ({
      ...{ uid, name: uid, labels: labelsOf(index), facts: {}, overlay: 'o', online: true },
      digest: `d${release}`,
    }));
  }

  /** Of what is assigned now, mostly well; and some that were told before, in another order. */
  private reports(rows: readonly TargetRow[]): readonly ReportInput[] {
    const assigned = this.shuffled(rows.filter(({ assignment }) => (assignment?.release ?? null) !== null)).slice(
      0,
      1 + this.random(6),
    );
    const told = assigned.flatMap(({ uid, assignment }): ReportInput[] => {
      if (assignment === null) return [];
      const { generation, digest, healthyForMs } = assignment;
      const base = { uid, generation, digest, breaks: this.random(3) };
      const dice = this.random(20);
      if (dice < 14) return [{ ...base, phase: 'healthy', steadyMs: healthyForMs }];
      if (dice < 18) return [{ ...base, phase: 'progressing', steadyMs: 0 }];
      return [{ ...base, phase: 'failed', steadyMs: 0, cause: 'health', message: 'it fails' }];
    });
    const again = this.random(3) === 0 ? this.shuffled(this.reported).slice(0, this.random(8)) : [];
    this.reported.push(...told);
    if (this.reported.length > 200) this.reported.splice(0, 100);
    return this.shuffled([...told, ...again]);
  }

  private answer(): RolloutEvent | null {
    const ask = this.asks[this.random(this.asks.length)];
    if (!ask) return null;
    if (this.random(4) > 0) this.asks.splice(this.asks.indexOf(ask), 1);
    const { rollout, wave, when, gate } = ask;
    const outcome = this.one(['success', 'success', 'success', 'noData', 'failure'] as const);
    return { type: 'gateAnswer', rollout, wave, when, gate: gate.name, outcome, message: `it says ${outcome}` };
  }

  private command(header: ApplicationHeader, rows: readonly TargetRow[]): RolloutEvent {
    const { rollout } = header;
    const some = this.shuffled(this.placed).slice(0, 1 + this.random(3));
    const [uid = ''] = some;
    const generation = rows.find((row) => row.uid === uid)?.generation ?? 0;
    const wave = this.one(rollout?.waves ?? [])?.name ?? 'w0';
    const strategy = rollout?.strategy ?? this.one(this.strategies);
    const [release] = header.barred;
    return this.one<RolloutEvent>([
      { type: 'pause', ...ann },
      { type: 'pause', hard: true, ...ann },
      { type: 'resume', ...ann },
      { type: 'retry', clusters: some, ...ann },
      { type: 'rollback', ...ann },
      { type: 'cancel', ...ann },
      { type: 'skip', clusters: [uid], reason: 'it is old', ...ann },
      { type: 'skip', wave, reason: 'not these', ...ann },
      { type: 'approve', actor: `token:${this.one(['bob', 'cid', 'dan'])}` },
      { type: 'approve', wave, actor: 'token:eve' },
      { type: 'reject', reason: 'not today', actor: 'token:bob' },
      { type: 'promote', ...ann },
      { type: 'lift', release: release ?? 1, ...ann },
      { type: 'replan', strategy, members: this.members(rollout?.release ?? 1), ...ann },
      { type: 'returned', clusters: some },
      { type: 'removed', clusters: [uid], why: 'left' },
      { type: 'ahead', cluster: uid, generation: generation + 2 },
      { type: 'gap', ms: 30_000 },
    ]);
  }

  private one<T>(items: readonly T[]): T {
    const item = items[this.random(items.length)];
    if (item === undefined && items.length > 0) throw new Error('there is no such item');
    return item as T;
  }

  private shuffled<T>(items: readonly T[]): T[] {
    return items
      .map((item) => [this.random(2 ** 30), item] as const)
      .sort(([a], [b]) => a - b)
      .map(([, item]) => item);
  }
}

function labelsOf(index: number): Member['labels'] {
  const ring = String(index % 3);
  return index % 4 === 3 ? { ring } : { ring, tz: index % 2 === 0 ? 'UTC' : 'Asia/Kolkata' };
}
