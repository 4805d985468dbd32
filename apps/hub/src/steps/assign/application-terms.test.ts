import { describe, expect, it } from '@jest/globals';
import { applicationSpecSchema } from '#contract';
import type { JsonObject } from '#domain';
import { changesTerms, termsOfSpec } from './application-terms.js';

/** As it is stored. */
const specOf = (more: object = {}): JsonObject =>
  JSON.parse(JSON.stringify(applicationSpecSchema.parse({ source: 's', path: '.', ...more }))) as JsonObject;
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

  it('are read from what an older hub stored: without the newer fields, and with rules that would be refused now', () => {
    expect(termsOfSpec({ source: 's', path: '.', drift: 'off', namespace: 'shop' })).toEqual({
      drift: 'off',
      namespace: 'shop',
    });
    const rules = [{ kind: 'apps/Deployment', healthy: 'object.was.valid(once)' }];
    expect(termsOfSpec({ source: 's', path: '.', health: rules })).toMatchObject({ health: rules });
  });

  it.each<[string, object]>([
    ['drift', { drift: 'off' }],
    ['health', { health }],
    ['what may differ', { ignoreDifferences }],
    ['the account', { serviceAccount: 'robot' }],
    ['the Secret of keys', { decryption: { secret: 'keys-of-the-shop' } }],
  ])('are others where %s is another', (_what, more) => {
    expect(changesTerms(specOf(), specOf(more))).toBe(true);
    expect(changesTerms(specOf(more), specOf())).toBe(true);
    expect(changesTerms(specOf(more), specOf(more))).toBe(false);
  });

  it('are the same where the path, the strategy or the namespace is another: those go with a release', () => {
    expect(changesTerms(specOf(), specOf({ path: 'dev', strategy: 'careful', namespace: 'shop' }))).toBe(false);
  });
});
