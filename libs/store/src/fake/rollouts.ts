import {
  isRetired,
  newHeader,
  retireRow,
  type ApplicationHeader,
  type Decision,
  type LoggedStep,
  type Scope,
  type TargetRow,
} from '#domain';
import type { RolloutStore } from '#ports';
import { BugError, RetryableError } from '#kit';
import { type EndedRollout, partsOf, rolloutNumberOf } from '../decision-parts.js';
import { phaseInForce } from '../phase-in-force.js';
import { eventsOf } from '../postgres/append-events.js';
import { fakeEngineLog, firstVersion, saveCheckpoint, saveStep } from './engine-log.js';
import { loadFakeRows } from './load-rows.js';
import { byKeys, compareKeys, kept, keyOf } from './memory.js';
import { markAll } from './outbox.js';
import { fakeRolloutLists } from './rollout-lists.js';
import { holdsPair } from './scoped.js';
import type { Run, Session } from './session.js';

const headerLock = (application: string): string => `header ${application}`;

export function fakeRollouts(run: Run): RolloutStore {
  return {
    ...fakeRolloutLists(run),
    ...fakeEngineLog(run),
    lock: (application) => run((session) => lockHeader(session, application)),
    lockDue: (now, limit) =>
      run((session) => {
        session.requireTransaction('rollouts.lockDue');
        const due = session.tables.headers
          .rows()
          .filter(({ wakeAt }) => wakeAt !== null && wakeAt <= now)
          .sort(byKeys(({ wakeAt, application }) => [wakeAt ?? 0, application]));
        const locked: string[] = [];
        for (const { application } of due) {
          if (locked.length < limit && session.tryLock(headerLock(application))) locked.push(application);
        }
        return locked;
      }),
    header: (application) => run(({ tables }) => tables.headers.get(application) ?? null),
    headers: () => run(({ tables }) => [...tables.headers.rows()].sort(byKeys((header) => [header.application]))),
    rows: (application, need) => run(({ tables }) => loadFakeRows(tables, application, need)),
    commit: (application, decision, step) => run((session) => commitDecision(session, application, decision, step)),
    forget: (application) => run((session) => forgetApplication(session, application)),
    nextWake: () =>
      run(({ tables }) => {
        const times = tables.headers.rows().flatMap(({ wakeAt }) => (wakeAt === null ? [] : [wakeAt]));
        return times.length === 0 ? null : Math.min(...times);
      }),
    placed: (uids) =>
      run(({ tables }) =>
        tables.targets
          .rows()
          .filter(({ row }) => uids.includes(row.uid))
          .map(({ application, row }) => ({ uid: row.uid, application }))
          .sort(byKeys(({ uid, application }) => [uid, application])),
      ),
    ofCluster: (uid) =>
      run(({ tables }) =>
        tables.targets
          .rows()
          .filter(({ row }) => row.uid === uid && !isRetired(row))
          .sort(byKeys(({ application }) => [application])),
      ),
    counts: (scopes) => run((session) => counts(session, scopes)),
  };
}

async function lockHeader(session: Session, application: string): Promise<ApplicationHeader> {
  session.requireTransaction('rollouts.lock');
  await session.lock(headerLock(application));
  const { headers, rollouts } = session.tables;
  const found = headers.get(application);
  if (found !== undefined) return found;
  const numbers = rollouts.rows().flatMap((each) => (each.application === application ? [each.rollout.number] : []));
  const seqs = session.memory.events.flatMap((each) => (each.application === application ? [each.seq] : []));
  const header = kept(
    newHeader(application, {
      ...{ rolloutNumber: Math.max(0, ...numbers), seq: Math.max(0, ...seqs) },
      version: firstVersion(session.tables, application),
    }),
  );
  headers.set(application, header);
  return header;
}

async function commitDecision(
  session: Session,
  application: string,
  decision: Decision,
  step?: LoggedStep,
): Promise<void> {
  if (!decision.changed) return;
  const { header } = decision;
  if (header.application !== application) {
    throw new BugError('foreign-decision', `A decision about ${header.application} was saved for ${application}.`);
  }
  await session.lock(headerLock(application));
  const { ended, lastRows, rows, dirty } = partsOf(decision);
  if (session.tables.headers.get(application)?.version !== header.version - 1) {
    throw new RetryableError(
      'version-conflict',
      `Another hub changed the rollout of ${application} meanwhile: try again.`,
    );
  }
  if (step !== undefined) saveStep(session.tables, decision, step);
  session.tables.headers.set(application, kept(header));
  if (header.rollout !== null) {
    const key = keyOf(application, header.rollout.number);
    if (session.tables.rollouts.get(key) === undefined) {
      session.tables.rollouts.set(key, kept({ application, rollout: header.rollout }));
    }
  }
  saveTargets(session, application, lastRows);
  for (const rollout of ended) archiveRollout(session, application, rollout);
  saveTargets(session, application, rows);
  markAll(session, dirty);
  if (decision.history.length > 0) {
    session.appendEvents(eventsOf(application, decision));
    session.signals.add('event');
  }
  if (header.wakeAt !== null) session.signals.add('wake');
}

function saveTargets({ tables }: Session, application: string, rows: readonly TargetRow[]): void {
  for (const row of rows) tables.targets.set(keyOf(application, row.uid), kept({ application, row }));
}

function archiveRollout({ tables }: Session, application: string, { id, final }: EndedRollout): void {
  const number = rolloutNumberOf(id);
  for (const entry of tables.targets.rows()) {
    if (entry.application !== application || entry.row.rollout !== id) continue;
    tables.archivedTargets.set(keyOf(application, number, entry.row.uid), { application, number, row: entry.row });
  }
  tables.rollouts.set(keyOf(application, number), kept({ application, rollout: final }));
}

async function forgetApplication(session: Session, application: string): Promise<void> {
  await session.lock(headerLock(application));
  const { headers, targets, reports } = session.tables;
  const header = headers.get(application);
  const all = targets.rows().filter((entry) => entry.application === application);
  if (header?.rollout) {
    archiveRollout(session, application, { id: header.rollout.id, final: header.rollout });
    saveCheckpoint(session.tables, { header, rows: all.map(({ row }) => row) }, null);
  }
  const own = all.filter(({ row }) => !isRetired(row));
  saveTargets(
    session,
    application,
    own.map(({ row }) => retireRow(row)),
  );
  for (const { report } of reports.rows()) {
    if (report.application === application) reports.delete(keyOf(application, report.cluster));
  }
  headers.delete(application);
  markAll(
    session,
    own.map(({ row }) => row.uid),
  );
  session.signals.add('wake');
}

function counts({ tables }: Session, scopes?: readonly Scope[]): Awaited<ReturnType<RolloutStore['counts']>> {
  const found = new Map<string, { application: string; state: string; phase: string | null; count: number }>();
  for (const { application, row } of tables.targets.rows()) {
    if ((row.assignment?.release ?? null) === null || !holdsPair(tables, scopes, application, row.uid)) continue;
    const phase = phaseInForce(row);
    const key = keyOf(application, row.state, phase ?? '');
    const before = found.get(key)?.count ?? 0;
    found.set(key, { application, state: row.state, phase, count: before + 1 });
  }
  // As PostgreSQL: null comes last.
  const place = (each: { application: string; state: string; phase: string | null }): readonly string[] => [
    each.application,
    each.state,
    each.phase ?? '\uffff',
  ];
  return [...found.values()].sort((a, b) => compareKeys(place(a), place(b)));
}
