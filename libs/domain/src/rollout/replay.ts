import { canonicalJson } from '../canonical-json.js';
import type { ClusterUid } from '../cluster.js';
import { ENGINE_VERSION, outcomeOf, type EngineCheckpoint, type EngineState, type LogEntry } from './event-log.js';
import type { ApplicationHeader, LoadedRow, Millis, TargetRow } from './model.js';
import { step } from './step.js';

/** Where a replay could not go on, or led elsewhere than the log says. */
export interface ReplayFault {
  readonly code:
    /** A step is not in the log. */
    | 'gap'
    /** The step looked at a row that there was none of. */
    | 'no-row'
    /** It changed something then, and changes nothing now. */
    | 'no-change'
    /** It decides otherwise now, though it is the same engine. */
    | 'outcome'
    /** It decides otherwise now, and was taken by another version of the engine. */
    | 'version';
  readonly step: number;
  readonly at: Millis;
  /** One sentence for a person. */
  readonly message: string;
}

/** A place where what is stored is not what the replay leads to. */
export interface StateDifference {
  /** Null: in the header. */
  readonly cluster: ClusterUid | null;
  /** `rollout.waves.0.phase`; empty: the whole row. */
  readonly field: string;
  /** Canonical JSON, cut at 200 characters; absent: not there. */
  readonly stored?: string;
  readonly replayed?: string;
}

export interface ReplayProof {
  /** Every step led to what was committed then, and all of them to the stored state, byte for byte. */
  readonly ok: boolean;
  readonly steps: number;
  /** The step after which the replay set out, and the last one that it took. */
  readonly from: number;
  readonly to: number;
  readonly fault?: ReplayFault;
  /** At most 20. */
  readonly differences: readonly StateDifference[];
  readonly message: string;
}

const MAX_DIFFERENCES = 20;
const MAX_SHOWN = 200;

/** Takes logged steps again, one after the other, upon the state of a checkpoint. */
export class Replay {
  fault: ReplayFault | null = null;
  header: ApplicationHeader;
  private readonly rowsByUid: Map<ClusterUid, TargetRow>;
  private steps = 0;

  constructor(private readonly checkpoint: EngineCheckpoint) {
    this.header = checkpoint.header;
    this.rowsByUid = new Map(checkpoint.rows.map((row) => [row.uid, row]));
  }

  /** In uid order. */
  get rows(): readonly TargetRow[] {
    return [...this.rowsByUid.values()].sort((a, b) => (a.uid < b.uid ? -1 : 1));
  }

  /** Whether a step was taken at `until` or before, by the clock of the header, which never goes back. */
  isWithin(entry: LogEntry, until: Millis): boolean {
    return Math.max(this.header.now, entry.at) <= until;
  }

  /** The next step; after a fault nothing is taken any more. */
  take(entry: LogEntry): ReplayFault | null {
    this.fault ??= this.tryTake(entry);
    return this.fault;
  }

  /** What the replay proves of the state that is stored for the same step. */
  compare(stored: EngineState): ReplayProof {
    const { fault, steps, checkpoint } = this;
    const { version: to } = this.header;
    const differences = fault ? [] : differencesOf(stored, { header: this.header, rows: this.rows });
    const ok = fault === null && differences.length === 0;
    return {
      ok,
      steps,
      from: checkpoint.step,
      to,
      ...(fault && { fault }),
      differences,
      message: this.say(differences),
    };
  }

  private say(differences: readonly StateDifference[]): string {
    if (this.fault) return this.fault.message;
    const [first] = differences;
    if (!first) return `${this.steps} steps reproduce the stored state, byte for byte.`;
    const where = first.cluster === null ? 'the header' : `the row of ${first.cluster}`;
    const field = first.field === '' ? '' : `, ${first.field}`;
    return `All ${this.steps} steps lead to what was committed then, but what is stored differs from it in ${where}${field}: it was changed by something else than a step.`;
  }

