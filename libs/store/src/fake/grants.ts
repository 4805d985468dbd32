import { canonicalJson } from '#domain';
import type { GrantStore, StoredGrant } from '#ports';
import { byKeys, kept } from './memory.js';
import type { Run, Session } from './session.js';

export function fakeGrants(run: Run): GrantStore {
  const all = ({ tables }: Session): StoredGrant[] => [...tables.grants.rows()].sort(byKeys(({ name }) => [name]));
  return {
    put: ({ at, by, ...grant }) =>
      run(async (session) => {
        await session.lock(`grant ${grant.name}`);
        const { grants } = session.tables;
        const before = grants.get(grant.name);
        if (before !== undefined) {
          const { name, subject, role, scope } = before;
          if (canonicalJson({ name, subject, role, scope }) === canonicalJson(grant)) return 'unchanged';
        }
        const { createdAt, createdBy } = before ?? { createdAt: at, createdBy: by };
        grants.set(grant.name, kept({ ...grant, createdAt, createdBy, updatedAt: at, updatedBy: by }));
        return before === undefined ? 'created' : 'changed';
      }),
    get: (name) => run(({ tables }) => tables.grants.get(name) ?? null),
    list: () => run(all),
    of: ({ users, groups }) =>
      run((session) =>
        all(session).filter(({ subject }) => (subject.kind === 'user' ? users : groups).includes(subject.value)),
      ),
    remove: (name) =>
      run(({ tables }) => {
        if (tables.grants.get(name) === undefined) return false;
        tables.grants.delete(name);
        return true;
      }),
  };
}
