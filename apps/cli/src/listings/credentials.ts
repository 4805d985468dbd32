import type { CredentialView } from '#contract';
import { RejectedError } from '#kit';
import { age } from '../print.js';
import type { Listing } from './listing.js';

export const credentials: Listing<CredentialView> = {
  singular: 'credential',
  plural: 'credentials',
  aliases: ['cred'],
  filters: [],
  one: async (client, name) => {
    const found = (await client.all<CredentialView>('/api/v1/credentials')).find((each) => each.name === name);
    if (found) return found;
    throw new RejectedError('not-found', `Credential "${name}" does not exist.`);
  },
  name: ({ name }) => `credential/${name}`,
  shown: (item) => item,
  empty: 'No credentials. `flotilla credential set NAME --host HOST …` makes one.',
  columns: [
    { heading: 'NAME', text: ({ name }) => name },
    { heading: 'KIND', text: ({ kind }) => kind },
    { heading: 'HOST', text: ({ host }) => host },
    { heading: 'USER', text: ({ username }) => username ?? '' },
    { heading: 'SOURCES', text: ({ sources }) => sources.join(',') },
    { heading: 'CHANGED', text: ({ updatedAt }) => age(updatedAt), ticks: true },
    { heading: 'BY', text: ({ updatedBy }) => updatedBy, wide: true },
  ],
  list: (client) => client.all<CredentialView>('/api/v1/credentials'),
};
