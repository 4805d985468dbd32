import type { RolloutView, TargetView } from '#contract';
import { age, type Tone } from '../print.js';
import { part, type Listing } from './listing.js';

export const targets: Listing<TargetView> = {
  singular: 'target',
  plural: 'targets',
  aliases: [],
  filters: ['rollout', 'status', 'limit'],
  namesAre: 'rollout',
  list: (client, { rollout = '', status, limit }) =>
    client.all(`/api/v1/rollouts/${part(rollout)}/targets`, { state: status }, limit),
  name: ({ cluster }) => `cluster/${cluster}`,
  shown: (item) => item,
  empty: 'No targets.',
  columns: [
    { heading: 'CLUSTER', text: ({ cluster }) => cluster },
    { heading: 'WAVE', text: ({ waveName }) => waveName },
    { heading: 'STATE', text: ({ state }) => state, tone: ({ state }) => targetTone(state) },
    { heading: 'RELEASE', text: ({ release }) => (release === null ? 'withdrawn' : String(release)) },
    { heading: 'OVERLAY', text: ({ overlay }) => overlay, wide: true },
    { heading: 'DIGEST', text: ({ digest }) => digest.slice(0, 12), wide: true },
    { heading: 'GENERATION', text: ({ generation }) => String(generation), wide: true },
    { heading: 'REPORT', text: ({ report }) => report?.phase ?? '' },
    { heading: 'REPORTED', text: ({ report }) => (report ? `${age(report.at)} ago` : ''), ticks: true },
    { heading: 'WHY', text: ({ reason, message }) => [reason, message].filter(Boolean).join(': ') },
  ],
};

export function targetTone(state: keyof RolloutView['counts']): Tone {
  switch (state) {
    case 'passed':
    case 'unchanged':
      return 'good';
    case 'assigned':
    case 'progressing':
      return 'busy';
    case 'failed':
      return 'bad';
    case 'pending':
    case 'deferred':
    case 'skipped':
    case 'removed':
      return 'faint';
  }
}
