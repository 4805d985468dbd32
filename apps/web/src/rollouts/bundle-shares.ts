import type { TargetView } from '#contract';

/** Clusters that are told the same bundle. */
export interface BundleShare {
  readonly digest: string;
  readonly release: number | null;
  readonly overlays: readonly string[];
  /** Names of clusters, in the order of their turns. */
  readonly clusters: readonly string[];
  /** Names of waves, in their order. */
  readonly waves: readonly string[];
}

/** Pure: who shares a bundle, the most used first. Clusters that are told none, as in a withdrawal, are left out. */
export function bundleShares(targets: readonly TargetView[]): readonly BundleShare[] {
  const shares = new Map<
    string,
    { digest: string; release: number | null; overlays: Set<string>; clusters: string[]; waves: Set<string> }
  >();
  for (const { digest, release, overlay, cluster, waveName } of targets) {
    if (digest === '') continue;
    const key = `${digest} ${release}`;
    const share = shares.get(key) ?? { digest, release, overlays: new Set(), clusters: [], waves: new Set() };
    share.overlays.add(overlay);
    share.clusters.push(cluster);
    share.waves.add(waveName);
    shares.set(key, share);
  }
  return [...shares.values()]
    .map(({ overlays, waves, ...rest }) => ({ ...rest, overlays: [...overlays], waves: [...waves] }))
    .sort((a, b) => b.clusters.length - a.clusters.length || (a.digest < b.digest ? -1 : 1));
}

/** `a, b and 3 more`. */
export function namesText(names: readonly string[], atMost: number): string {
  const more = names.length - atMost;
  return `${names.slice(0, atMost).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
