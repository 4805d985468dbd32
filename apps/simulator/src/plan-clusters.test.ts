import { expect, it } from '@jest/globals';

import { planClusters } from './plan-clusters.js';

it('names clusters by number and gives each its labels', () => {
  const plans = planClusters({ count: 2, labels: ['team=shop'] });
  expect(plans.map(({ name, labels }) => [name, labels])).toEqual([
    ['sim-001', { team: 'shop' }],
    ['sim-002', { team: 'shop' }],
  ]);
});

it('spreads values by their weights, every cluster getting one', () => {
  const plans = planClusters({ count: 1000, prefix: 'edge', labels: ['env=dev:1,staging:3,prod:16'] });
  const count = (env: string): number => plans.filter(({ labels }) => labels?.['env'] === env).length;
  expect([count('dev'), count('staging'), count('prod')]).toEqual([50, 150, 800]);
  expect(plans.at(-1)?.name).toBe('edge-1000');
});

it('tells how a label is written', () => {
  for (const label of ['env', '=x', 'env=dev:0', 'env='])
    expect(() => planClusters({ count: 1, labels: [label] })).toThrow(/KEY=VALUE/);
});
