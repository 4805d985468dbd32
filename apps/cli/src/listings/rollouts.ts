import type { RolloutView } from '#contract';
import { age, shortRevision } from '../print.js';
import { rolloutTone } from './applications.js';
import { part, type Listing } from './listing.js';

/** Listed by newest first. */
export const rollouts: Listing<RolloutView> = {
  singular: 'rollout',
  plural: 'rollouts',
  aliases: ['ro'],
  filters: ['application', 'status', 'limit'],
  list: async (client, { application, status, limit }) => {
    const wanted = status === undefined ? limit : Infinity;
    const all = await client.all<RolloutView>('/api/v1/rollouts', { application }, wanted);
    return all.filter((each) => status === undefined || stateText(each) === status).slice(0, limit);
  },
  one: (client, name) => client.get(`/api/v1/rollouts/${part(name)}`),
  name: ({ id }) => `rollout/${id}`,
  shown: (item) => item,
  empty: 'No rollouts.',
  columns: [
    { heading: 'ROLLOUT', text: ({ id }) => id },
    { heading: 'KIND', text: ({ kind }) => kind },
    { heading: 'RELEASE', text: ({ release }) => String(release) },
    { heading: 'REVISION', text: ({ revision }) => shortRevision(revision) },
    { heading: 'STATE', text: stateText, tone: ({ state, paused }) => rolloutTone(state, paused) },
    { heading: 'WAVE', text: waveText },
    { heading: 'DONE', text: (rollout) => `${done(rollout)}/${rollout.total}` },
    {
      heading: 'FAILED',
      text: ({ counts }) => (counts.failed > 0 ? String(counts.failed) : ''),
      tone: ({ counts }) => (counts.failed > 0 ? 'bad' : undefined),
    },
    { heading: 'STARTED BY', text: ({ startedBy }) => startedBy, wide: true },
    { heading: 'AGE', text: ({ startedAt }) => age(startedAt), ticks: true },
    { heading: 'WHY', text: ({ why }) => why, wide: true },
  ],
};

/** `paused` is what a person calls a running rollout that waits for them. */
export function stateText({ state, paused }: RolloutView): string {
  return paused ? 'paused' : state;
}

/** Clusters that are where the rollout wants them. */
export function done({ counts }: Pick<RolloutView, 'counts'>): number {
  return counts.passed + counts.unchanged;
}

function waveText({ wave, waves, state }: RolloutView): string {
  const open = waves[wave];
  return state === 'running' && open ? `${wave + 1}/${waves.length} ${open.name}` : `${waves.length}`;
}
