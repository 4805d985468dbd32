import type { ClusterUid } from '../../cluster.js';
import type {
  ApplicationHeader,
  Decision,
  HistoryEntry,
  LoadedRow,
  Millis,
  Rollout,
  RolloutEvent,
  RowNeed,
  TargetRow,
} from '../model.js';
import { need } from '../need.js';
import { newHeader } from '../new-header.js';
import { ENGINE_RULES, type EngineRules } from '../rules.js';
import { step } from '../step.js';
import { countRow, newWave } from '../wave-counters.js';

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

  one(
    event: RolloutEvent,
    now: Millis,
  ): { decision: Decision; before: ApplicationHeader; refused?: Outcome['refused'] } {
    const before = this.header;
    const loaded = this.load(need(before, event, now));
    this.rowsLoaded += loaded.length;
    const decision = step(before, loaded, event, now, this.rules);
    if (decision.refused) return { decision, before, refused: decision.refused };
    if (!decision.changed) {
      if (decision.header !== before || decision.rows.length > 0)
        throw new Error('an unchanged decision brings changes');
      return { decision, before };
    }
    this.log.push({ event, now, presence: [...this.presence] });
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
    const all = [...this.rows.values()];
    if (wanted.all) return all.map((row) => this.loadedRow(row));
    const found = new Map<ClusterUid, TargetRow>();
    const take = (rows: readonly TargetRow[]): void => rows.forEach((row) => found.set(row.uid, row));
    const ofRollout = all.filter(({ rollout }) => rollout === wanted.rollout);
    take((wanted.uids ?? []).flatMap((uid) => this.rows.get(uid) ?? []));
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
    let waves = rollout.waves.map(newWave);
    for (const row of this.rows.values()) {
      const wave = waves[row.wave];
      if (row.rollout === rollout.id && wave) waves = waves.with(row.wave, countRow(wave, row, 1));
    }
    waves.forEach((wave, index) => {
      const { counts, carried, suspects, accepted } = rollout.waves[index] ?? wave;
      const kept = JSON.stringify({ counts, carried, suspects, accepted });
      const real = JSON.stringify({
        counts: wave.counts,
        carried: wave.carried,
        suspects: wave.suspects,
        accepted: wave.accepted,
      });
      if (kept !== real)
        throw new Error(`counters of wave ${wave.name} differ from its rows: ${kept}, counted ${real}`);
    });
  }
}
