import type { PolicySpec } from '#domain';
import { age } from '../print.js';
import type { Declared } from './declared.js';
import { part, type Listing } from './listing.js';

export type PolicyObject = Declared<PolicySpec, Readonly<Record<string, unknown>>>;

export const policies: Listing<PolicyObject> = {
  singular: 'policy',
  plural: 'policies',
  aliases: ['pol'],
  filters: [],
  list: (client) => client.all('/api/v1/policies'),
  one: (client, name) => client.get(`/api/v1/policies/${part(name)}`),
  name: ({ metadata }) => `policy/${metadata.name}`,
  shown: (item) => item,
  empty: 'No policies: everything may be rolled out.',
  columns: [
    { heading: 'NAME', text: ({ metadata }) => metadata.name },
    { heading: 'MODE', text: ({ spec }) => spec.mode },
    { heading: 'KINDS', text: ({ spec }) => spec.match.kinds.join(',') },
    { heading: 'RULES', text: ({ spec }) => spec.rules.map(({ name }) => name).join(',') },
    { heading: 'AGE', text: ({ metadata }) => age(metadata.createdAt), ticks: true },
  ],
};
