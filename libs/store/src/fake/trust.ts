import type { Trust } from '#domain';
import type { TrustStore } from '#ports';
import { byKeys, kept } from './memory.js';
import type { Run, Session } from './session.js';

const KEY = 'trust';

export function fakeTrust(run: Run): TrustStore {
  const read = ({ tables }: Session): Trust | null => tables.trust.get(KEY) ?? null;
  return {
    get: () => run(read),
    lock: () =>
      run(async (session) => {
        session.requireTransaction('trust.lock');
        await session.lock(KEY);
        return read(session);
      }),
    put: (trust) => run(({ tables }) => tables.trust.set(KEY, kept(trust))),
    setHeld: (said) =>
      run(({ tables }) => {
        for (const { uid, generation } of said) {
          if (tables.clusters.get(uid) !== undefined) tables.heldTrust.set(uid, generation);
        }
      }),
    holders: () =>
      run(({ tables }) =>
        tables.clusters
          .rows()
          .filter(({ state }) => state !== 'registered' && state !== 'revoked')
          .sort(byKeys(({ name, uid }) => [name, uid]))
          .map(({ uid, name, online, seenAt, agentVersion }) => {
            return { uid, name, online, seenAt, agentVersion, held: tables.heldTrust.get(uid) ?? 0 };
          }),
      ),
  };
}
