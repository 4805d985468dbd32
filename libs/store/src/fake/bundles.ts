import type { ReleaseStore, StoredRelease } from '#ports';
import type { Run } from './session.js';

type Bundles = Pick<
  ReleaseStore,
  | 'putBundle'
  | 'getBundle'
  | 'hasBundle'
  | 'bundleChunks'
  | 'setBundleChunks'
  | 'bundlesOnBus'
  | 'bundlesInUse'
  | 'lockBundle'
>;

export function fakeBundles(run: Run): Bundles {
  return {
    putBundle: (digest, { gzipped }) =>
      run(({ tables }) => {
        if (tables.bundles.get(digest) === undefined)
          tables.bundles.set(digest, { digest, gzipped: gzipped.slice(), chunks: null });
      }),
    getBundle: (digest) => run(({ tables }) => tables.bundles.get(digest)?.gzipped.slice() ?? null),
    hasBundle: (application, digest) =>
      run(({ tables }) =>
        tables.releases
          .rows()
          .filter((release) => release.application === application)
          .some(({ overlays }) => Object.values(overlays).some((overlay) => overlay.digest === digest)),
      ),
    bundleChunks: (digest) => run(({ tables }) => tables.bundles.get(digest)?.chunks ?? null),
    setBundleChunks: (digest, chunks) =>
      run(({ tables }) => {
        const bundle = tables.bundles.get(digest);
        if (bundle !== undefined) tables.bundles.set(digest, { ...bundle, chunks });
      }),
    bundlesOnBus: (digests) =>
      run(({ tables }) => {
        const rows = tables.bundles
          .rows()
          .filter(({ digest }) => digests?.includes(digest) ?? true)
          .flatMap(({ digest, chunks }) => (chunks === null ? [] : [[digest, chunks] as const]));
        return new Map(rows);
      }),
    bundlesInUse: (since) =>
      run(({ tables }) => {
        const assigned = tables.targets.rows().flatMap(({ row: { assignment } }) => {
          if (!assignment || assignment.release === null) return [];
          return [assignment.digest, ...(assignment.takesBack ? [assignment.takesBack.digest] : [])];
        });
        const newest = new Map<string, StoredRelease>();
        for (const release of tables.releases.rows()) {
          if (release.number > (newest.get(release.application)?.number ?? 0)) newest.set(release.application, release);
        }
        const releases = tables.releases
          .rows()
          .filter((release) => release.createdAt >= since || newest.get(release.application) === release);
        const rendered = releases.flatMap(({ overlays }) => Object.values(overlays).map(({ digest }) => digest));
        return [...new Set([...assigned, ...rendered])].sort();
      }),
    lockBundle: (digest) =>
      run(async (session) => {
        session.requireTransaction('releases.lockBundle');
        await session.lock(`bundle ${digest}`);
        return session.tables.bundles.get(digest) !== undefined;
      }),
  };
}
