import type { FakeCluster } from '#kube/fake';

/** What a cluster's Deployment `web` of one namespace was, from one moment to the next. */
export interface Sight {
  /** By the test's monotonic clock. */
  readonly at: number;
  /** Tag of its image. */
  readonly tag: string;
  /** Whether all its replicas of that image were ready, by the API server's own status. */
  readonly ready: boolean;
}

interface Seen {
  readonly sights: Sight[];
  /** When anything that bears a tag was first there: the Deployment's image, or `version` in the ConfigMap `settings`. */
  readonly touched: Map<string, number>;
  /** Owned ConfigMaps and Deployments that were there and are no more. */
  readonly vanished: Set<string>;
  present: Set<string>;
}

interface LiveObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly replicas?: number;
    readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
  };
  readonly status?: Readonly<Record<string, unknown>>;
}

const OWNED = 'flotilla.dev/application';

/**
 * What happened in the clusters, written down at every write of their simulated API servers: neither the hub nor an agent is asked.
 * A release is known by its tag, in the image of the Deployment `web` and in the ConfigMap `settings`.
 */
export class GroundTruth {
  private readonly clusters = new Map<string, Map<string, Seen>>();

  watch(name: string, cluster: FakeCluster): void {
    const namespaces = new Map<string, Seen>();
    this.clusters.set(name, namespaces);
    const look = (): void => this.look(namespaces, cluster);
    look();
    cluster.onWrite(look);
  }

  /** Every change of its Deployment `web`, in order. */
  sights(cluster: string, namespace: string): readonly Sight[] {
    return this.clusters.get(cluster)?.get(namespace)?.sights ?? [];
  }

  /** When anything of that tag first was in the cluster; undefined: never. */
  touchedAt(cluster: string, namespace: string, tag: string): number | undefined {
    return this.clusters.get(cluster)?.get(namespace)?.touched.get(tag);
  }

  /** The clusters in which anything of that tag ever was, sorted. */
  touched(namespace: string, tag: string): string[] {
    return [...this.clusters.keys()].filter((name) => this.touchedAt(name, namespace, tag) !== undefined).sort();
  }

  /** Objects of an application that were there once and are not now, as `cluster Kind/name`. */
  vanished(namespace: string): string[] {
    return [...this.clusters].flatMap(([name, namespaces]) =>
      [...(namespaces.get(namespace)?.vanished ?? [])].map((object) => `${name} ${object}`),
    );
  }

  /** The longest time, in milliseconds, for which it was ready with that tag without a break, up to `until`. */
  steadyMs(cluster: string, namespace: string, tag: string, until = performance.now()): number {
    let longest = 0;
    let since: number | undefined;
    const close = (at: number): void => {
      if (since !== undefined) longest = Math.max(longest, at - since);
      since = undefined;
    };
    for (const sight of this.sights(cluster, namespace)) {
      if (sight.at > until) break;
      if (sight.tag === tag && sight.ready) since ??= sight.at;
      else close(sight.at);
    }
    close(until);
    return longest;
  }

  private look(namespaces: Map<string, Seen>, cluster: FakeCluster): void {
    const at = performance.now();
    const present = new Map<string, Set<string>>();
    const note = (kind: string, { metadata }: LiveObject): Seen => {
      const namespace = metadata.namespace ?? '';
      const seen = seenOf(namespaces, namespace);
      if (metadata.labels?.[OWNED] !== undefined) {
        const objects = present.get(namespace) ?? new Set();
        present.set(namespace, objects.add(`${kind}/${metadata.name}`));
      }
      return seen;
    };
    for (const object of cluster.objects('configmaps') as unknown as LiveObject[]) {
      const seen = note('ConfigMap', object);
      const version = object.data?.['version'];
      if (object.metadata.name === 'settings' && version !== undefined) first(seen.touched, version, at);
    }
    for (const object of cluster.objects('deployments.apps') as unknown as LiveObject[]) {
      const seen = note('Deployment', object);
      if (object.metadata.name !== 'web') continue;
      const sight: Sight = { at, tag: tagOf(object), ready: isReady(object) };
      first(seen.touched, sight.tag, at);
      const last = seen.sights.at(-1);
      if (last?.tag !== sight.tag || last.ready !== sight.ready) seen.sights.push(sight);
    }
    for (const [namespace, seen] of namespaces) {
      const now = present.get(namespace) ?? new Set();
      for (const object of seen.present) if (!now.has(object)) seen.vanished.add(object);
      for (const object of now) seen.vanished.delete(object);
      seen.present = now;
    }
  }
}

function seenOf(namespaces: Map<string, Seen>, namespace: string): Seen {
  const seen = namespaces.get(namespace) ?? {
    sights: [],
    touched: new Map(),
    vanished: new Set(),
    present: new Set<string>(),
  };
  namespaces.set(namespace, seen);
  return seen;
}

function first(times: Map<string, number>, key: string, at: number): void {
  if (!times.has(key)) times.set(key, at);
}

function tagOf({ spec }: LiveObject): string {
  return spec?.template.spec.containers[0]?.image.split(':').at(-1) ?? '';
}

function isReady({ metadata, spec, status }: LiveObject): boolean {
  const wanted = spec?.replicas ?? 1;
  return (
    status?.['observedGeneration'] === metadata.generation &&
    ['updatedReplicas', 'readyReplicas', 'replicas'].every((count) => status?.[count] === wanted)
  );
}
