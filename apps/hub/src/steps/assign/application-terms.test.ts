import { describe, expect, it } from '@jest/globals';
import { applicationSpecSchema } from '#contract';
import type { JsonObject } from '#domain';
import { changesTerms, newTerms, termsDigest, termsInForce, termsOfSpec } from './application-terms.js';

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
    ['health', { health }],
    ['ignoreDifferences', { ignoreDifferences }],
    ['serviceAccount', { serviceAccount: 'robot' }],
    ['decryption', { decryption: { secret: 'keys-of-the-shop' } }],
    ['namespace', { namespace: 'shop' }],
  ])('are those of the release where %s is another, and take a new one', (field, more) => {
    for (const [before, after] of [
      [specOf(), specOf(more)],
      [specOf(more), specOf()],
    ] as const) {
      const [pinned, present] = [termsOfSpec(before), termsOfSpec(after)];
      expect(termsInForce(pinned, present)).toEqual(pinned);
      expect(newTerms(pinned, present)).toEqual([field]);
      expect(termsDigest(pinned)).not.toEqual(termsDigest(present));
      expect(changesTerms(before, after)).toBe(false);
    }
    expect(newTerms(termsOfSpec(specOf(more)), termsOfSpec(specOf(more)))).toEqual([]);
  });

  it('have agents do less about drift at once, and more with the next release', () => {
    const [correct, report] = [specOf(), specOf({ drift: 'report' })];
    const [strong, weak] = [termsOfSpec(correct), termsOfSpec(report)];
    expect(changesTerms(correct, report)).toBe(true);
    expect(termsInForce(strong, weak).drift).toBe('report');
    expect(newTerms(strong, weak)).toEqual([]);
    expect(termsInForce(weak, strong).drift).toBe('report');
    expect(newTerms(weak, strong)).toEqual(['drift']);
  });

  it('are those of the spec, of a release that kept none', () => {
    const present = termsOfSpec(specOf({ namespace: 'shop' }));
    expect(termsInForce(undefined, present)).toEqual(present);
    expect(newTerms(undefined, present)).toEqual([]);
    expect(termsDigest(undefined)).toEqual({});
  });

  it('are the same where the path or the strategy is another', () => {
    expect(newTerms(termsOfSpec(specOf()), termsOfSpec(specOf({ path: 'dev', strategy: 'careful' })))).toEqual([]);
  });
});
