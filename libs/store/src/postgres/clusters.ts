import { canonicalJson, type ClusterState, type Labels, type Scope, type Withdrawal } from '#domain';
import type { ClusterQuery, ClusterStore, Page, StoredCluster } from '#ports';
import { nameAndUid, pageAfter, pageLimit, toPage } from '../page-cursor.js';
import { boundsOf, seesClusterSql, seesPairSql, type PairColumns } from './scopes-to-sql.js';
import { Parameters, selectorToSql } from './selector-to-sql.js';
import type { Sql } from './sql.js';
import { nameTaken, takeOver } from './take-over.js';

interface ClusterRow {
  readonly uid: string;
  readonly name: string;
  readonly labels: Labels;
  readonly facts: Labels;
  readonly apis: string | null;
  readonly state: ClusterState;
  readonly public_key: string | null;
  readonly agent_version: string | null;
  readonly protocol: number | null;
  readonly online: boolean;
  readonly seen_at: number | null;
  readonly held_sequence: number;
  readonly created_at: number;
  readonly joined_at: number | null;
  readonly hold_reason: string | null;
  readonly hold_by: string | null;
  readonly hold_since: number | null;
  readonly leaving_since: number | null;
  readonly leaving_by: string | null;
  readonly leaving_told: string | null;
  readonly credential_issued_at: number | null;
  readonly credential_expires_at: number | null;
}

type Registry = Pick<
  ClusterStore,
  | 'get'
  | 'byName'
  | 'byKey'
  | 'named'
  | 'holding'
  | 'names'
  | 'list'
  | 'summary'
  | 'joined'
  | 'register'
  | 'takeOver'
  | 'setLabels'
  | 'setLabelsOf'
  | 'setFacts'
  | 'setApis'
  | 'revoke'
  | 'leave'
  | 'tellLeaving'
  | 'hold'
  | 'unhold'
  | 'credentialGiven'
  | 'markJoined'
>;

const toCluster = (row: ClusterRow): StoredCluster => ({
  uid: row.uid,
  name: row.name,
  labels: row.labels,
  facts: row.facts,
  ...(row.apis !== null && { apis: row.apis }),
  state: row.state,
  publicKey: row.public_key,
  agentVersion: row.agent_version,
  protocol: row.protocol,
  online: row.online,
  seenAt: row.seen_at,
  createdAt: row.created_at,
  joinedAt: row.joined_at,
  heldSequence: row.held_sequence,
  hold:
    row.hold_reason === null || row.hold_by === null || row.hold_since === null
      ? null
      : { reason: row.hold_reason, by: row.hold_by, since: row.hold_since },
  leaving:
    row.state !== 'leaving' || row.leaving_by === null || row.leaving_since === null
      ? null
      : { since: row.leaving_since, by: row.leaving_by, told: readTold(row.leaving_told) },
  credential:
    row.credential_issued_at === null || row.credential_expires_at === null
      ? null
      : { issuedAt: row.credential_issued_at, expiresAt: row.credential_expires_at },
});

function readTold(text: string | null): Withdrawal | null {
  return text === null ? null : (JSON.parse(text) as Withdrawal);
}