  private tryTake(entry: LogEntry): ReplayFault | null {
    const next = this.header.version + 1;
    const fault = (code: ReplayFault['code'], message: string): ReplayFault => ({
      ...{ code, step: entry.step, at: entry.at },
      message: `Step ${entry.step} (${entry.event.type}) ${message}`,
    });
    if (entry.step !== next) return fault('gap', `follows upon step ${next - 1}: what is between them was not logged.`);
    const loaded: LoadedRow[] = [];
    for (const { uid, ...presence } of entry.inputs) {
      const row = this.rowsByUid.get(uid);
      if (!row) return fault('no-row', `looked at a row of ${uid}, which there was none of.`);
      loaded.push({ row, ...presence });
    }
    const decision = step(this.header, loaded, entry.event, entry.at);
    const isOtherVersion = entry.version !== ENGINE_VERSION;
    if (isOtherVersion && (!decision.changed || outcomeOf(decision) !== entry.outcome)) {
      return fault(
        'version',
        `was taken by version ${entry.version} of the engine, and this one, version ${ENGINE_VERSION}, decides otherwise: replay it with a hub of that time.`,
      );
    }
    if (!decision.changed) {
      return fault('no-change', `changed something then and changes nothing now${because(decision.refused?.message)}.`);
    }
    if (outcomeOf(decision) !== entry.outcome) return fault('outcome', 'does not lead to what was committed then.');
    this.header = decision.header;
    for (const row of decision.rows) this.rowsByUid.set(row.uid, row);
    this.steps += 1;
    return null;
  }
}

/** The replay of all steps, or of those up to a time. */
export function replayFrom(checkpoint: EngineCheckpoint, entries: Iterable<LogEntry>, until?: Millis): Replay {
  const replay = new Replay(checkpoint);
  for (const entry of entries) {
    if (until !== undefined && !replay.isWithin(entry, until)) break;
    if (replay.take(entry)) break;
  }
  return replay;
}

/** Proves that the steps lead to the stored state; steps after it are left aside. */
export function verify(checkpoint: EngineCheckpoint, entries: Iterable<LogEntry>, stored: EngineState): ReplayProof {
  const replay = new Replay(checkpoint);
  for (const entry of entries) {
    if (entry.step > stored.header.version || replay.take(entry)) break;
  }
  return replay.compare(stored);
}

function because(message: string | undefined): string {
  return message === undefined ? '' : ` (${message})`;
}

function differencesOf(stored: EngineState, replayed: EngineState): readonly StateDifference[] {
  const found: StateDifference[] = [];
  compareValues(found, null, [], stored.header, replayed.header);
  const replayedRows = new Map(replayed.rows.map((row) => [row.uid, row]));
  const storedRows = new Map(stored.rows.map((row) => [row.uid, row]));
  for (const uid of [...new Set([...storedRows.keys(), ...replayedRows.keys()])].sort()) {
    compareValues(found, uid, [], storedRows.get(uid), replayedRows.get(uid));
    if (found.length >= MAX_DIFFERENCES) break;
  }
  return found.slice(0, MAX_DIFFERENCES);
}

function compareValues(
  found: StateDifference[],
  cluster: ClusterUid | null,
  path: readonly string[],
  stored: unknown,
  replayed: unknown,
): void {
  const [left, right] = [bytesOf(stored), bytesOf(replayed)];
  if (left === right || found.length >= MAX_DIFFERENCES) return;
  const isDeeper = isObject(stored) && isObject(replayed) && Array.isArray(stored) === Array.isArray(replayed);
  if (isDeeper) {
    const keys = new Set([...Object.keys(stored), ...Object.keys(replayed)]);
    for (const key of [...keys].sort()) compareValues(found, cluster, [...path, key], stored[key], replayed[key]);
    return;
  }
  found.push({
    ...{ cluster, field: path.join('.') },
    ...(left !== undefined && { stored: left.slice(0, MAX_SHOWN) }),
    ...(right !== undefined && { replayed: right.slice(0, MAX_SHOWN) }),
  });
}

function bytesOf(value: unknown): string | undefined {
  return value === undefined ? undefined : canonicalJson(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
