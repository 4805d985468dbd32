import type { ClusterUid } from '../../cluster.js';
import {
  TARGET_STATES,
  type ApplicationHeader,
  type Decision,
  type Freeze,
  type HistoryEntry,
  type LoadedRow,
  type Millis,
  type Rollout,
  type RolloutEvent,
  type RowNeed,
  type TargetRow,
  type TargetState,
  type WaveProgress,
} from '../model.js';
import { need } from '../need.js';
import { newHeader } from '../new-header.js';
import { ENGINE_RULES, type EngineRules } from '../rules.js';
import { step } from '../step.js';
import { NONE } from '../wave-counters.js';

export type Presence = Omit<LoadedRow, 'row'>;

/** What one transaction was given: enough to do it again. */
export interface LoggedStep {
  readonly event: RolloutEvent;
  readonly now: Millis;
  readonly presence: readonly (readonly [ClusterUid, Presence])[];
}

export interface Outcome {
  readonly decisions: readonly Decision[];
  readonly refused?: { readonly code: string; readonly message: string };
}

/** More ticks than this for one event is a busy loop. */
const MAX_TICKS = 5000;

/**
 * The thinnest shell there can be: tables as maps, a transaction as a call. It loads exactly what `need` asks for, so that the
 * tests see what a database would give, and checks after each commit that the header's counters equal the rows: the committed
 * rows are counted in and out, and all of them once more by `recount`.
 */
export class MemoryShell {
  header: ApplicationHeader;
  readonly rows = new Map<ClusterUid, TargetRow>();
  readonly presence = new Map<ClusterUid, Presence>();
  readonly history: HistoryEntry[] = [];
  readonly archive = new Map<string, { readonly rollout: Rollout; readonly rows: readonly TargetRow[] }>();
  readonly log: LoggedStep[] = [];
  /** Clusters whose manifest is to be written. */
  readonly dirty = new Set<ClusterUid>();
  readonly probed: ClusterUid[] = [];
  /** The fleet freeze that comes with each tick. */
  freeze: Freeze | null = null;
  rowsLoaded = 0;
  /** Told of each commit, with the rows as they were before, in the order of the decision's. */
  onCommit: ((decision: Decision, before: ApplicationHeader, olds: readonly (TargetRow | undefined)[]) => void) | null =
    null;
  private counted: { readonly id: string; readonly waves: readonly Counters[] } = { id: '', waves: [] };

  constructor(
    application = 'web',
    private readonly rules: EngineRules = ENGINE_RULES,
    private readonly isChecked = true,
  ) {
    this.header = newHeader(application);
  }

  /** One event and the ticks that belong to it. */
  take(
    event: RolloutEvent,
    now: Millis,
    onDecision: (decision: Decision, before: ApplicationHeader) => void = () => {},
    areFollowingTicksTold = true,
  ): Outcome {
    const decisions: Decision[] = [];
    let next = event;
    for (let ticks = 0; ; ticks += 1) {
      if (ticks > MAX_TICKS) throw new Error(`more than ${MAX_TICKS} ticks for one ${event.type}: a busy loop`);
      const decision = this.one(next, now);
      if (decision.refused) return { decisions, refused: decision.refused };
      decisions.push(decision.decision);
      onDecision(decision.decision, decision.before);
      if (!decision.decision.again) return { decisions };
      next = areFollowingTicksTold ? this.tick() : { type: 'tick' };
    }
  }

  tick(): RolloutEvent {
    return { type: 'tick', ...(this.freeze && { freeze: this.freeze }) };
  }

  /** One event, without the ticks that belong to it. */
  one(
    event: RolloutEvent,
    now: Millis,
    load: (shell: MemoryShell) => readonly LoadedRow[] = () => this.load(need(this.header, event, now, this.rules)),
  ): { decision: Decision; before: ApplicationHeader; refused?: Outcome['refused'] } {
    const before = this.header;
    const loaded = load(this);
    this.rowsLoaded += loaded.length;
    const decision = step(before, loaded, event, now, this.rules);
    if (decision.refused) return { decision, before, refused: decision.refused };
    if (!decision.changed) {
      if (decision.header !== before || decision.rows.length > 0)
        throw new Error('an unchanged decision brings changes');
      return { decision, before };
    }
    const presence = loaded.map(({ row, ...present }) => [row.uid, present] as const);
    this.log.push({ event, now, presence });
    this.commit(decision);
    return { decision, before };
  }

  private commit(decision: Decision): void {
    if (decision.header.version !== this.header.version + 1)
      throw new Error('the header was saved over another version');
    const before = this.header;
    const olds = decision.rows.map(({ uid }) => this.rows.get(uid));
    for (const effect of decision.effects) {
      if (effect.type === 'dirty') this.dirty.add(effect.cluster);
      if (effect.type === 'probe') this.probed.push(effect.cluster);
    }
    for (const effect of decision.effects) {
      if (effect.type !== 'ended') continue;
      for (const row of decision.rows) if (row.rollout === effect.rollout) this.rows.set(row.uid, row);
      const rows = [...this.rows.values()].filter(({ rollout }) => rollout === effect.rollout);
      this.archive.set(effect.rollout, { rollout: effect.final, rows });
    }
    for (const row of decision.rows) this.rows.set(row.uid, row);
    this.header = decision.header;
    this.history.push(...decision.history);
    this.onCommit?.(decision, before, olds);
    if (this.isChecked) this.checkCounters(decision.rows, olds);
  }

