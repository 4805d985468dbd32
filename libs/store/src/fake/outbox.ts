import type { OutboxStore } from '#ports';
import { MOST_AHEAD } from '../most-ahead.js';
import { byKeys } from './memory.js';
import type { Run, Session } from './session.js';

const noManifest = { sequence: 0, busRevision: 0, cleared: 0 };

export function markAll(session: Session, uids: Iterable<string>): void {
  for (const uid of new Set(uids)) {
    session.mark(uid);
    session.signals.add('dirty');
  }
}

function isDirty(session: Session, uid: string): boolean {
  return session.dirtyCounter(uid) > (session.tables.manifests.get(uid) ?? noManifest).cleared;
}

export function fakeOutbox(run: Run): OutboxStore {
  return {
    claim: (limit) =>
      run((session) => {
        session.requireTransaction('outbox.claim');
        const claimed: string[] = [];
        for (const uid of session.markedUids()) {
          if (claimed.length === limit) break;
          if (session.tables.clusters.get(uid) === undefined || !isDirty(session, uid)) continue;
          if (session.tryLock(`manifest ${uid}`)) claimed.push(uid);
        }
        return claimed.sort().map((uid) => {
          const { sequence, busRevision } = session.tables.manifests.get(uid) ?? noManifest;
          const { heldSequence: held = 0, state = 'revoked' as const } = session.tables.clusters.get(uid) ?? {};
          const counted = Math.max(sequence, Math.min(held, sequence + MOST_AHEAD));
          return { uid, state, counter: session.dirtyCounter(uid), sequence: counted, busRevision };
        });
      }),
    assignments: (uids) =>
      run(({ tables }) =>
        tables.targets
          .rows()
          .filter(({ row }) => row.assignment !== null && uids.includes(row.uid))
          .map(({ application, row }) => ({ uid: row.uid, application, row }))
          .sort(byKeys((each) => [each.uid, each.application])),
      ),
    written: (results) =>
      run(({ tables }) => {
        for (const { uid, counter, sequence, busRevision } of results) {
          const { cleared } = tables.manifests.get(uid) ?? noManifest;
          tables.manifests.set(uid, { sequence, busRevision, cleared: Math.max(cleared, counter) });
        }
      }),
    mark: (uids) => run((session) => markAll(session, uids)),
    pending: () => run((session) => session.markedUids().filter((uid) => isDirty(session, uid)).length),
  };
}
