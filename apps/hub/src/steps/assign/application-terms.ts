import { applicationTermsSchema } from '#contract';
import { canonicalJson, type Count, type JsonObject, type ManifestApplication } from '#domain';

/** What a manifest says of an application besides the cluster's own row. */
export interface ApplicationTerms extends Pick<
  ManifestApplication,
  'drift' | 'namespace' | 'health' | 'ignoreDifferences' | 'serviceAccount' | 'decryption'
> {
  readonly maxDeletions: Count;
}

/** The terms that an Application's stored spec sets; what is empty is left out, so that it takes no room in any manifest. */
export function termsOfSpec(spec: JsonObject): Omit<ApplicationTerms, 'maxDeletions'> {
  const terms: object = applicationTermsSchema.parse({ drift: 'correct', namespace: 'default', ...spec });
  const told = Object.entries(terms).filter(([, value]) => value !== undefined && !isEmpty(value));
  return Object.fromEntries(told) as unknown as Omit<ApplicationTerms, 'maxDeletions'>;
}

/**
 * Whether a change of the spec is to reach the clusters that run the application at once, as it is part of no release. Another
 * namespace is not: it makes every object anew and deletes the old ones, so it goes with the next release, in its waves.
 */
export function changesTerms(before: JsonObject, after: JsonObject): boolean {
  const face = (spec: JsonObject): string => {
    const { namespace: _, ...terms } = termsOfSpec(spec);
    return canonicalJson(terms);
  };
  return face(before) !== face(after);
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
