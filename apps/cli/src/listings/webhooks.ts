import type { WebhookView } from '#contract';
import { RejectedError } from '#kit';
import { age } from '../print.js';
import type { Listing } from './listing.js';

export const webhooks: Listing<WebhookView> = {
  singular: 'webhook',
  plural: 'webhooks',
  aliases: ['wh'],
  filters: [],
  list: (client) => client.all('/api/v1/webhooks'),
  one: async (client, name) => {
    const found = (await client.all<WebhookView>('/api/v1/webhooks')).find((each) => each.name === name);
    if (found) return found;
    throw new RejectedError('not-found', `Webhook "${name}" does not exist.`);
  },
  name: ({ name }) => `webhook/${name}`,
  shown: (item) => item,
  empty: 'No webhooks. `flotilla webhook add NAME --provider github` makes one.',
  columns: [
    { heading: 'NAME', text: ({ name }) => name },
    { heading: 'PROVIDER', text: ({ provider }) => provider },
    { heading: 'HEARD', text: ({ heardAt }) => (heardAt ? `${age(heardAt)} ago` : 'never'), ticks: true },
    { heading: 'URL', text: ({ url }) => url },
    { heading: 'CREATED BY', text: ({ createdBy }) => createdBy, wide: true },
    { heading: 'SECRET', text: ({ changedAt }) => `${age(changedAt)} old`, wide: true, ticks: true },
  ],
};
