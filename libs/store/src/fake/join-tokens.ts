import type { ClusterStore } from '#ports';
import type { Run } from './session.js';

export function fakeJoinTokens(run: Run): Pick<ClusterStore, 'addJoinToken' | 'findJoinToken' | 'spendJoinToken'> {
  return {
    addJoinToken: ({ hash, uid, expiresAt }) =>
      run(({ tables: { joinTokens } }) => {
        for (const token of joinTokens.rows()) {
          if (token.uid === uid) joinTokens.set(token.hash, { ...token, expiresAt: 0 });
        }
        joinTokens.set(hash, { hash, uid, expiresAt, spentBy: null });
      }),
    findJoinToken: (hash) =>
      run(({ tables }) => {
        const token = tables.joinTokens.get(hash);
        return token === undefined ? null : { uid: token.uid, expiresAt: token.expiresAt, spentBy: token.spentBy };
      }),
    spendJoinToken: (hash, publicKey, now) =>
      run(async (session) => {
        await session.lock(`join token ${hash}`);
        const token = session.tables.joinTokens.get(hash);
        if (token === undefined) return { ok: false, why: 'unknown' };
        const { uid, expiresAt, spentBy } = token;
        if (spentBy === publicKey && expiresAt > 0) return { ok: true, uid };
        if (spentBy !== null && spentBy !== publicKey) return { ok: false, why: 'spent' };
        if (expiresAt <= now) return { ok: false, why: 'expired' };
        session.tables.joinTokens.set(hash, { ...token, spentBy: publicKey });
        return { ok: true, uid };
      }),
  };
}
