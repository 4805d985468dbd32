import type { EventView } from '#contract';
import { age } from '../print.js';
import type { Listing } from './listing.js';

/** So many unless `--limit` says otherwise. */
const RECENT = 50;

/** Oldest first, as a log is read: the newest stand where the eye is. */
export const events: Listing<EventView> = {
  singular: 'event',
  plural: 'events',
  aliases: ['ev'],
  filters: ['application', 'rollout', 'cluster', 'actor', 'since', 'until', 'limit'],
  list: async (client, { application, rollout, cluster, actor, since, until, limit }) => {
    const wanted = { application, rollout, cluster, actor, since, until };
    return (await client.all<EventView>('/api/v1/events', wanted, limit ?? RECENT)).reverse();
  },
  name: ({ id }) => `event/${id}`,
  shown: (item) => item,
  empty: 'No events.',
  columns: [
    { heading: 'AT', text: ({ at }) => at.replace(/\.\d+Z$/, 'Z') },
    { heading: 'AGO', text: ({ at }) => age(at), ticks: true },
    { heading: 'OF', text: ({ rollout, application }) => rollout ?? application },
    { heading: 'CLUSTER', text: ({ cluster }) => cluster ?? '' },
    { heading: 'EVENT', text: ({ event }) => event },
    { heading: 'ACTOR', text: ({ actor }) => actor ?? '', wide: true },
    { heading: 'MESSAGE', text: ({ message, reason }) => (reason ? `${message} (${reason})` : message) },
  ],
};
