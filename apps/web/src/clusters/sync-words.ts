import type { ClusterApplicationView } from '#contract';

/** Whether a cluster runs what it is told, as people say it. */
export const CLUSTER_SYNC_WORDS: Readonly<Record<ClusterApplicationView['sync'], string>> = {
  synced: 'as told',
  outOfSync: 'not as told',
  unknown: 'not known',
};