  private loadedRow(row: TargetRow): LoadedRow {
    return { row, ...(this.presence.get(row.uid) ?? { online: false, seenAt: null }) };
  }

  /** As a store does it: filters, orders and limits. */
  load(wanted: RowNeed): LoadedRow[] {
    if (wanted.all) return [...this.rows.values()].map((row) => this.loadedRow(row));
    const found = new Map<ClusterUid, TargetRow>();
    const take = (rows: readonly TargetRow[]): void => rows.forEach((row) => found.set(row.uid, row));
    take((wanted.uids ?? []).flatMap((uid) => this.rows.get(uid) ?? []));
    if (wanted.rollout === undefined) return [...found.values()].map((row) => this.loadedRow(row));
    const ofRollout = [...this.rows.values()].filter(({ rollout }) => rollout === wanted.rollout);
    const byDue = ofRollout.filter(({ dueAt }) => dueAt !== null).sort((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0));
    if (wanted.due) {
      const { before, limit } = wanted.due;
      take(byDue.filter(({ dueAt }) => (dueAt ?? 0) <= before).slice(0, limit));
    }
    if (wanted.next) {
      const { after } = wanted.next;
      take(byDue.filter(({ dueAt }) => (dueAt ?? 0) > after).slice(0, 1));
    }
    if (wanted.pending) {
      const { wave, limit, zones } = wanted.pending;
      const pending = ofRollout.filter(
        (row) =>
          row.state === 'pending' &&
          row.wave === wave &&
          (zones === undefined || row.zone === undefined || zones.includes(row.zone)),
      );
      pending.sort((a, b) => Number(b.requeued ?? false) - Number(a.requeued ?? false) || a.position - b.position);
      take(pending.slice(0, limit));
    }
    if (wanted.silent) {
      const { wave, since, limit } = wanted.silent;
      const silent = ofRollout.filter((row) => {
        const seenAt = this.presence.get(row.uid)?.seenAt ?? null;
        return (
          row.wave === wave &&
          (row.state === 'passed' || row.state === 'unchanged') &&
          (seenAt === null || seenAt < since)
        );
      });
      take(silent.slice(0, limit));
    }
    return [...found.values()].map((row) => this.loadedRow(row));
  }

  /** All rows counted from scratch against the header. @throws Error where they differ. */
  recount(): void {
    const { rollout } = this.header;
    if (!rollout) return;
    const waves = rollout.waves.map(newCounters);
    for (const row of this.rows.values()) if (row.rollout === rollout.id) countInto(waves[row.wave], row, 1);
    this.counted = { id: rollout.id, waves };
    this.compareCounters(rollout);
  }

  private checkCounters(rows: readonly TargetRow[], olds: readonly (TargetRow | undefined)[]): void {
    const { rollout } = this.header;
    if (!rollout) return;
    const { id, waves } = this.counted;
    if (id !== rollout.id || waves.length !== rollout.waves.length) {
      this.recount();
      return;
    }
    for (const old of olds) if (old?.rollout === id) countInto(waves[old.wave], old, -1);
    for (const row of rows) if (row.rollout === id) countInto(waves[row.wave], row, 1);
    this.compareCounters(rollout);
  }

  private compareCounters({ waves }: Rollout): void {
    waves.forEach((wave, index) => {
      const real = this.counted.waves[index];
      if (!real || isSame(wave, real)) return;
      throw new Error(`counters of wave ${wave.name} differ: ${JSON.stringify(wave)}, counted ${JSON.stringify(real)}`);
    });
  }
}

interface Counters {
  readonly counts: Record<TargetState, number>;
  carried: number;
  suspects: number;
  unsteady: number;
  readonly accepted: { failed: number; deferred: number };
}

function newCounters(): Counters {
  return { counts: { ...NONE }, carried: 0, suspects: 0, unsteady: 0, accepted: { failed: 0, deferred: 0 } };
}

function isSame(wave: WaveProgress, { counts, carried, suspects, unsteady, accepted }: Counters): boolean {
  return (
    wave.carried === carried &&
    wave.suspects === suspects &&
    wave.unsteady === unsteady &&
    wave.accepted.failed === accepted.failed &&
    wave.accepted.deferred === accepted.deferred &&
    TARGET_STATES.every((state) => wave.counts[state] === counts[state])
  );
}

/** What the engine keeps by difference, in other words than its own. */
function countInto(counters: Counters | undefined, row: TargetRow, by: 1 | -1): void {
  if (!counters) throw new Error(`${row.uid} is in wave ${row.wave}, which there is not`);
  const hasPassed = row.state === 'passed' || row.state === 'unchanged';
  counters.counts[row.state] += by;
  if (row.carried) counters.carried += by;
  if (hasPassed && row.failedSince !== undefined) counters.suspects += by;
  if (hasPassed && row.report?.phase === 'progressing') counters.unsteady += by;
  if (row.accepted && row.state === 'failed') counters.accepted.failed += by;
  if (row.accepted && row.state === 'deferred') counters.accepted.deferred += by;
}
