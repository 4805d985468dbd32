import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  coversClusters,
  coversPlacement,
  EVERYWHERE,
  isUnbounded,
  matchesApplication,
  roleAllows,
  scopesFor,
  seesApplication,
  seesCluster,
  seesPair,
  type Role,
  type Scope,
  type ScopedCluster,
} from './access.js';
import type { Selector } from './selector.js';

const cluster = (env: string, region = 'eu'): ScopedCluster => ({ labels: { env }, facts: { region } });
const dev: Selector = { matchLabels: { env: 'dev' } };
const devWeb: Scope = { clusters: dev, applications: ['web', 'web-*'] };
const everyApi: Scope = { clusters: null, applications: ['api'] };
const euAll: Scope = { clusters: { matchLabels: { 'fact.region': 'eu' } }, applications: null };

describe('a role', () => {
  it.each<[Role, Role[]]>([
    ['viewer', ['viewer']],
    ['approver', ['viewer', 'approver']],
    ['operator', ['viewer', 'operator']],
    ['admin', ['viewer', 'operator', 'approver', 'admin']],
  ])('%s may do what %j may', (role, all) => {
    const roles: Role[] = ['viewer', 'operator', 'approver', 'admin'];
    expect(roles.filter((needed) => roleAllows(role, needed))).toEqual(all);
  });

  it('never reaches into the scope of another grant', () => {
    const grants = [
      { role: 'operator', scope: devWeb },
      { role: 'viewer', scope: EVERYWHERE },
    ] as const;
    expect(scopesFor(grants, 'viewer')).toEqual([devWeb, EVERYWHERE]);
    expect(scopesFor(grants, 'operator')).toEqual([devWeb]);
    expect(scopesFor(grants, 'approver')).toEqual([]);
  });
});

