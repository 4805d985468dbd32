import type { Decision, Rollout, TargetRow } from '#domain';
import { BugError } from '#kit';

export interface EndedRollout {
  readonly id: string;
  readonly final: Rollout;
}

/** A decision, sorted into what is written one after the other. */
export interface DecisionParts {
  readonly ended: readonly EndedRollout[];
  /** Rows that still bear a rollout that ends: saved before its targets are archived. */
  readonly lastRows: readonly TargetRow[];
  readonly rows: readonly TargetRow[];
  /** Without duplicates, in uid order: everybody locks in the same order. */
  readonly dirty: readonly string[];
}

export function partsOf(decision: Decision): DecisionParts {
  const ended: EndedRollout[] = [];
  const dirty = new Set<string>();
  for (const effect of decision.effects) {
    if (effect.type === 'ended') ended.push({ id: effect.rollout, final: effect.final });
    if (effect.type === 'dirty') dirty.add(effect.cluster);
  }
  const ids = new Set(ended.map((each) => each.id));
  return {
    ended,
    lastRows: inUidOrder(decision.rows.filter((row) => ids.has(row.rollout))),
    rows: inUidOrder(decision.rows.filter((row) => !ids.has(row.rollout))),
    dirty: [...dirty].sort(),
  };
}

function inUidOrder(rows: readonly TargetRow[]): readonly TargetRow[] {
  const seen = new Set(rows.map((row) => row.uid));
  if (seen.size !== rows.length) throw new BugError('duplicate-row', 'A decision holds two rows of one cluster.');
  return [...rows].sort((a, b) => (a.uid < b.uid ? -1 : 1));
}

/** The number of a rollout's id, `<application>-<number>`. */
export function rolloutNumberOf(id: string): number {
  return Number(id.slice(id.lastIndexOf('-') + 1));
}
