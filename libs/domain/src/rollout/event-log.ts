import { canonicalJson, sha256 } from '../canonical-json.js';
import type { ClusterUid } from '../cluster.js';
import type {
  ApplicationHeader,
  Decision,
  LoadedRow,
  Millis,
  PresenceInput,
  RolloutEvent,
  TargetRow,
} from './model.js';

/**
 * Raised whenever `step` decides differently, or a stored shape changes: a step logged by another version can be read, but not
 * proven by this one.
 */
export const ENGINE_VERSION = 2;

/** The whole state of an application between two steps. */
export interface EngineState {
  readonly header: ApplicationHeader;
  readonly rows: readonly TargetRow[];
}

/** What the shell gave to `step`, besides the header: enough to take it again. */
export interface LoggedStep {
  readonly event: RolloutEvent;
  /** As it was given, not as the header keeps it. */
  readonly now: Millis;
  /** The loaded rows in the order of their loading; their content follows from the steps before. */
  readonly inputs: readonly PresenceInput[];
  /** The state before the step; needed where a rollout begins, since its replay begins there. */
  readonly before?: EngineState;
}

/** A step as it is kept, append only. */
export interface LogEntry {
  readonly application: string;
  /** The header's version after it: one after the other, with none left out. */
  readonly step: number;
  /** ENGINE_VERSION of the hub that took it. */
  readonly version: number;
  /** `now` as it was given to `step`. */
  readonly at: Millis;
  /** Id of the rollout that was in the header after it. */
  readonly rollout: string | null;
  readonly event: RolloutEvent;
  readonly inputs: readonly PresenceInput[];
  /** outcomeDigest of what it decided. */
  readonly outcome: string;
}

/** The state after step `step`, before the next one. */
export interface EngineCheckpoint extends EngineState {
  readonly application: string;
  readonly step: number;
  readonly version: number;
  /** Id of the rollout that began with the next step; null: the application was forgotten. */
  readonly rollout: string | null;
}

export function presenceInputs(loaded: readonly LoadedRow[]): readonly PresenceInput[] {
  return loaded.map(({ row, ...presence }) => ({ uid: row.uid, ...presence }));
}

/** Whether a decision begins a rollout: its replay needs the state before. */
export function beginsRollout(before: Pick<ApplicationHeader, 'rollout'>, decision: Decision): boolean {
  const { rollout } = decision.header;
  return rollout !== null && rollout.id !== before.rollout?.id;
}

/** SHA-256 over the canonical JSON of the header and of each row that was written, in uid order. */
export function outcomeDigest(header: string, rows: ReadonlyMap<ClusterUid, string>): string {
  const written = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  return sha256([header, ...written].join('\n'));
}

/** The same of a decision. */
export function outcomeOf({ header, rows }: Decision): string {
  return outcomeDigest(canonicalJson(header), new Map(rows.map((row) => [row.uid, canonicalJson(row)])));
}

/** Inputs as they are kept: an array each, since a tick may look at hundreds of rows. */
export function writeInputs(inputs: readonly PresenceInput[]): string {
  return JSON.stringify(
    inputs.map(({ uid, online, seenAt, held }) => [uid, online ? 1 : 0, seenAt, ...(held === true ? [1] : [])]),
  );
}

export function readInputs(text: string): readonly PresenceInput[] {
  const inputs = JSON.parse(text) as readonly (readonly [ClusterUid, 0 | 1, Millis | null, 1?])[];
  return inputs.map(([uid, online, seenAt, held]) => ({
    ...{ uid, online: online === 1, seenAt },
    ...(held === 1 && { held: true }),
  }));
}
