import type { BlastFleet } from './blast-fleet.js';

interface Pod {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: { readonly containers: readonly { readonly image: string }[] };
}

/** Deletes the Pods of that image every so often, as whatever kills a workload does; answers how to stop that. */
export function keepKillingPods(
  { clusters }: BlastFleet,
  namespace: string,
  tag: string,
  names: readonly string[],
  everyMs: number,
): () => void {
  const kill = (name: string): void => {
    const { cluster } = clusters.cluster(name);
    for (const { metadata, spec } of cluster.objects('pods') as unknown as Pod[]) {
      if (metadata.namespace !== namespace || !spec.containers.some(({ image }) => image.endsWith(`:${tag}`))) continue;
      cluster.handle({
        method: 'DELETE',
        path: `/api/v1/namespaces/${namespace}/pods/${metadata.name}`,
        query: { gracePeriodSeconds: '0' },
      });
    }
  };
  const timer = setInterval(() => names.forEach(kill), everyMs);
  return () => clearInterval(timer);
}

/** Does something again and again until it is stopped; what fails is tried again. */
export function repeat(everyMs: number, act: () => Promise<unknown>): () => void {
  const timer = setInterval(() => void act().catch(() => undefined), everyMs);
  return () => clearInterval(timer);
}

interface Workload {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly generation: number };
  readonly spec: { readonly replicas: number };
  readonly status: { readonly observedGeneration: number; readonly readyReplicas: number };
}

/** Whether the Deployment's status speaks of an older spec, and says that all its replicas are ready. */
export function apiShowsTheVerdictOfBefore({ clusters }: BlastFleet, cluster: string, namespace: string): boolean {
  const all = clusters.cluster(cluster).cluster.objects('deployments.apps') as unknown as Workload[];
  return all.some(
    ({ metadata, spec, status }) =>
      metadata.namespace === namespace &&
      status.observedGeneration < metadata.generation &&
      status.readyReplicas === spec.replicas,
  );
}
