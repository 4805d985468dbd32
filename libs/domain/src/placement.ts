import type { ClusterIdentity, ClusterUid } from './cluster.js';
import { overlayName, type Overlay, type ValuesFile } from './overlay.js';
import { renderPathTemplate } from './path-template.js';
import { matchesSelector, selectable, type Selector } from './selector.js';

/** One step of a promotion: the clusters that it has, and the Source that they take. */
export interface PlacementEnvironment {
  readonly name: string;
  /** Absent or empty: every cluster that no earlier environment has. */
  readonly selector?: Selector;
  /** Name of the Source; the application's own unless told. */
  readonly source?: string;
}

export interface PlacementRule {
  /** Absent or empty: every cluster. */
  readonly selector?: Selector;
  /** Name of the Source. */
  readonly source: string;
  readonly pathTemplate: string;
  /** In the order of promotion; a cluster is of the first one that selects it. */
  readonly environments?: readonly PlacementEnvironment[];
  /** Of a Helm chart: what a cluster's overlay has besides the path. */
  readonly helm?: {
    /** Path templates. */
    readonly values: readonly ValuesFile[];
    /** In place of the cluster's own minor version. */
    readonly kubernetes?: string;
    /** Whether the chart asks which API versions there are. */
    readonly asksForApis?: boolean;
  };
  /** In the order in which they are applied. */
  readonly patches?: readonly { readonly selector?: Selector }[];
}

/** A cluster, and what its Kubernetes serves as far as its agent has told. */
export interface PlaceableCluster extends ClusterIdentity {
  /** Digest of the API versions and schemas. */
  readonly apis?: string | undefined;
}

export interface PlacedCluster {
  readonly uid: ClusterUid;
  /** The overlay's name: equal for equal overlays, and for no others. */
  readonly overlay: string;
  readonly inputs: Overlay;
}

export interface PlacementError {
  readonly uid: ClusterUid;
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

/** The fact that a chart's `--kube-version` is read from. */
export const KUBERNETES_MINOR_FACT = 'kubernetes.minor';

/**
 * Which clusters take an application, and which overlay each of them takes; in the order given.
 * A cluster whose overlay can't be told is an error, never a cluster that left.
 */
export function place(
  rule: PlacementRule,
  clusters: readonly PlaceableCluster[],
): { readonly members: readonly PlacedCluster[]; readonly errors: readonly PlacementError[] } {
  const members: PlacedCluster[] = [];
  const errors: PlacementError[] = [];
  for (const cluster of clusters) {
    const values = selectable(cluster);
    if (rule.selector && !matchesSelector(rule.selector, values)) continue;
    const found = overlayOf(rule, cluster, values);
    if (found.ok) members.push({ uid: cluster.uid, overlay: overlayName(found.overlay), inputs: found.overlay });
    else errors.push({ uid: cluster.uid, name: cluster.name, code: found.code, message: found.message });
  }
  return { members, errors };
}

type FoundOverlay =
  | { readonly ok: true; readonly overlay: Overlay }
  | { readonly ok: false; readonly code: string; readonly message: string };

function overlayOf(
  rule: PlacementRule,
  cluster: PlaceableCluster,
  values: ReturnType<typeof selectable>,
): FoundOverlay {
  const environment = rule.environments?.find(({ selector }) => !selector || matchesSelector(selector, values));
  if (rule.environments !== undefined && environment === undefined) {
    const message = `cluster ${cluster.name} is in none of spec.environments: mend its labels, or add an environment that selects it`;
    return { ok: false, code: 'environment-missing', message };
  }
  const path = renderPathTemplate(rule.pathTemplate, cluster);
  if (!path.ok) return path;
  const patches = (rule.patches ?? []).flatMap(({ selector }, index) =>
    !selector || matchesSelector(selector, values) ? [index] : [],
  );
  const helm = rule.helm === undefined ? { ok: true as const } : helmOf(rule.helm, cluster);
  if (!helm.ok) return helm;
  return {
    ok: true,
    overlay: {
      ...(environment !== undefined && { environment: environment.name }),
      source: environment?.source ?? rule.source,
      path: path.path,
      ...('parts' in helm && helm.parts),
      ...(patches.length > 0 && { patches }),
    },
  };
}

function helmOf(
  helm: NonNullable<PlacementRule['helm']>,
  cluster: PlaceableCluster,
):
  | { readonly ok: true; readonly parts: Pick<Overlay, 'values' | 'kubernetes' | 'apis'> }
  | Extract<FoundOverlay, { ok: false }> {
  const files: ValuesFile[] = [];
  for (const file of helm.values) {
    const path = renderPathTemplate(file.path, cluster);
    if (!path.ok) {
      // A cluster without the label has no file of that name: that is what optional ones are for.
      if (file.optional === true && path.code === 'label-missing') continue;
      return path;
    }
    files.push({ ...file, path: path.path });
  }
  const kubernetes = helm.kubernetes ?? cluster.facts[KUBERNETES_MINOR_FACT];
  if (kubernetes === undefined) {
    const message = `cluster ${cluster.name} has not told its Kubernetes version, which a chart is rendered for; set spec.helm.kubeVersion, or wait for its agent`;
    return { ok: false, code: 'label-missing', message };
  }
  return {
    ok: true,
    parts: {
      ...(files.length > 0 && { values: files }),
      kubernetes,
      ...(helm.asksForApis === true && cluster.apis !== undefined && { apis: cluster.apis }),
    },
  };
}
