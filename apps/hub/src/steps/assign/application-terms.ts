import { toHealthRules, toIgnoreDifferences, type ApplicationSpec } from '#contract';
import { canonicalJson, type Count, type ManifestApplication } from '#domain';

/** What a manifest says of an application besides the cluster's own row. */
export interface ApplicationTerms extends Pick<
  ManifestApplication,
  'drift' | 'namespace' | 'health' | 'ignoreDifferences' | 'serviceAccount'
> {
  readonly maxDeletions: Count;
}

/** The terms that an Application's spec sets; what is empty is left out, so that it takes no room in any manifest. */
export function termsOfSpec(spec: ApplicationSpec): Omit<ApplicationTerms, 'maxDeletions'> {
  const { drift, namespace, health, ignoreDifferences, serviceAccount } = spec;
  return {
    drift,
    namespace,
    ...(health.length > 0 && { health: toHealthRules(health) }),
    ...(ignoreDifferences.length > 0 && { ignoreDifferences: toIgnoreDifferences(ignoreDifferences) }),
    ...(serviceAccount !== undefined && { serviceAccount }),
  };
}

/**
 * Whether a change of the spec is to reach the clusters that run the application at once, as it is part of no release. Another
 * namespace is not: it makes every object anew and deletes the old ones, so it goes with the next release, in its waves.
 */
export function changesTerms(before: ApplicationSpec, after: ApplicationSpec): boolean {
  const face = (spec: ApplicationSpec): string => {
    const { namespace: _, ...terms } = termsOfSpec(spec);
    return canonicalJson(terms);
  };
  return face(before) !== face(after);
}
