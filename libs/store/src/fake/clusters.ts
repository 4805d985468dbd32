import { canonicalJson, matchesSelector, seesCluster, selectable, type Scope } from '#domain';
import type { ClusterStore, StoredCluster } from '#ports';
import { nameAndUid } from '../page-cursor.js';
import { phaseInForce } from '../phase-in-force.js';
import { lastBeats } from '../postgres/presence.js';
import { nameTaken } from '../postgres/take-over.js';
import { byKeys, kept } from './memory.js';
import { pageOf } from './page-of.js';
import { holdsPair } from './scoped.js';
import type { Run, Session } from './session.js';

type Clusters = Omit<ClusterStore, 'addJoinToken' | 'findJoinToken' | 'spendJoinToken'>;

/** Changes a cluster that is not revoked; says so where something is different now. */
function change(session: Session, uid: string, to: (cluster: StoredCluster) => StoredCluster): void {
  const before = session.tables.clusters.get(uid);
  if (before === undefined) return;
  const after = kept(to(before));
  if (canonicalJson(after) === canonicalJson(before)) return;
  session.tables.clusters.set(uid, after);
  session.signals.add('resource');
}

export function fakeClusters(run: Run): Clusters {
  const living = ({ tables }: Session): readonly StoredCluster[] =>
    tables.clusters.rows().filter((cluster) => cluster.state !== 'revoked');

  const add = async (
    session: Session,
    { uid, name, labels, now }: Parameters<ClusterStore['register']>[0],
  ): Promise<StoredCluster> => {
    await session.lock(`name ${name}`);
    if (living(session).some((cluster) => cluster.name === name)) {
      throw nameTaken(name);
    }
    const cluster: StoredCluster = kept({
      ...{ uid, name, labels, facts: {}, state: 'registered' as const, createdAt: now },
      ...{ publicKey: null, agentVersion: null, protocol: null, joinedAt: null },
      ...{ online: false, seenAt: null, heldSequence: 0, hold: null, leaving: null, credential: null },
    });
    session.tables.clusters.set(uid, cluster);
    session.signals.add('resource');
    return cluster;
  };

  return {
    get: (uid) => run(({ tables }) => tables.clusters.get(uid) ?? null),
    byName: (name) => run((session) => living(session).find((cluster) => cluster.name === name) ?? null),
    byKey: (key) => run((session) => living(session).find(({ publicKey }) => publicKey === key) ?? null),
    named: (names) =>
      run((session) =>
        living(session)
          .filter(({ name }) => names.includes(name))
          .sort(byKeys(({ name }) => [name])),
      ),
    holding: ({ uids, publicKeys }) =>
      run(({ tables }) =>
        tables.clusters
          .rows()
          .filter(
            ({ uid, publicKey, state }) =>
              uids.includes(uid) || (publicKey !== null && publicKeys.includes(publicKey) && state !== 'revoked'),
          )
          .sort(byKeys(({ uid }) => [uid])),
      ),
    names: (uids) =>
      run(({ tables }) => {
        const found = uids.flatMap((uid) => tables.clusters.get(uid) ?? []);
        return new Map(found.map(({ uid, name }) => [uid, name]));
      }),
    list: (query) =>
      run(({ tables }) => {
        const { selector = {}, state, online, scopes } = query;
        const found = tables.clusters
          .rows()
          .filter((cluster) => (state === undefined ? cluster.state !== 'revoked' : cluster.state === state))
          .filter((cluster) => online === undefined || cluster.online === online)
          .filter((cluster) => matchesSelector(selector, selectable(cluster)))
          .filter((cluster) => scopes === undefined || seesCluster(scopes, cluster));
        return pageOf(found, query, nameAndUid, (cluster) => [cluster.name, cluster.uid]);
      }),
    summary: (scopes) =>
      run((session) => {
        const all = living(session).filter((cluster) => scopes === undefined || seesCluster(scopes, cluster));
        const joined = all.filter((cluster) => cluster.state === 'joined');
        return {
          total: all.length,
          ready: joined.filter((cluster) => cluster.online).length,
          offline: joined.filter((cluster) => !cluster.online).length,
          waiting: all.filter((cluster) => cluster.state === 'registered').length,
          leaving: all.filter((cluster) => cluster.state === 'leaving').length,
          healthy: joined.filter((cluster) => isHealthy(session, cluster.uid, scopes)).length,
        };
      }),
    joined: () =>
      run((session) =>
        living(session)
          .filter((cluster) => cluster.state === 'joined')
          .sort(byKeys((cluster) => [cluster.name, cluster.uid])),
      ),
    register: (cluster) => run((session) => add(session, cluster)),
    takeOver: (clusters, { protocol, now }) =>
      run(async (session) => {
        for (const { uid, name, labels, publicKey } of clusters) {
          const cluster = await add(session, { uid, name, labels, now });
          const agent = { publicKey, agentVersion: '', protocol, joinedAt: now };
          session.tables.clusters.set(uid, kept({ ...cluster, ...agent, state: 'joined' as const }));
        }
      }),
    setLabels: (uid, labels) => run((session) => change(session, uid, (cluster) => ({ ...cluster, labels }))),
    setLabelsOf: (all) =>
      run((session) => {
        for (const [uid, labels] of all) change(session, uid, (cluster) => ({ ...cluster, labels }));
      }),
    setFacts: (uid, facts) => run((session) => change(session, uid, (cluster) => ({ ...cluster, facts }))),
    setApis: (uid, apis) => run((session) => change(session, uid, (cluster) => ({ ...cluster, apis }))),
    revoke: (uid) =>
      run((session) => {
        const { joinTokens } = session.tables;
        for (const token of joinTokens.rows()) {
          if (token.uid === uid) joinTokens.set(token.hash, { ...token, expiresAt: 0 });
        }
        const isNew = (session.tables.clusters.get(uid)?.state ?? 'revoked') !== 'revoked';
        change(session, uid, (cluster) => ({ ...cluster, state: 'revoked', online: false, leaving: null }));
        return isNew;
      }),
    leave: (uid, { since, by }) =>
      run(async (session) => {
        await session.lock(`cluster ${uid}`);
        if (session.tables.clusters.get(uid)?.state !== 'joined') return false;
        change(session, uid, (cluster) => ({ ...cluster, state: 'leaving', leaving: { since, by, told: null } }));
        return true;
      }),
    tellLeaving: (uid, told) =>
      run((session) =>
        change(session, uid, (cluster) =>
          cluster.leaving === null ? cluster : { ...cluster, leaving: { ...cluster.leaving, told } },
        ),
      ),
    hold: (uid, hold) =>
      run(({ tables }) => {
        const before = tables.clusters.get(uid);
        if (before === undefined || before.hold !== null || before.state === 'revoked') return false;
        tables.clusters.set(uid, kept({ ...before, hold }));
        return true;
      }),
    unhold: (uid) =>
      run(({ tables }) => {
        const before = tables.clusters.get(uid);
        if (before === undefined || before.hold === null) return false;
        tables.clusters.set(uid, kept({ ...before, hold: null }));
        return true;
      }),
    credentialGiven: (uid, credential) =>
      run(({ tables }) => {
        const before = tables.clusters.get(uid);
        if (before === undefined || before.state === 'revoked') return;
        if (before.credential !== null && before.credential.issuedAt > credential.issuedAt) return;
        tables.clusters.set(uid, kept({ ...before, credential }));
      }),
    markJoined: (uid, { publicKey, version, protocol, now }) =>
      run((session) =>
        change(session, uid, (cluster) =>
          cluster.state === 'revoked'
            ? cluster
            : {
                ...cluster,
                state: cluster.state === 'leaving' ? 'leaving' : 'joined',
                publicKey,
                agentVersion: version,
                protocol,
                joinedAt: now,
              },
        ),
      ),
    seen: (beats, now) =>
      run((session) => {
        const { clusters } = session.tables;
        const returned: string[] = [];
        for (const beat of lastBeats(beats)) {
          const before = clusters.get(beat.uid);
          if (before === undefined || before.state === 'revoked') continue;
          if (!before.online) returned.push(beat.uid);
          const { facts = before.facts, version, protocol, sequence } = beat;
          const apis = beat.apis ?? before.apis;
          const hasNews = canonicalJson(facts) !== canonicalJson(before.facts) || apis !== before.apis;
          if (hasNews) session.signals.add('resource');
          const seenAt = Math.max(before.seenAt ?? now, now);
          const presence = { online: true, seenAt, heldSequence: sequence, agentVersion: version, protocol, facts };
          clusters.set(beat.uid, kept({ ...before, ...presence, ...(apis !== undefined && { apis }) }));
        }
        return returned.sort();
      }),
    markSilent: (before) =>
      run(({ tables }) => {
        const silent = tables.clusters
          .rows()
          .filter((each) => each.online && (each.seenAt === null || each.seenAt < before));
        for (const cluster of silent) tables.clusters.set(cluster.uid, kept({ ...cluster, online: false }));
        return silent.map((cluster) => cluster.uid).sort();
      }),
  };
}

function isHealthy({ tables }: Session, uid: string, scopes: readonly Scope[] | undefined): boolean {
  const assigned = tables.targets
    .rows()
    .filter(({ row }) => row.uid === uid && (row.assignment?.release ?? null) !== null)
    .filter(({ application }) => holdsPair(tables, scopes, application, uid));
  return assigned.length > 0 && assigned.every(({ row }) => phaseInForce(row) === 'healthy');
}
