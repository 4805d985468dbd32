import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { formatSelector, parseSelector } from './label-selector-text.js';
import { matchesSelector } from './selector.js';

const matches = (text: string, labels: Record<string, string>): boolean => {
  const parsed = parseSelector(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return matchesSelector(parsed.selector, labels);
};

describe('a selector as text', () => {
  const labels = { env: 'prod', tier: 'a', 'team/name': 'blue', 'fact.k8s': '1.30' };

  it.each([
    ['', true],
    ['env=prod', true],
    ['env==prod', true],
    ['env=dev', false],
    ['env=prod,env=dev', false],
    ['env != dev', true],
    ['missing!=x', true],
    ['tier in (a,b)', true],
    ['tier in (a, b), env=prod', true],
    ['tier notin (a,b)', false],
    ['missing notin (a)', true],
    ['env', true],
    ['!env', false],
    ['!missing', true],
    ['team/name=blue', true],
    ['fact.k8s=1.30', true],
    ['env=prod,tier in (a,b),!x,fact.k8s=1.30', true],
    ['missing=', false],
  ])('"%s" selects %s', (text, expected) => {
    expect(matches(text, labels)).toBe(expected);
  });

  it.each(['=prod', 'a=b=c', 'a in b', 'a in (b', ',', 'a,,b', 'a b', '-x=1', 'x=-', 'a in (b c)'])(
    '"%s" is refused, telling how to write it',
    (text) => {
      expect(parseSelector(text)).toMatchObject({ ok: false, message: expect.stringContaining('key=value') });
    },
  );
});

describe('a selector told as text', () => {
  it('reads as one of the same meaning', () => {
    const key = fc.constantFrom('env', 'team/name', 'fact.k8s');
    const value = fc.constantFrom('prod', '', '1.30+a');
    const values = fc.array(value, { minLength: 1, maxLength: 3 });
    const expression = fc.oneof(
      fc.record({ key, operator: fc.constantFrom('In' as const, 'NotIn' as const), values }),
      fc.record({ key, operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const) }),
    );
    const selector = fc.record({
      matchLabels: fc.dictionary(key, value, { maxKeys: 2 }),
      matchExpressions: fc.array(expression, { maxLength: 3 }),
    });
    const labels = fc.dictionary(key, value, { maxKeys: 3 });
    fc.assert(
      fc.property(selector, labels, (each, of) => {
        const text = formatSelector(each);
        expect({ text, matches: matches(text, of) }).toEqual({ text, matches: matchesSelector(each, of) });
      }),
      { numRuns: 1000 },
    );
  });

  it('is as short as people write it', () => {
    const matchExpressions = [
      { key: 'tier', operator: 'NotIn', values: ['a', 'b'] },
      { key: 'team', operator: 'NotIn', values: ['blue'] },
      { key: 'zone', operator: 'In', values: ['x'] },
      { key: 'gpu', operator: 'Exists' },
      { key: 'old', operator: 'DoesNotExist' },
    ] as const;
    const text = 'env=prod,tier notin (a,b),team!=blue,zone=x,gpu,!old';
    expect(formatSelector({ matchLabels: { env: 'prod' }, matchExpressions })).toBe(text);
  });
});
