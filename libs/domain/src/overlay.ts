/** A file of Helm values that a cluster's overlay takes, its path written out for that cluster. */
export interface ValuesFile {
  /** Name of the Source that it is in; absent: the application's own, or the chart itself where that is the source. */
  readonly source?: string;
  readonly path: string;
  /** Whether it may be absent; false unless told. */
  readonly optional?: boolean;
}

/** What one render depends on besides the commits: clusters of one overlay get one bundle. */
export interface Overlay {
  /** Name of the environment, where the application has some. */
  readonly environment?: string;
  /** Name of the Source that the path is in. */
  readonly source: string;
  /** Folder of the source, relative; `.` is its root. */
  readonly path: string;
  /** Of a Helm chart; later ones win. */
  readonly values?: readonly ValuesFile[];
  /** Of a Helm chart: the minor version that it is rendered for, `1.33`. */
  readonly kubernetes?: string;
  /** Of a Helm chart that asks for API versions: digest of those that the cluster serves. */
  readonly apis?: string;
  /** Which of the application's patches are for the cluster, by their place in the list. */
  readonly patches?: readonly number[];
}

/**
 * The overlay in one line, by which it is known from release to release: its path, and what else there is to it, as
 * `prod:charts/web?values=values/prod.yaml&kubernetes=1.33&patches=0,2`.
 */
export function overlayName(overlay: Overlay): string {
  const { environment, path, values = [], kubernetes, apis, patches = [] } = overlay;
  const parts = [
    ...values.map((each) => `values=${each.source === undefined ? '' : `${each.source}:`}${each.path}`),
    ...(kubernetes === undefined ? [] : [`kubernetes=${kubernetes}`]),
    ...(apis === undefined ? [] : [`apis=${apis.slice(0, 12)}`]),
    ...(patches.length === 0 ? [] : [`patches=${patches.join(',')}`]),
  ];
  const place = environment === undefined ? path : `${environment}:${path}`;
  return parts.length === 0 ? place : `${place}?${parts.join('&')}`;
}
