import { describe, expect, it } from '@jest/globals';
import { matchesSelector, selectable } from './selector.js';

describe('a selector', () => {
  const labels = selectable({ labels: { env: 'prod', empty: '' }, facts: { k8s: '1.36' } });

  it.each([
    ['nothing asked', {}, true],
    ['an equal label', { matchLabels: { env: 'prod' } }, true],
    ['another value', { matchLabels: { env: 'dev' } }, false],
    ['an absent label, even as empty', { matchLabels: { none: '' } }, false],
    ['a fact', { matchLabels: { 'fact.k8s': '1.36' } }, true],
    ['a name that every object has', { matchExpressions: [{ key: 'constructor', operator: 'Exists' }] }, false],
    ['In', { matchExpressions: [{ key: 'env', operator: 'In', values: ['dev', 'prod'] }] }, true],
    ['In, absent', { matchExpressions: [{ key: 'none', operator: 'In', values: [''] }] }, false],
    ['NotIn', { matchExpressions: [{ key: 'env', operator: 'NotIn', values: ['prod'] }] }, false],
    ['NotIn, absent', { matchExpressions: [{ key: 'none', operator: 'NotIn', values: ['x'] }] }, true],
    ['Exists', { matchExpressions: [{ key: 'empty', operator: 'Exists' }] }, true],
    ['DoesNotExist', { matchExpressions: [{ key: 'env', operator: 'DoesNotExist' }] }, false],
    [
      'all of several',
      { matchLabels: { env: 'prod' }, matchExpressions: [{ key: 'none', operator: 'Exists' }] },
      false,
    ],
  ] as const)('with %s matches: %j', (_what, selector, expected) => {
    expect(matchesSelector(selector, labels)).toBe(expected);
  });
});
