import type { RevocationStore } from '#ports';
import { byKeys } from './memory.js';
import type { Run } from './session.js';

export function fakeRevocations(run: Run): RevocationStore {
  return {
    add: ({ publicKey, at }) =>
      run(({ tables, signals }) => {
        if (tables.revocations.get(publicKey) === undefined)
          tables.revocations.set(publicKey, { publicKey, at, pushedAt: null });
        signals.add('dirty');
      }),
    has: (publicKey) => run(({ tables }) => tables.revocations.get(publicKey) !== undefined),
    among: (publicKeys) =>
      run(({ tables }) => new Set(publicKeys.filter((key) => tables.revocations.get(key) !== undefined))),
    pending: (limit) =>
      run(({ tables }) =>
        tables.revocations
          .rows()
          .filter(({ pushedAt }) => pushedAt === null)
          .sort(byKeys(({ at, publicKey }) => [at, publicKey]))
          .slice(0, limit)
          .map(({ publicKey, at }) => ({ publicKey, at })),
      ),
    since: (from) =>
      run(({ tables }) =>
        tables.revocations
          .rows()
          .filter(({ at, pushedAt }) => at >= from && pushedAt !== null)
          .sort(byKeys(({ at, publicKey }) => [at, publicKey]))
          .map(({ publicKey, at }) => ({ publicKey, at })),
      ),
    pushed: (publicKeys, now) =>
      run(({ tables }) => {
        for (const publicKey of publicKeys) {
          const row = tables.revocations.get(publicKey);
          if (row?.pushedAt === null) tables.revocations.set(publicKey, { ...row, pushedAt: now });
        }
      }),
  };
}
