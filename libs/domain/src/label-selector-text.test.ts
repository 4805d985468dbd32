import { describe, expect, it } from '@jest/globals';
import { parseSelector } from './label-selector-text.js';
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
