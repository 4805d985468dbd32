import type { GrantView } from '#contract';
import { age } from '../print.js';
import { applicationsText, clustersText } from '../scope-options.js';
import { part, type Listing } from './listing.js';

export const grants: Listing<GrantView> = {
  singular: 'grant',
  plural: 'grants',
  aliases: [],
  filters: [],
  list: (client) => client.all('/api/v1/grants'),
  one: (client, name) => client.get(`/api/v1/grants/${part(name)}`),
  name: ({ name }) => `grant/${name}`,
  shown: (item) => item,
  empty: 'No grants: who signs in may do nothing. `flotilla grant set NAME --group GROUP --role ROLE` makes one.',
  columns: [
    { heading: 'NAME', text: ({ name }) => name },
    { heading: 'SUBJECT', text: ({ subject }) => `${subject.kind}:${subject.value}` },
    { heading: 'ROLE', text: ({ role }) => role },
    { heading: 'CLUSTERS', text: ({ scope }) => clustersText(scope) },
    { heading: 'APPLICATIONS', text: ({ scope }) => applicationsText(scope) },
    { heading: 'CHANGED', text: ({ updatedAt }) => age(updatedAt), ticks: true },
    { heading: 'BY', text: ({ updatedBy }) => updatedBy, wide: true },
  ],
};
