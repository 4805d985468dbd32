import type { TokenView } from '#contract';
import { RejectedError } from '#kit';
import { age } from '../print.js';
import { applicationsText, clustersText } from '../scope-options.js';
import type { Listing } from './listing.js';

/** Never the tokens themselves: the hub keeps only their hashes. */
export const tokens: Listing<TokenView> = {
  singular: 'token',
  plural: 'tokens',
  aliases: ['tok'],
  filters: [],
  list: (client) => client.all('/api/v1/tokens'),
  one: async (client, name) => {
    const all = await client.all<TokenView>('/api/v1/tokens');
    // A name may have been used again after it was revoked: the living one is meant.
    const named = all.filter((token) => token.name === name || token.id === name);
    const found = named.find(({ revokedAt }) => revokedAt === undefined) ?? named[0];
    if (found) return found;
    throw new RejectedError('not-found', `Token "${name}" does not exist.`);
  },
  name: ({ name }) => `token/${name}`,
  shown: (item) => item,
  empty: 'No tokens.',
  columns: [
    { heading: 'NAME', text: ({ name }) => name },
    { heading: 'ROLE', text: ({ role }) => role },
    { heading: 'EMAIL', text: ({ email }) => email ?? '' },
    { heading: 'STATE', text: stateText, tone: (token) => (stateText(token) === 'valid' ? 'good' : 'faint') },
    { heading: 'USED', text: ({ lastUsedAt }) => (lastUsedAt ? `${age(lastUsedAt)} ago` : 'never'), ticks: true },
    { heading: 'CLUSTERS', text: ({ scope }) => clustersText(scope) },
    { heading: 'APPLICATIONS', text: ({ scope }) => applicationsText(scope) },
    { heading: 'CREATED BY', text: ({ createdBy }) => createdBy, wide: true },
    { heading: 'ID', text: ({ id }) => id, wide: true },
    { heading: 'AGE', text: ({ createdAt }) => age(createdAt), ticks: true },
  ],
};

function stateText({ revokedAt, expiresAt }: TokenView): string {
  if (revokedAt !== undefined) return 'revoked';
  if (expiresAt !== undefined && Date.parse(expiresAt) <= Date.now()) return 'expired';
  return 'valid';
}
