import { canonicalJson } from '#domain';
import type { StoredRelease } from '#ports';

/** Whether two releases tell clusters the same besides their bundles; one of a hub that kept no terms is as good as any. */
export function hasSameTerms(newest: Pick<StoredRelease, 'details'>, release: Pick<StoredRelease, 'details'>): boolean {
  const [before, after] = [newest.details?.terms, release.details?.terms];
  if (before === undefined || after === undefined) return true;
  return canonicalJson(before) === canonicalJson(after);
}
