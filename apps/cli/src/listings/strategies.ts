import type { StrategyDocumentSpec } from '#contract';
import { age } from '../print.js';
import type { Declared } from './declared.js';
import { part, type Listing } from './listing.js';

export type StrategyObject = Declared<StrategyDocumentSpec, { readonly builtIn: boolean }>;

export const strategies: Listing<StrategyObject> = {
  singular: 'strategy',
  plural: 'strategies',
  aliases: ['strat'],
  filters: [],
  list: (client) => client.all('/api/v1/strategies'),
  one: (client, name) => client.get(`/api/v1/strategies/${part(name)}`),
  name: ({ metadata }) => `strategy/${metadata.name}`,
  shown: (item) => item,
  empty: 'No strategies.',
  columns: [
    { heading: 'NAME', text: ({ metadata }) => metadata.name },
    { heading: 'WAVES', text: ({ spec }) => spec.waves.map(({ name }) => name).join(' > ') },
    { heading: 'ON FAILURE', text: ({ spec }) => spec.onFailure ?? 'pause' },
    { heading: 'SUPERSEDE', text: ({ spec }) => spec.supersede ?? 'replace', wide: true },
    {
      heading: 'AGE',
      text: ({ metadata, status }) => (status?.builtIn ? 'built in' : age(metadata.createdAt)),
      ticks: true,
    },
  ],
};
