import { applicationTermsSchema } from '#contract';
import { canonicalJson, sha256, type Count, type JsonObject, type ReleaseTerms } from '#domain';

/** What a manifest says of an application besides the cluster's own row. */
export interface ApplicationTerms extends ReleaseTerms {
  readonly maxDeletions: Count;
}

/** What an agent does by itself, the least first. */
const DRIFTS: readonly ReleaseTerms['drift'][] = ['off', 'report', 'correct'];
/** Digits of a digest of terms that rows keep: it is compared with what one application said before, and with nothing else. */
const DIGITS = 16;

/** The terms that an Application's stored spec sets; what is empty is left out, so that it takes no room in any manifest. */
export function termsOfSpec(spec: JsonObject): ReleaseTerms {
  const terms: object = applicationTermsSchema.parse({ drift: 'correct', namespace: 'default', ...spec });
  const told = Object.entries(terms).filter(([, value]) => value !== undefined && !isEmpty(value));
  return Object.fromEntries(told) as unknown as ReleaseTerms;
}

/**
 * What a cluster is told that has a release: what the spec said when it was made, so that nothing of the spec reaches a cluster
 * before its turn. But for a brake: where the spec has agents do less about drift than the release did, they do less at once.
 * @param pinned undefined: a hub that kept no terms made the release.
 */
export function termsInForce(pinned: ReleaseTerms | undefined, present: ReleaseTerms): ReleaseTerms {
  return pinned === undefined ? present : { ...pinned, drift: weaker(pinned.drift, present.drift) };
}

/** Fields in which an application is to be run otherwise than its newest release says: that takes another release. */
export function newTerms(pinned: ReleaseTerms | undefined, present: ReleaseTerms): readonly string[] {
  if (pinned === undefined) return [];
  const [before, after] = [pinned, { ...present, drift: stronger(pinned.drift, present.drift) }];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])] as (keyof ReleaseTerms)[];
  return names.filter((name) => canonicalJson(before[name] ?? null) !== canonicalJson(after[name] ?? null)).sort();
}

/** By which the engine tells one release's terms from another's; undefined: none are known. */
export function termsDigest(terms: ReleaseTerms | undefined): { readonly terms?: string } {
  return terms === undefined ? {} : { terms: sha256(canonicalJson(terms)).slice(0, DIGITS) };
}

/** Whether a change of the spec is to reach the clusters that run the application at once. */
export function changesTerms(before: JsonObject, after: JsonObject): boolean {
  return termsOfSpec(before).drift !== termsOfSpec(after).drift;
}

function weaker(a: ReleaseTerms['drift'], b: ReleaseTerms['drift']): ReleaseTerms['drift'] {
  return DRIFTS.indexOf(a) < DRIFTS.indexOf(b) ? a : b;
}

function stronger(a: ReleaseTerms['drift'], b: ReleaseTerms['drift']): ReleaseTerms['drift'] {
  return weaker(a, b) === a ? b : a;
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
