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
