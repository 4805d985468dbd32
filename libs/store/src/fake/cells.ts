import type { AgentReport, HeldRelease, TargetRow } from '#domain';
import type { CellStore, StoredCellApplication } from '#ports';
import { phaseInForce } from '../phase-in-force.js';
import { keyOf } from './memory.js';
import type { Run } from './session.js';

/** Answers everything each time, as it may. */
export function fakeCells(run: Run): CellStore {
  return {
    read: (since) =>
      run(({ tables }) => ({
        mark: (since ?? 0) + 1,
        clusters: tables.clusters.rows().map(({ uid, name, labels, facts, state, online, hold }) => ({
          ...{ uid, name, labels, facts, state, online, isHeld: hold !== null, written: since ?? 0 },
        })),
        applications: tables.targets
          .rows()
          .map(({ application, row }) => ({
            ...cellApplication(application, row, tables.reports.get(keyOf(application, row.uid))?.report),
            written: since ?? 0,
          }))
          .filter(({ told }) => since !== null || told !== null),
      })),
  };
}

function cellApplication(
  application: string,
  row: TargetRow,
  report: AgentReport | undefined,
): Omit<StoredCellApplication, 'written'> {
  const { uid, assignment, lastPassed, previous } = row;
  const phase = phaseInForce(row);
  const isOther = phase === 'healthy' && report !== undefined && report.runs !== report.digest;
  const holds = (held: HeldRelease | null): boolean => held !== null && held.digest === report?.runs;
  return {
    ...{ uid, application, phase, told: assignment?.release ?? null },
    runs: [assignment as HeldRelease | null, lastPassed, previous].find(holds)?.release ?? 0,
    isDrifted: (report?.drift?.drifted ?? 0) > 0 || isOther,
  };
}
