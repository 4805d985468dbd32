import type { SessionView } from '#contract';
import { RejectedError } from '#kit';
import { age } from '../print.js';
import type { Listing } from './listing.js';

/** People who are signed in, and browsers that tokens opened. */
export const sessions: Listing<SessionView> = {
  singular: 'session',
  plural: 'sessions',
  aliases: [],
  filters: [],
  list: (client) => client.all('/api/v1/sessions'),
  one: async (client, id) => {
    const found = (await client.all<SessionView>('/api/v1/sessions')).find((each) => each.id === id);
    if (found) return found;
    throw new RejectedError('not-found', `Session "${id}" does not exist.`);
  },
  name: ({ id }) => `session/${id}`,
  shown: (item) => item,
  empty: 'Nobody is signed in.',
  columns: [
    { heading: 'WHO', text: ({ actor }) => actor },
    { heading: 'VIA', text: ({ via }) => via },
    { heading: 'USED', text: ({ usedAt }) => `${age(usedAt)} ago`, ticks: true },
    { heading: 'UNTIL', text: ({ expiresAt }) => expiresAt },
    { heading: 'ID', text: ({ id }) => id },
  ],
};
