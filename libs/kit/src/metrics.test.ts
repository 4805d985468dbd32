import { expect, it } from '@jest/globals';
import { createMetrics } from './metrics.js';

it('keeps a registry of its own, so that two don’t meet', async () => {
  const [one, two] = [createMetrics(), createMetrics()];
  one.counter({ name: 'events_total', help: 'Events.' }).inc(2);
  two.counter({ name: 'events_total', help: 'Events.' }).inc(5);
  expect(await one.text()).toContain('flotilla_events_total 2');
  expect(await two.text()).toContain('flotilla_events_total 5');
});

it('asks a collected gauge at every scrape', async () => {
  const metrics = createMetrics({ prefix: 'x_' });
  let clusters = 3;
  metrics.gauge({ name: 'clusters', help: 'Clusters.' }, () => clusters);
  expect(await metrics.text()).toContain('x_clusters 3');
  clusters = 4;
  expect(await metrics.text()).toContain('x_clusters 4');
});

it('sorts what a step took into buckets by label', async () => {
  const metrics = createMetrics();
  metrics.histogram({ name: 'step_seconds', help: 'Steps.', labels: ['step'] }).observe({ step: 'render' }, 0.02);
  expect(await metrics.text()).toContain('flotilla_step_seconds_bucket{le="0.025",step="render"} 1');
});
