import { expect, it } from '@jest/globals';
import type { PlanView } from '#contract';
import { planText } from './plan-text.js';

const cluster = (name: string, more: object = {}) => ({
  cluster: name,
  uid: `u-${name}`,
  overlay: 'prod',
  digest: 'a'.repeat(64),
  previous: null,
  change: 'changed' as const,
  ...more,
});
const wave = (name: string, clusters: PlanView['waves'][number]['clusters'], more: object = {}) => ({
  name,
  digest: 'w'.repeat(64),
  total: clusters.length,
  maxConcurrency: 1,
  maxFailures: 0,
  maxUnreachable: 0,
  ackTimeout: '5m',
  progressDeadline: '10m',
  healthyFor: '30s',
  soak: '5m',
  gates: [],
  windows: [],
  clusters,
  ...more,
});
const plan: PlanView = {
  application: 'web',
  release: 7,
  revision: 'abcdef0123456789',
  strategy: 'careful',
  digest: 'd'.repeat(64),
  total: 3,
  waves: [
    wave('canary', [cluster('c-1')]),
    wave('rest', [cluster('r-1', { dropped: 4, healthBefore: 'failed' }), cluster('r-2', { change: 'unchanged' })], {
      gates: [{ when: 'before', name: 'approval', type: 'approval', state: 'waiting', wants: '2 people say yes' }],
    }),
  ],
  bundles: [
    {
      digest: 'a'.repeat(64),
      overlays: ['prod'],
      objects: 6,
      bytes: 100,
      clusters: 3,
      names: ['c-1', 'r-1'],
    },
  ],
  drops: [{ from: 'b', to: 'a', dropped: 4, of: 10, objects: ['ConfigMap shop/a', 'ConfigMap shop/b'], clusters: 1 }],
  warnings: ['no earlier wave tests bundle aaaa'],
  holds: [],
};

it('shows the waves, who shares a bundle, what is deleted, and the line that starts exactly this', () => {
  const text = planText(plan, { colours: false, all: false });
  expect(text).toContain('web: release 7 (abcdef01) by strategy careful to 3 clusters\n');
  expect(text).toMatch(/^rest +2 +1 +1 +0 +0 +30s +5m +1$/m);
  expect(text).toContain('  before: gate approval: 2 people say yes\n');
  expect(text).toContain('  r-1 (failed before, deletes 4), r-2 (unchanged)\n');
  expect(text).toMatch(/^a{12} +3 +6 +prod +c-1, r-1 and 1 more$/m);
  expect(text).toContain('4 of 10 objects on 1 cluster: ConfigMap shop/a, ConfigMap shop/b and 2 more');
  expect(text).toContain(`flotilla rollout start web --release 7 --plan ${'d'.repeat(64)}\n`);
});

it('names the first clusters of a large wave, and all of them when asked', () => {
  const many = Array.from({ length: 30 }, (_, index) => cluster(`c-${index}`));
  const large = { ...plan, waves: [wave('all', many)] };
  expect(planText(large, { colours: false, all: false })).toContain('c-7 and 22 more\n');
  expect(planText(large, { colours: false, all: true })).toContain('  c-29\n');
});

it('says what it would do to the rollout that runs', () => {
  const running = (then: 'supersedes' | 'queued'): PlanView => ({ ...plan, running: { rollout: 'web-3', then } });
  expect(planText(running('supersedes'), { colours: false, all: false })).toContain('It would supersede web-3');
  expect(planText(running('queued'), { colours: false, all: false })).toContain('It would wait for web-3 to end');
});
