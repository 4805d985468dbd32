import { describe, expect, it } from '@jest/globals';
import { EVERYWHERE } from '#domain';
import { grantRequestSchema, scopeSchema, scopeView, subjectSchema, toScope, toSubject } from './scopes.js';

const messages = (asked: unknown): string[] => {
  const result = scopeSchema.safeParse(asked);
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
};

describe('a scope that is asked for', () => {
  it.each([
    ['an empty selector', { clusters: {} }, /clusters must ask for something: leave clusters out/],
    ['a selector of empty parts', { clusters: { matchLabels: {}, matchExpressions: [] } }, /must ask for something/],
    ['no application', { applications: [] }, /applications must name one: leave applications out/],
    ['a name that none can have', { applications: ['Web'] }, /applications.0 must be a name of applications/],
    ['an empty name', { applications: [''] }, /applications.0 must be a name/],
    ['too many names', { applications: Array.from({ length: 65 }, () => 'web') }, /at most 64 names/],
    ['something else', { clusters: { matchLabels: { env: 'dev' } }, cluster: 'x' }, /cluster/],
    ['what no database holds', { clusters: { matchLabels: { env: '\u0000' } } }, /U\+0000/],
    [
      'a key that no database holds',
      { clusters: { matchExpressions: [{ key: '\ud800', operator: 'Exists' }] } },
      /U\+0/,
    ],
    [
      'too many requirements',
      { clusters: { matchLabels: Object.fromEntries(Array.from({ length: 33 }, (_, each) => [`k${each}`, 'v'])) } },
      /at most 32 requirements/,
    ],
    [
      'too much text',
      { clusters: { matchExpressions: [{ key: 'k', operator: 'In', values: Array(200).fill('v'.repeat(60)) }] } },
      /at most 8192 characters/,
    ],
  ])('is refused with %s', (_what, asked, message) => {
    expect(messages(asked).join('\n')).toMatch(message);
  });

  it('has no bounds where it asks for none, or for all by a star', () => {
    expect(toScope(undefined)).toEqual(EVERYWHERE);
    expect(toScope({})).toEqual(EVERYWHERE);
    expect(toScope({ applications: ['web', '*'] })).toEqual(EVERYWHERE);
    expect(toScope({ applications: ['**'] })).toEqual(EVERYWHERE);
    expect(scopeView(EVERYWHERE)).toBeUndefined();
  });

  it('is shown as it was asked for', () => {
    for (const asked of [
      { clusters: { matchLabels: { env: 'dev' } } },
      { applications: ['web', 'web-*'] },
      { clusters: { matchExpressions: [{ key: 'fact.k8s', operator: 'Exists' as const }] }, applications: ['*-api'] },
    ]) {
      expect(messages(asked)).toEqual([]);
      expect(scopeView(toScope(asked))).toEqual(asked);
    }
    expect(toScope({ applications: ['web', 'web'] }).applications).toEqual(['web']);
  });
});

describe('whom a grant is for', () => {
  it('is the same in any case where it is an address, and as the provider writes it else', () => {
    expect(toSubject({ kind: 'user', value: 'Ann@Example.com' })).toEqual({ kind: 'user', value: 'ann@example.com' });
    expect(toSubject({ kind: 'user', value: 'AbC-1' })).toEqual({ kind: 'user', value: 'AbC-1' });
    expect(toSubject({ kind: 'group', value: 'Team@Shop' })).toEqual({ kind: 'group', value: 'Team@Shop' });
  });

  it.each(['', ' ann', 'a\nb', 'a\u0000', '\ud800', 'x'.repeat(321)])('is not %j', (value) => {
    expect(subjectSchema.safeParse({ kind: 'user', value }).success).toBe(false);
    expect(grantRequestSchema.safeParse({ subject: { kind: 'group', value }, role: 'viewer' }).success).toBe(false);
  });
});
