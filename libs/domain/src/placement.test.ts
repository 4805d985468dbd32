import { describe, expect, it } from '@jest/globals';
import { place } from './placement.js';

const cluster = (name: string, labels: Record<string, string>) => ({
  uid: `uid-${name}`,
  name,
  labels,
  facts: { k8s: '1.30' },
});

describe('a placement', () => {
  const clusters = [cluster('a', { env: 'dev' }), cluster('b', { env: 'prod' }), cluster('c', { tier: 'x' })];

  it('takes every cluster where it has no selector, and tells those whose path cannot be made by name', () => {
    const placed = place({ source: 'web', pathTemplate: 'overlays/{{ labels.env }}' }, clusters);
    expect(placed.members).toEqual([
      { uid: 'uid-a', overlay: 'overlays/dev', inputs: { source: 'web', path: 'overlays/dev' } },
      { uid: 'uid-b', overlay: 'overlays/prod', inputs: { source: 'web', path: 'overlays/prod' } },
    ]);
    expect(placed.errors).toHaveLength(1);
    expect(placed.errors[0]).toMatchObject({ uid: 'uid-c', name: 'c', code: 'label-missing' });
  });

  it('selects by labels and by facts', () => {
    const selector = {
      matchLabels: { 'fact.k8s': '1.30' },
      matchExpressions: [{ key: 'env', operator: 'In' as const, values: ['prod'] }],
    };
    expect(place({ selector, source: 'web', pathTemplate: 'x' }, clusters)).toEqual({
      members: [{ uid: 'uid-b', overlay: 'x', inputs: { source: 'web', path: 'x' } }],
      errors: [],
    });
  });
});
