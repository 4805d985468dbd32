import type { HoldView, SourceSpec } from '#contract';
import { age, plain, shortRevision } from '../print.js';
import type { Declared } from './declared.js';
import { part, type Listing } from './listing.js';

export interface SourceStatus {
  readonly revision: string;
  readonly author: string;
  readonly subject: string;
  readonly committedAt: string;
  readonly holds: readonly HoldView[];
}

export type SourceObject = Declared<SourceSpec, SourceStatus>;

export const sources: Listing<SourceObject> = {
  singular: 'source',
  plural: 'sources',
  aliases: ['src'],
  filters: [],
  list: (client) => client.all('/api/v1/sources'),
  one: (client, name) => client.get(`/api/v1/sources/${part(name)}`),
  name: ({ metadata }) => `source/${metadata.name}`,
  shown: (item) => item,
  empty: 'No sources. A file with kind Source declares one: flotilla apply -f FILE.',
  columns: [
    { heading: 'NAME', text: ({ metadata }) => metadata.name },
    {
      heading: 'STATUS',
      text: ({ status }) => (status?.holds?.length ? 'failing' : status?.revision ? 'ready' : 'waiting'),
      tone: ({ status }) => (status?.holds?.length ? 'bad' : status?.revision ? 'good' : 'busy'),
    },
    { heading: 'REF', text: ({ spec }) => spec.ref ?? spec.semver ?? spec.version ?? '*' },
    { heading: 'REVISION', text: ({ status }) => shortRevision(status?.revision) },
    { heading: 'SUBJECT', text: ({ status }) => plain(status?.subject ?? '').slice(0, 60) },
    { heading: 'AUTHOR', text: ({ status }) => status?.author ?? '', wide: true },
    { heading: 'URL', text: ({ spec }) => spec.url, wide: true },
    { heading: 'INTERVAL', text: ({ spec }) => spec.interval, wide: true },
    { heading: 'AGE', text: ({ metadata }) => age(metadata.createdAt), ticks: true },
    { heading: 'WHY', text: ({ status }) => status?.holds?.[0]?.message ?? '' },
  ],
};
