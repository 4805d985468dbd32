import type { ClusterUid } from '../../cluster.js';
import {
  TARGET_STATES,
  type ApplicationHeader,
  type Decision,
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

export interface Presence {
  readonly online: boolean;
  readonly seenAt: Millis | null;
}

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
 * tests see what a database would give, and checks after each commit that the header's counters equal the rows.
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
  rowsLoaded = 0;

  constructor(
    application = 'web',
    private readonly rules: EngineRules = ENGINE_RULES,
  ) {
    this.header = newHeader(application);
  }

  /** One event and the ticks that belong to it. */
  take(
    event: RolloutEvent,
    now: Millis,
    onDecision: (decision: Decision, before: ApplicationHeader) => void = () => {},
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
      next = { type: 'tick' };
    }
  }

  /** One event, without the ticks that belong to it. */
  one(
    event: RolloutEvent,
    now: Millis,
    load: (shell: MemoryShell) => readonly LoadedRow[] = () => this.load(need(this.header, event, now)),
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
    const presence = loaded.map(({ row, online, seenAt }) => [row.uid, { online, seenAt }] as const);
    this.log.push({ event, now, presence });
    this.commit(decision);
    return { decision, before };
  }

  private commit(decision: Decision): void {
    if (decision.header.version !== this.header.version + 1)
      throw new Error('the header was saved over another version');
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
    this.checkCounters();
  }

  private loadedRow(row: TargetRow): LoadedRow {
    const { online, seenAt } = this.presence.get(row.uid) ?? { online: false, seenAt: null };
    return { row, online, seenAt };
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
      const { wave, limit } = wanted.pending;
      const pending = ofRollout.filter((row) => row.state === 'pending' && row.wave === wave);
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

  /** The counters are kept by difference; here they are counted. */
  private checkCounters(): void {
    const { rollout } = this.header;
    if (!rollout) return;
    const counted = rollout.waves.map(newCounters);
    for (const row of this.rows.values()) {
      const counters = row.rollout === rollout.id ? counted[row.wave] : undefined;
      if (counters) countInto(counters, row);
    }
    rollout.waves.forEach((wave, index) => {
      const real = counted[index];
      if (!real || isSame(wave, real)) return;
      throw new Error(`counters of wave ${wave.name} differ: ${JSON.stringify(wave)}, counted ${JSON.stringify(real)}`);
    });
  }
}

interface Counters {
  readonly counts: Record<TargetState, number>;
  carried: number;
  suspects: number;
  readonly accepted: { failed: number; deferred: number };
}

function newCounters(): Counters {
  return { counts: { ...NONE }, carried: 0, suspects: 0, accepted: { failed: 0, deferred: 0 } };
}

function isSame(wave: WaveProgress, { counts, carried, suspects, accepted }: Counters): boolean {
  return (
    wave.carried === carried &&
    wave.suspects === suspects &&
    wave.accepted.failed === accepted.failed &&
    wave.accepted.deferred === accepted.deferred &&
    TARGET_STATES.every((state) => wave.counts[state] === counts[state])
  );
}

/** What the engine keeps by difference, counted from scratch and in its own words. */
function countInto(counters: Counters, row: TargetRow): void {
  counters.counts[row.state] += 1;
  if (row.carried) counters.carried += 1;
  if (row.failedSince !== undefined && (row.state === 'passed' || row.state === 'unchanged')) counters.suspects += 1;
  if (row.accepted && row.state === 'failed') counters.accepted.failed += 1;
  if (row.accepted && row.state === 'deferred') counters.accepted.deferred += 1;
}
