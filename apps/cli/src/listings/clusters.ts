import type { ClusterView } from '#contract';
import { age, labelText, type Tone } from '../print.js';
import { part, type Listing } from './listing.js';

export const clusters: Listing<ClusterView> = {
  singular: 'cluster',
  plural: 'clusters',
  aliases: ['cl'],
  filters: ['selector', 'status', 'limit'],
  list: (client, { selector, status, limit }) => client.all('/api/v1/clusters', { selector, status }, limit),
  one: (client, name) => client.get(`/api/v1/clusters/${part(name)}`),
  name: ({ name }) => `cluster/${name}`,
  shown: clusterDocument,
  empty: 'No clusters. `flotilla cluster add NAME` registers one.',
  columns: [
    { heading: 'NAME', text: ({ name }) => name },
    {
      heading: 'STATUS',
      text: ({ status, hold }) => (hold === undefined ? status : `${status},held`),
      tone: ({ status }) => statusTone(status),
    },
    { heading: 'HEALTH', text: ({ health }) => health, tone: ({ health }) => healthTone(health) },
    { heading: 'KUBERNETES', text: ({ facts }) => facts['kubernetes.version'] ?? '' },
    { heading: 'NODES', text: ({ facts }) => facts['nodes'] ?? '', wide: true },
    { heading: 'PROVIDER', text: ({ facts }) => facts['provider'] ?? '', wide: true },
    { heading: 'REGION', text: ({ facts }) => facts['region'] ?? '', wide: true },
    { heading: 'AGENT', text: ({ agentVersion }) => agentVersion ?? '', wide: true },
    { heading: 'SEEN', text: ({ seenAt }) => (seenAt === undefined ? '' : `${age(seenAt)} ago`), ticks: true },
    { heading: 'AGE', text: ({ createdAt }) => age(createdAt), ticks: true },
    { heading: 'LABELS', text: ({ labels }) => labelText(labels) },
  ],
};

/** A cluster as the document that sets its labels: `get -o yaml` applies again unchanged. */
export function clusterDocument({ name, uid, labels, createdAt, ...status }: ClusterView): unknown {
  return {
    apiVersion: 'flotilla.dev/v1',
    kind: 'Cluster',
    metadata: { name, uid, labels, createdAt },
    status,
  };
}

export function statusTone(status: ClusterView['status']): Tone {
  switch (status) {
    case 'ready':
      return 'good';
    case 'waiting':
    case 'leaving':
      return 'busy';
    case 'offline':
      return 'bad';
    case 'revoked':
      return 'faint';
  }
}

export function healthTone(health: ClusterView['health']): Tone {
  switch (health) {
    case 'healthy':
      return 'good';
    case 'progressing':
      return 'busy';
    case 'failed':
    case 'refused':
      return 'bad';
    case 'unknown':
    case 'none':
      return 'faint';
  }
}