/** Who is registered under which name. Single rows by key; `list` and `joined` read up to 10,000 rows (about 40 ms). */
export function clusterRegistry(sql: Sql): Registry {
  const one = async (condition: string, value: string): Promise<StoredCluster | null> => {
    const { rows } = await sql.query<ClusterRow>(`select * from clusters where ${condition}`, [value]);
    return rows[0] === undefined ? null : toCluster(rows[0]);
  };
  /** An update that may change nothing; who plans by labels and facts is told. */
  const change = async (text: string, values: readonly unknown[]): Promise<boolean> => {
    const { count } = await sql.query(text, values);
    if (count > 0) sql.signal('resource');
    return count > 0;
  };

  return {
    get: (uid) => one('uid = $1', uid),
    byName: (name) => one(`name = $1 and state <> 'revoked'`, name),
    byKey: (publicKey) => one(`public_key = $1 and state <> 'revoked'`, publicKey),
    async named(names) {
      const { rows } = await sql.query<ClusterRow>(
        `select * from clusters where name = any($1::text[]) and state <> 'revoked' order by name`,
        [names],
      );
      return rows.map(toCluster);
    },
    async holding({ uids, publicKeys }) {
      const { rows } = await sql.query<ClusterRow>(
        `select * from clusters where uid = any($1::text[]) or (public_key = any($2::text[]) and state <> 'revoked') order by uid`,
        [uids, publicKeys],
      );
      return rows.map(toCluster);
    },
    /** 100 of them about 1 ms. */
    async names(uids) {
      const { rows } = await sql.query<Pick<ClusterRow, 'uid' | 'name'>>(
        'select uid, name from clusters where uid = any($1::text[])',
        [uids],
      );
      return new Map(rows.map(({ uid, name }) => [uid, name]));
    },
    list: (query) => listClusters(sql, query),
    summary: (scopes) => summarize(sql, scopes),
    async joined() {
      const { rows } = await sql.query<ClusterRow>(`select * from clusters where state = 'joined' order by name, uid`);
      return rows.map(toCluster);
    },
    async register({ uid, name, labels, now }) {
      const { rows } = await sql.query<ClusterRow>(
        `with added as (
           insert into clusters (uid, name, labels, created_at) values ($1, $2, $3::jsonb, $4)
           on conflict (name) where state <> 'revoked' do nothing returning *
         ), manifest as (
           insert into manifests (uid) select uid from added
         )
         select * from added`,
        [uid, name, JSON.stringify(labels), now],
      );
      if (rows[0] === undefined) throw nameTaken(name);
      sql.signal('resource');
      return toCluster(rows[0]);
    },
    takeOver: (clusters, agents) => takeOver(sql, clusters, agents),
    async setLabels(uid, labels) {
      await change('update clusters set labels = $2::jsonb where uid = $1 and labels <> $2::jsonb', [
        uid,
        JSON.stringify(labels),
      ]);
    },
    async setLabelsOf(labels) {
      if (labels.size === 0) return;
      await change(
        `update clusters c set labels = told.labels::jsonb
         from unnest($1::text[], $2::text[]) as told (uid, labels)
         where c.uid = told.uid and c.labels <> told.labels::jsonb`,
        [[...labels.keys()], [...labels.values()].map((each) => JSON.stringify(each))],
      );
    },
    async setFacts(uid, facts) {
      await change('update clusters set facts = $2::jsonb where uid = $1 and facts <> $2::jsonb', [
        uid,
        JSON.stringify(facts),
      ]);
    },
    async setApis(uid, apis) {
      await change('update clusters set apis = $2 where uid = $1 and apis is distinct from $2', [uid, apis]);
    },
    revoke: (uid, now) =>
      // In the order in which a join takes them, the token first: in one statement each could wait for the other.
      sql.atomically(async (within) => {
        await within.query('update join_tokens set expires_at = 0 where uid = $1', [uid]);
        const { count } = await within.query(
          `update clusters set state = 'revoked', online = false, revoked_at = $2 where uid = $1 and state <> 'revoked'`,
          [uid, now],
        );
        if (count > 0) within.signal('resource');
        return count > 0;
      }),
    leave: (uid, { since, by }) =>
      change(
        `update clusters set state = 'leaving', leaving_since = $2, leaving_by = $3, leaving_told = null
         where uid = $1 and state = 'joined'`,
        [uid, since, by],
      ),
    async tellLeaving(uid, told) {
      await sql.query(`update clusters set leaving_told = $2 where uid = $1 and state = 'leaving'`, [
        uid,
        canonicalJson(told),
      ]);
    },
    async hold(uid, { reason, by, since }) {
      const { count } = await sql.query(
        `update clusters set hold_reason = $2, hold_by = $3, hold_since = $4
         where uid = $1 and hold_since is null and state <> 'revoked'`,
        [uid, reason, by, since],
      );
      return count === 1;
    },
    async unhold(uid) {
      const { count } = await sql.query(
        `update clusters set hold_reason = null, hold_by = null, hold_since = null where uid = $1 and hold_since is not null`,
        [uid],
      );
      return count === 1;
    },
    /** About 1 ms; 10,000 agents renew over days. */
    async credentialGiven(uid, { issuedAt, expiresAt }) {
      await sql.query(
        `update clusters set credential_issued_at = $2, credential_expires_at = $3
         where uid = $1 and state <> 'revoked' and coalesce(credential_issued_at, 0) <= $2`,
        [uid, issuedAt, expiresAt],
      );
    },
    async markJoined(uid, { publicKey, version, protocol, now }) {
      await change(
        `update clusters set state = case state when 'leaving' then state else 'joined' end, public_key = $2,
           agent_version = $3, protocol = $4, joined_at = $5
         where uid = $1 and state <> 'revoked'`,
        [uid, publicKey, version, protocol, now],
      );
    },
  };
}

async function listClusters(sql: Sql, query: ClusterQuery): Promise<Page<StoredCluster>> {
  const limit = pageLimit(query);
  const after = pageAfter(query, nameAndUid);
  const parameters = new Parameters();
  const conditions = [
    query.state === undefined ? `c.state <> 'revoked'` : `c.state = ${parameters.add(query.state)}`,
    selectorToSql(query.selector ?? {}, parameters),
  ];
  const bounds = boundsOf(query.scopes);
  if (bounds !== null) conditions.push(seesClusterSql(bounds, parameters));
  if (query.online !== undefined) conditions.push(`c.online = ${parameters.add(query.online)}`);
  if (after !== null) conditions.push(`(c.name, c.uid) > (${parameters.add(after[0])}, ${parameters.add(after[1])})`);
  const { rows } = await sql.query<ClusterRow>(
    `select c.* from clusters c where ${conditions.join(' and ')} order by c.name, c.uid limit ${limit + 1}`,
    parameters.values,
  );
  return toPage(rows, limit, (row) => [row.name, row.uid], toCluster);
}

const TARGET: PairColumns = { application: 't.application', uid: 't.uid' };

/** Reads every cluster, and an index of every target: 10,000 clusters with four applications about 30 ms. */
async function summarize(sql: Sql, scopes?: readonly Scope[]): ReturnType<ClusterStore['summary']> {
  const bounds = boundsOf(scopes);
  const parameters = new Parameters();
  const seen = bounds === null ? 'true' : seesClusterSql(bounds, parameters);
  const held = bounds === null ? 'true' : seesPairSql(bounds, TARGET, parameters);
  const { rows } = await sql.query<Awaited<ReturnType<ClusterStore['summary']>>>(
    `select count(*) as total,
            count(*) filter (where c.state = 'joined' and c.online) as ready,
            count(*) filter (where c.state = 'joined' and not c.online) as offline,
            count(*) filter (where c.state = 'registered') as waiting,
            count(*) filter (where c.state = 'leaving') as leaving,
            count(*) filter (where c.state = 'joined' and t.healthy) as healthy
     from clusters c left join (
       select t.uid, bool_and(coalesce(t.phase = 'healthy', false)) as healthy
       from targets t where t.release is not null and ${held} group by t.uid
     ) t on t.uid = c.uid
     where c.state <> 'revoked' and ${seen}`,
    parameters.values,
  );
  return rows[0] ?? { total: 0, ready: 0, offline: 0, waiting: 0, leaving: 0, healthy: 0 };
}
