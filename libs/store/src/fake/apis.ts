import type { ApiStore } from '#ports';
import { keyOf, kept } from './memory.js';
import type { Run } from './session.js';

export function fakeApis(run: Run): ApiStore {
  return {
    index: (digest) => run(({ tables }) => tables.apiIndexes.get(digest)?.index ?? null),
    putIndex: (digest, index) => run(({ tables }) => tables.apiIndexes.set(digest, kept({ digest, index }))),
    document: (groupVersion, hash) =>
      run(({ tables }) => tables.apiSchemas.get(keyOf(groupVersion, hash))?.gzipped ?? null),
    putDocument: (groupVersion, hash, bytes) =>
      run(({ tables }) => {
        const gzipped = new Uint8Array(bytes);
        tables.apiSchemas.set(keyOf(groupVersion, hash), { groupVersion, hash, gzipped });
      }),
    sweep: () =>
      run(({ tables }) => {
        const living = tables.clusters.rows().filter(({ state }) => state !== 'revoked');
        const told = new Set(living.flatMap(({ apis }) => apis ?? []));
        for (const { digest } of tables.apiIndexes.rows()) if (!told.has(digest)) tables.apiIndexes.delete(digest);
        const indexes = tables.apiIndexes.rows();
        const gone = tables.apiSchemas
          .rows()
          .filter(({ groupVersion, hash }) => !indexes.some(({ index }) => index[groupVersion] === hash));
        for (const { groupVersion, hash } of gone) tables.apiSchemas.delete(keyOf(groupVersion, hash));
        return gone.length;
      }),
  };
}
