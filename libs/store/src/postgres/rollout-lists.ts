import type { ApplicationHeader, Rollout, Scope, TargetRow } from '#domain';
import type { ArchivedRollout, RolloutStore } from '#ports';
import { oneNumber, pageAfter, pageLimit, timeApplicationNumber, toPage, wavePositionUid } from '../page-cursor.js';
import { boundsOf, seesApplicationSql, seesPairSql, type PairColumns } from './scopes-to-sql.js';
import { Parameters } from './selector-to-sql.js';
import type { Sql } from './sql.js';

interface RolloutRow {
  readonly application: string;
  readonly number: number;
  readonly started_at: number;
  readonly body: string;
  /** The application's header, where this rollout is the one in it. */
  readonly header: string | null;
}

interface TargetListRow {
  readonly wave: number;
  readonly position: number;
  readonly uid: string;
  readonly body: string;
}

const SELECT_ROLLOUT = `select r.application, r.number, r.started_at, r.body, h.header
  from rollouts r left join application_headers h on h.application = r.application and h.rollout_number = r.number`;

function toRollout(row: RolloutRow): Rollout {
  if (row.header === null) return JSON.parse(row.body) as Rollout;
  return (JSON.parse(row.header) as ApplicationHeader).rollout ?? (JSON.parse(row.body) as Rollout);
}

const toArchived = (row: RolloutRow): ArchivedRollout => ({ application: row.application, rollout: toRollout(row) });
const toTarget = (row: TargetListRow): TargetRow => JSON.parse(row.body) as TargetRow;

/**
 * Targets of rollout `r`: live rows while it runs, archived ones once it ended. Each part is a range of an index, and the one that
 * is not asked for is never read.
 */
const TARGETS_OF_R = `(
    select t.uid from targets t
    where t.application = r.application and t.rollout = r.application || '-' || r.number and ${isRunning('h')}
    union all
    select a.uid from archived_targets a
    where a.application = r.application and a.number = r.number and not ${isRunning('h')}
  ) t`;

const TARGET_OF_R: PairColumns = { application: 'r.application', uid: 't.uid' };

/** Whether the rollout is the one in the header, and goes on. */
function isRunning(header: string): string {
  return `coalesce((${header}.header::jsonb #>> '{rollout,state}') = 'running', false)`;
}

/** What people ask about rollouts; each page a range of an index, 1 to 5 ms, for somebody with bounds up to 100 ms. */
export function rolloutLists(sql: Sql): Pick<RolloutStore, 'rollout' | 'list' | 'targets' | 'reach'> {
  const rollout = async (application: string, number: number): Promise<Rollout | null> => {
    const { rows } = await sql.query<RolloutRow>(`${SELECT_ROLLOUT} where r.application = $1 and r.number = $2`, [
      application,
      number,
    ]);
    return rows[0] === undefined ? null : toRollout(rows[0]);
  };

  return {
    rollout,
    async list(application, page) {
      const limit = pageLimit(page);
      const parameters = new Parameters();
      const conditions = [wholeInScope(page.scopes, parameters)];
      if (application !== null) {
        const after = pageAfter(page, oneNumber);
        conditions.push(`r.application = ${parameters.add(application)}`);
        if (after !== null) conditions.push(`r.number < ${parameters.add(after[0])}`);
        const { rows } = await sql.query<RolloutRow>(
          `${SELECT_ROLLOUT} where ${conditions.join(' and ')} order by r.number desc limit ${limit + 1}`,
          parameters.values,
        );
        return toPage(rows, limit, (row) => [row.number], toArchived);
      }
      const after = pageAfter(page, timeApplicationNumber);
      if (after !== null) {
        const key = after.map((each) => parameters.add(each)).join(', ');
        conditions.push(`(r.started_at, r.application, r.number) < (${key})`);
      }
      const { rows } = await sql.query<RolloutRow>(
        `${SELECT_ROLLOUT} where ${conditions.join(' and ')}
         order by r.started_at desc, r.application desc, r.number desc limit ${limit + 1}`,
        parameters.values,
      );
      return toPage(rows, limit, (row) => [row.started_at, row.application, row.number], toArchived);
    },
    async targets(application, number, page) {
      const limit = pageLimit(page);
      const after = pageAfter(page, wavePositionUid);
      const present = await rollout(application, number);
      if (present === null) return { items: [] };
      const parameters = new Parameters();
      const bounds = boundsOf(page.scopes);
      const conditions = [`t.application = ${parameters.add(application)}`];
      if (present.state === 'running') conditions.push(`t.rollout = ${parameters.add(present.id)}`);
      else conditions.push(`t.number = ${parameters.add(number)}`);
      if (page.state !== undefined) conditions.push(`t.state = ${parameters.add(page.state)}`);
      if (page.wave !== undefined) conditions.push(`t.wave = ${parameters.add(page.wave)}`);
      if (after !== null) {
        const key = after.map((each) => parameters.add(each)).join(', ');
        conditions.push(`(t.wave, t.position, t.uid) > (${key})`);
      }
      if (bounds !== null)
        conditions.push(seesPairSql(bounds, { application: 't.application', uid: 't.uid' }, parameters));
      const { rows } = await sql.query<TargetListRow>(
        `select t.wave, t.position, t.uid, t.body
         from ${present.state === 'running' ? 'targets' : 'archived_targets'} t
         where ${conditions.join(' and ')} order by t.wave, t.position, t.uid limit ${limit + 1}`,
        parameters.values,
      );
      return toPage(rows, limit, (row) => [row.wave, row.position, row.uid], toTarget);
    },
    /** Reads every target of the rollout: 10,000 about 40 ms. */
    async reach(application, number, scopes) {
      const parameters = new Parameters();
      const { rows } = await sql.query<{ targets: number; held: number }>(
        `select count(*) as targets, count(*) filter (where ${seesPairSql(scopes, TARGET_OF_R, parameters)}) as held
         from rollouts r left join application_headers h on h.application = r.application and h.rollout_number = r.number,
           lateral ${TARGETS_OF_R}
         where r.application = ${parameters.add(application)} and r.number = ${parameters.add(number)}`,
        parameters.values,
      );
      return rows[0] ?? { targets: 0, held: 0 };
    },
  };
}

/**
 * All targets of rollout `r` in scope, and at least one; a scope without a selector needs no look at them. Stops at the first
 * target out of scope.
 */
function wholeInScope(scopes: readonly Scope[] | undefined, parameters: Parameters): string {
  const bounds = boundsOf(scopes);
  if (bounds === null) return 'true';
  const everywhere = bounds.filter(({ clusters }) => clusters === null);
  const held = seesPairSql(bounds, TARGET_OF_R, parameters);
  return `(${seesApplicationSql(everywhere, 'r.application', parameters)} or (
    ${seesApplicationSql(bounds, 'r.application', parameters)}
    and exists (select from ${TARGETS_OF_R} where ${held})
    and not exists (select from ${TARGETS_OF_R} where not ${held})))`;
}
