import type { FleetSpec, HoldView } from '#contract';
import { age, shortRevision } from '../print.js';
import type { Declared } from './declared.js';
import { part, type Listing } from './listing.js';

export type FleetObject = Declared<FleetSpec, { readonly revision: string; readonly holds: readonly HoldView[] }>;

export const fleets: Listing<FleetObject> = {
  singular: 'fleet',
  plural: 'fleets',
  aliases: ['fl'],
  filters: [],
  list: (client) => client.all('/api/v1/fleets'),
  one: (client, name) => client.get(`/api/v1/fleets/${part(name)}`),
  name: ({ metadata }) => `fleet/${metadata.name}`,
  shown: (item) => item,
  empty: 'The fleet is not declared in Git.',
  columns: [
    { heading: 'NAME', text: ({ metadata }) => metadata.name },
    { heading: 'SOURCE', text: ({ spec }) => spec.source },
    { heading: 'PATH', text: ({ spec }) => spec.path },
    { heading: 'BY HAND', text: ({ spec }) => spec.byHand },
    { heading: 'APPLY', text: ({ spec }) => spec.apply, wide: true },
    { heading: 'PRUNE', text: ({ spec }) => (spec.prune ? 'yes' : 'no'), wide: true },
    { heading: 'REVISION', text: ({ status }) => shortRevision(status?.revision) },
    { heading: 'WHY', text: ({ status }) => status?.holds?.[0]?.message ?? '' },
    { heading: 'AGE', text: ({ metadata }) => age(metadata.createdAt), ticks: true },
  ],
};
