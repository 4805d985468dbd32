import { canonicalJson } from '#domain';
import type { ReleaseDetails, ReleaseStore, StoredRelease } from '#ports';
import { oneNumber, pageAfter, pageLimit, timeApplicationNumber, toPage } from '../page-cursor.js';
import { bundleStore } from './bundles.js';
import { hasSameTerms } from '../same-terms.js';
import { boundsOf, seesApplicationSql } from './scopes-to-sql.js';
import { Parameters } from './selector-to-sql.js';
import type { Sql } from './sql.js';

interface ReleaseRow {
  readonly application: string;
  readonly number: number;
  readonly source: string;
  readonly revision: string;
  readonly author: string;
  readonly subject: string;
  readonly committed_at: string;
  readonly overlays: string;
  readonly spec_generation: number;
  readonly details: ReleaseDetails | Record<string, never>;
  readonly created_at: number;
}

/** What an overlay was rendered from is only asked for when another release is made. */
const LISTED = `application, number, source, revision, author, subject, committed_at, overlays, spec_generation,
  details - 'inputs' - 'terms' as details, created_at`;

const toRelease = (row: ReleaseRow): StoredRelease => ({
  application: row.application,
  number: row.number,
  source: row.source,
  revision: row.revision,
  author: row.author,
  subject: row.subject,
  committedAt: row.committed_at,
  overlays: JSON.parse(row.overlays) as StoredRelease['overlays'],
  specGeneration: row.spec_generation,
  ...('sources' in row.details && { details: row.details as ReleaseDetails }),
  createdAt: row.created_at,
});

export function releaseStore(sql: Sql): ReleaseStore {
  const latest = async (within: Sql, application: string): Promise<ReleaseRow | undefined> => {
    const { rows } = await within.query<ReleaseRow>(
      'select * from releases where application = $1 order by number desc limit 1',
      [application],
    );
    return rows[0];
  };

  return {
    ...bundleStore(sql),
    /** Three statements; releases of one application are numbered one after the other. */
    add: (release) =>
      sql.atomically(async (within) => {
        await within.query(`select pg_advisory_xact_lock(hashtextextended('release ' || $1, 0))`, [
          release.application,
        ]);
        const newest = await latest(within, release.application);
        const overlays = canonicalJson(release.overlays);
        const standing = newest && toRelease(newest);
        if (
          standing?.revision === release.revision &&
          newest?.overlays === overlays &&
          hasSameTerms(standing, release)
        ) {
          return { release: standing, created: false };
        }
        const { rows } = await within.query<ReleaseRow>(
          `insert into releases (application, number, source, revision, author, subject, committed_at, overlays,
                                 spec_generation, created_at, details)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning *`,
          [
            release.application,
            (newest?.number ?? 0) + 1,
            release.source,
            release.revision,
            release.author,
            release.subject,
            release.committedAt,
            overlays,
            release.specGeneration,
            release.createdAt,
            JSON.stringify(release.details ?? {}),
          ],
        );
        return { release: toRelease(rows[0] as ReleaseRow), created: true };
      }),
    async get(application, number) {
      const { rows } = await sql.query<ReleaseRow>('select * from releases where application = $1 and number = $2', [
        application,
        number,
      ]);
      return rows[0] === undefined ? null : toRelease(rows[0]);
    },
    async latest(application) {
      const row = await latest(sql, application);
      return row === undefined ? null : toRelease(row);
    },
    async list(application, page) {
      const limit = pageLimit(page);
      const parameters = new Parameters();
      const bounds = boundsOf(page.scopes);
      const conditions = [bounds === null ? 'true' : seesApplicationSql(bounds, 'application', parameters)];
      if (application !== null) {
        const after = pageAfter(page, oneNumber);
        conditions.push(`application = ${parameters.add(application)}`);
        if (after !== null) conditions.push(`number < ${parameters.add(after[0])}`);
        const { rows } = await sql.query<ReleaseRow>(
          `select ${LISTED} from releases where ${conditions.join(' and ')} order by number desc limit ${limit + 1}`,
          parameters.values,
        );
        return toPage(rows, limit, (row) => [row.number], toRelease);
      }
      const after = pageAfter(page, timeApplicationNumber);
      if (after !== null) {
        const key = after.map((each) => parameters.add(each)).join(', ');
        conditions.push(`(created_at, application, number) < (${key})`);
      }
      const { rows } = await sql.query<ReleaseRow>(
        `select ${LISTED} from releases where ${conditions.join(' and ')}
         order by created_at desc, application desc, number desc limit ${limit + 1}`,
        parameters.values,
      );
      return toPage(rows, limit, (row) => [row.created_at, row.application, row.number], toRelease);
    },
  };
}
