import { canonicalJson, seesApplication } from '#domain';
import type { ReleaseStore, StoredRelease } from '#ports';
import { oneNumber, timeApplicationNumber } from '../page-cursor.js';
import { fakeBundles } from './bundles.js';
import { hasSameTerms } from '../same-terms.js';
import { kept, keyOf } from './memory.js';
import { pageOf } from './page-of.js';
import type { Run, Session } from './session.js';

function latest({ tables }: Session, application: string): StoredRelease | undefined {
  const all = tables.releases.rows().filter((release) => release.application === application);
  return all.sort((a, b) => b.number - a.number)[0];
}

function listed(release: StoredRelease): StoredRelease {
  if (release.details === undefined) return release;
  const { inputs: _1, terms: _2, ...details } = release.details;
  return { ...release, details };
}

export function fakeReleases(run: Run): ReleaseStore {
  return {
    add: (release) =>
      run(async (session) => {
        await session.lock(`release ${release.application}`);
        const newest = latest(session, release.application);
        if (
          newest?.revision === release.revision &&
          canonicalJson(newest.overlays) === canonicalJson(release.overlays) &&
          hasSameTerms(newest, release)
        ) {
          return { release: newest, created: false };
        }
        const added: StoredRelease = kept({ ...release, number: (newest?.number ?? 0) + 1 });
        session.tables.releases.set(keyOf(added.application, added.number), added);
        return { release: added, created: true };
      }),
    get: (application, number) => run(({ tables }) => tables.releases.get(keyOf(application, number)) ?? null),
    latest: (application) => run((session) => latest(session, application) ?? null),
    list: (application, page) =>
      run(({ tables }) => {
        const { scopes } = page;
        const all = tables.releases
          .rows()
          .filter((each) => scopes === undefined || seesApplication(scopes, each.application))
          .map(listed);
        if (application === null) {
          const place = (each: StoredRelease): [number, string, number] => [
            each.createdAt,
            each.application,
            each.number,
          ];
          return pageOf(all, page, timeApplicationNumber, place, 'backwards');
        }
        const own = all.filter((release) => release.application === application);
        return pageOf(own, page, oneNumber, (release) => [release.number], 'backwards');
      }),
    ...fakeBundles(run),
  };
}
