import type { ClusterState } from './cluster.js';
import type { ReportPhase } from './rollout/model.js';

/**
 * What one cluster of the fleet's grid shows: the first that holds of `waiting` (its agent never joined), `leaving`, `offline`,
 * `held` (by a person), and then the worst of its applications: `failed` (and refused), `progressing` (and not yet reported),
 * `drifted` (runs its release, but not as Git says), `healthy`; `none`: no application is assigned to it.
 */
export const CELL_STATES = [
  'healthy',
  'progressing',
  'failed',
  'drifted',
  'held',
  'offline',
  'waiting',
  'leaving',
  'none',
] as const;
export type CellState = (typeof CELL_STATES)[number];

export interface CellCluster {
  readonly state: ClusterState;
  readonly online: boolean;
  /** A person holds it. */
  readonly isHeld: boolean;
}

/** One application that is assigned to the cluster. */
export interface CellApplication {
  /** The agent's word of the assignment in force; null: none yet. */
  readonly phase: ReportPhase | null;
  /** Something is not as the release says: it drifts now, or what runs is another digest. */
  readonly isDrifted: boolean;
}

const WORST_FIRST = ['failed', 'progressing', 'drifted', 'healthy'] as const;

/** @param applications those that the cluster is told to run. */
export function cellState({ state, online, isHeld }: CellCluster, applications: readonly CellApplication[]): CellState {
  if (state === 'registered') return 'waiting';
  if (state === 'leaving') return 'leaving';
  if (!online) return 'offline';
  if (isHeld) return 'held';
  const states = new Set(applications.map(applicationState));
  return WORST_FIRST.find((each) => states.has(each)) ?? 'none';
}

function applicationState({ phase, isDrifted }: CellApplication): (typeof WORST_FIRST)[number] {
  switch (phase) {
    case 'failed':
    case 'refused':
      return 'failed';
    case 'progressing':
    case null:
      return 'progressing';
    case 'healthy':
      return isDrifted ? 'drifted' : 'healthy';
  }
}
