import type { ClusterApplicationView, ClusterView, Why } from '#contract';
import { holdLines } from '../hold-lines.js';
import type { HubClient } from '../hub-client.js';
import { healthTone } from '../listings/clusters.js';
import { part } from '../listings/listing.js';
import { age, labelText, type Column } from '../print.js';
import { eventSection, facts, section, tableSection } from './sections.js';

const columns: readonly Column<ClusterApplicationView>[] = [
  { heading: 'APPLICATION', text: ({ application }) => application },
  { heading: 'HEALTH', text: ({ health }) => health, tone: ({ health }) => healthTone(health) },
  { heading: 'SYNC', text: ({ sync }) => sync },
  { heading: 'RELEASE', text: ({ release }) => (release === null ? 'withdrawn' : String(release)) },
  { heading: 'DIGEST', text: ({ digest }) => digest.slice(0, 12) },
  { heading: 'STATE', text: ({ state }) => state },
  { heading: 'REPORTED', text: ({ reportedAt }) => (reportedAt ? `${age(reportedAt)} ago` : '') },
  { heading: 'MESSAGE', text: ({ message }) => message ?? '' },
];

function credentialText({ issuedAt, expiresAt }: NonNullable<ClusterView['credential']>): string {
  const isOver = Date.parse(expiresAt) <= Date.now();
  return `given ${age(issuedAt)} ago, ${isOver ? 'expired' : 'good until'} ${expiresAt}`;
}

export async function describeCluster(client: HubClient, name: string, colours: boolean): Promise<string> {
  const [cluster, why, events] = await Promise.all([
    client.get<ClusterView>(`/api/v1/clusters/${part(name)}`),
    client.get<Why>(`/api/v1/why/clusters/${part(name)}`),
    eventSection(client, { cluster: name }),
  ]);
  return [
    facts([
      ['Cluster', cluster.name],
      ['Why', why.sentence],
      ['Status', cluster.status],
      ['Health', cluster.health],
      ['Labels', labelText(cluster.labels)],
      ['Agent', cluster.agentVersion],
      ['Seen', cluster.seenAt && `${age(cluster.seenAt)} ago`],
      ['Registered', cluster.createdAt],
      ['Joined', cluster.joinedAt],
      ['Credential', cluster.credential && credentialText(cluster.credential)],
      ['UID', cluster.uid],
    ]),
    section(
      'Facts',
      Object.entries(cluster.facts)
        .map(([key, value]) => `${key}=${value}`)
        .sort(),
    ),
    tableSection('Applications', cluster.applications ?? [], columns, { colours }),
    section('It waits because', holdLines(why.holds)),
    section('Evidence', why.evidence),
    section('You can', why.can),
    events,
  ].join('');
}
