import { describe, expect, it } from '@jest/globals';
import { applicationSpecSchema, type ApplicationSpec } from '#contract';
import { changesTerms, termsOfSpec } from './application-terms.js';

const specOf = (more: object = {}): ApplicationSpec => applicationSpecSchema.parse({ source: 's', path: '.', ...more });
const health = [{ kind: 'example.com/Widget', healthy: 'object.status.ready' }];
const ignoreDifferences = [{ kind: 'apps/Deployment', jsonPointers: ['/spec/replicas'] }];

describe('the terms of an application', () => {
  it('leave out what its spec does not say', () => {
    expect(termsOfSpec(specOf())).toEqual({ drift: 'correct', namespace: 'default' });
  });

  it('hold what it says, and no field that is only undefined', () => {
    const spec = specOf({ drift: 'report', namespace: 'shop', serviceAccount: 'robot', health, ignoreDifferences });
    const terms = termsOfSpec(spec);
    expect(terms).toStrictEqual({
      drift: 'report',
      namespace: 'shop',
      serviceAccount: 'robot',
      health,
      ignoreDifferences,
    });
  });

  it.each<[string, object]>([
    ['drift', { drift: 'off' }],
    ['health', { health }],
    ['what may differ', { ignoreDifferences }],
    ['the account', { serviceAccount: 'robot' }],
  ])('are others where %s is another', (_what, more) => {
    expect(changesTerms(specOf(), specOf(more))).toBe(true);
    expect(changesTerms(specOf(more), specOf())).toBe(true);
    expect(changesTerms(specOf(more), specOf(more))).toBe(false);
  });

  it('are the same where the path, the strategy or the namespace is another: those go with a release', () => {
    expect(changesTerms(specOf(), specOf({ path: 'dev', strategy: 'careful', namespace: 'shop' }))).toBe(false);
  });
});