describe('several grants', () => {
  it('allow what one of them allows by itself, and nothing else', () => {
    const role = fc.constantFrom<Role>('viewer', 'operator', 'approver', 'admin');
    const clusters = fc.option(fc.record({ matchLabels: fc.record({ env: fc.constantFrom('dev', 'prod') }) }));
    const applications = fc.option(fc.subarray(['web', 'api', 'w*']));
    const grant = fc.record({ role, scope: fc.record({ clusters, applications }) });
    const place = fc.record({ application: fc.constantFrom('web', 'api'), env: fc.constantFrom('dev', 'prod') });
    fc.assert(
      fc.property(fc.array(grant, { maxLength: 4 }), role, place, (grants, needed, { application, env }) => {
        const byItself = grants.some(
          (each) => roleAllows(each.role, needed) && seesPair([each.scope], application, cluster(env)),
        );
        expect(seesPair(scopesFor(grants, needed), application, cluster(env))).toBe(byItself);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('scopes', () => {
  it('are unbounded where one of them has no bounds, not where several name everything together', () => {
    expect(isUnbounded([devWeb, EVERYWHERE])).toBe(true);
    expect(isUnbounded([everyApi, euAll])).toBe(false);
    expect(isUnbounded([])).toBe(false);
  });

  it('hold nothing where there are none', () => {
    expect(seesCluster([], cluster('dev'))).toBe(false);
    expect(seesApplication([], 'web')).toBe(false);
    expect(seesPair([], 'web', cluster('dev'))).toBe(false);
    expect(coversClusters([], 'web', [])).toBe(false);
    expect(coversPlacement([], 'web', dev)).toBe(false);
  });

  it('hold clusters by labels and by facts', () => {
    expect(seesCluster([devWeb], cluster('dev'))).toBe(true);
    expect(seesCluster([devWeb], cluster('prod'))).toBe(false);
    expect(seesCluster([euAll], cluster('prod', 'eu'))).toBe(true);
    expect(seesCluster([euAll], cluster('prod', 'us'))).toBe(false);
  });

  it('hold applications by name and by pattern', () => {
    expect(seesApplication([devWeb], 'web')).toBe(true);
    expect(seesApplication([devWeb], 'web-shop')).toBe(true);
    expect(seesApplication([devWeb], 'webby')).toBe(false);
    expect(seesApplication([{ clusters: null, applications: [] }], 'web')).toBe(false);
  });

  it('make no whole of the halves of two', () => {
    expect(seesPair([devWeb, everyApi], 'api', cluster('prod'))).toBe(true);
    expect(seesPair([devWeb, everyApi], 'web', cluster('dev'))).toBe(true);
    expect(seesPair([devWeb, everyApi], 'web', cluster('prod'))).toBe(false);
  });

  it('cover clusters together, each by one that has the application', () => {
    const prodWeb: Scope = { clusters: { matchLabels: { env: 'prod' } }, applications: ['web'] };
    expect(coversClusters([devWeb, prodWeb], 'web', [cluster('dev'), cluster('prod')])).toBe(true);
    expect(coversClusters([devWeb, prodWeb], 'web-2', [cluster('dev'), cluster('prod')])).toBe(false);
    expect(coversClusters([devWeb, everyApi], 'web', [cluster('dev'), cluster('prod')])).toBe(false);
  });

  it('cover a placement that never leaves one of them', () => {
    const narrower: Selector = { matchLabels: { env: 'dev', team: 'shop' } };
    expect(coversPlacement([devWeb], 'web', narrower)).toBe(true);
    expect(coversPlacement([devWeb], 'api', narrower)).toBe(false);
    expect(coversPlacement([devWeb], 'web', { matchLabels: { team: 'shop' } })).toBe(false);
    expect(coversPlacement([everyApi], 'api', undefined)).toBe(true);
  });

  it('cover a placement without a selector only where they have none themselves', () => {
    for (const placement of [undefined, null, {}]) {
      expect(coversPlacement([devWeb], 'web', placement)).toBe(false);
      expect(coversPlacement([devWeb, { clusters: null, applications: ['web'] }], 'web', placement)).toBe(true);
    }
  });

  it('that cover a placement hold the application wherever it takes it', () => {
    const value = fc.constantFrom('dev', 'prod', 'test');
    const selector: fc.Arbitrary<Selector> = fc.oneof(
      fc.record({ matchLabels: fc.dictionary(fc.constantFrom('env', 'fact.region'), value, { maxKeys: 2 }) }),
      fc.record({
        matchExpressions: fc.array(
          fc.record({
            key: fc.constantFrom('env', 'fact.region'),
            operator: fc.constantFrom('In' as const, 'NotIn' as const),
            values: fc.array(value, { minLength: 1, maxLength: 2 }),
          }),
          { maxLength: 3 },
        ),
      }),
    );
    const scope = fc.record({
      clusters: fc.option(selector),
      applications: fc.option(fc.subarray(['web', 'w*', 'api'])),
    });
    fc.assert(
      fc.property(fc.array(scope, { maxLength: 3 }), selector, value, value, (scopes, placement, env, region) => {
        const taken = seesCluster([{ clusters: placement, applications: null }], cluster(env, region));
        if (!taken || !coversPlacement(scopes, 'web', placement)) return;
        expect(seesPair(scopes, 'web', cluster(env, region))).toBe(true);
        expect(coversClusters(scopes, 'web', [cluster(env, region)])).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a pattern of names', () => {
  it('matches as the regular expression that stands for it', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '-', '*', '.', '%', '_'), maxLength: 8 });
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '-', '.', '%', '_'), maxLength: 10 });
    fc.assert(
      fc.property(text, name, (pattern, candidate) => {
        const parts = pattern.split('*').map((part) => part.replace(/[.\\]/g, String.raw`\$&`));
        const expected = new RegExp(`^${parts.join('.*')}$`).test(candidate);
        expect({ pattern, candidate, matches: matchesApplication(pattern, candidate) }).toEqual({
          ...{ pattern, candidate },
          matches: expected,
        });
      }),
      { numRuns: 5000 },
    );
  });

  it('takes no longer for a pattern made to be slow', () => {
    const pattern = `${'*a'.repeat(500)}b`;
    expect(matchesApplication(pattern, 'a'.repeat(20_000))).toBe(false);
  });

  it('does not count one place twice', () => {
    expect(matchesApplication('web*web', 'web')).toBe(false);
    expect(matchesApplication('web*web', 'webweb')).toBe(true);
    expect(matchesApplication('a*b*b', 'ab')).toBe(false);
  });
});
