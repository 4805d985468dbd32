import type { CredentialStore } from '#ports';
import { byKeys, kept } from './memory.js';
import type { Run } from './session.js';

export function fakeCredentials(run: Run): CredentialStore {
  return {
    put: ({ at, by, ...credential }) =>
      run(({ tables }) => {
        const { name } = credential;
        const before = tables.credentials.get(name);
        const { createdAt, createdBy } = before ?? { createdAt: at, createdBy: by };
        const sealed = Buffer.from(credential.sealed);
        const shown = kept({ ...credential, sealed: '', createdAt, createdBy, updatedAt: at, updatedBy: by });
        tables.credentials.set(name, { ...shown, sealed });
        return before === undefined ? 'created' : 'changed';
      }),
    open: (name) => run(({ tables }) => tables.credentials.get(name) ?? null),
    list: () =>
      run(({ tables }) =>
        tables.credentials
          .rows()
          .map(({ sealed: _sealed, ...credential }) => credential)
          .sort(byKeys(({ name }) => [name])),
      ),
    remove: (name) =>
      run(({ tables }) => {
        if (tables.credentials.get(name) === undefined) return false;
        tables.credentials.delete(name);
        return true;
      }),
  };
}
