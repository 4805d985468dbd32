import type { ClusterPlan } from '../simulate.js';

/** The clusters of a demo, however they are made; each has its agent. */
export interface DemoClusters {
  readonly count: number;
  /** Where they are and how to look at them: lines for a person. */
  readonly about: readonly string[];
}

const REGIONS = [
  ['aws', 'eu-central-1'],
  ['gce', 'europe-west4'],
  ['azure', 'westeurope'],
] as const;

/** Twelve simulated clusters: two in dev, three in staging, seven in prod. */
export function simulatedPlans(): readonly ClusterPlan[] {
  return [
    ['dev', 2],
    ['staging', 3],
    ['prod', 7],
  ].flatMap(([env, count]) =>
    Array.from({ length: Number(count) }, (_, index): ClusterPlan => {
      const [provider, region] = REGIONS[index % REGIONS.length] ?? REGIONS[0];
      return {
        name: `${env}-${index + 1}`,
        labels: { env: String(env) },
        make: { provider: `${provider}://`, nodeLabels: { 'topology.kubernetes.io/region': region } },
      };
    }),
  );
}
