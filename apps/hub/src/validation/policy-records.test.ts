import { describe, expect, it } from '@jest/globals';
import type { Finding } from '#domain';
import type { StoredCluster } from '#ports';
import { policyFindings, recordPolicies, type PolicyFinding } from './policy-records.js';

const finding = (rule: string, object: string, severity: Finding['severity'] = 'refuse'): Finding => ({
  ...{ severity, rule: `policy/images/${rule}`, object, message: 'name a version' },
});
const clusters = (...names: string[]): StoredCluster[] => names.map((name) => ({ name })) as unknown as StoredCluster[];
const found = (rule: string, more: Partial<PolicyFinding> = {}): PolicyFinding => ({
  ...{ rule: `policy/images/${rule}`, outcome: 'refused', message: 'name a version', objects: ['Pod web'] },
  ...{ objectCount: 1, clusters: ['a'], clusterCount: 1, ...more },
});

describe('what policies found', () => {
  it('is told by rule, with the first objects and clusters, and the counts of them all', () => {
    const pods = ['Pod a', 'Pod b', 'Pod c', 'Pod d'];
    const checked = [
      {
        ...{ digest: '1', isKnown: true, clusters: clusters('b', 'a') },
        findings: pods.map((pod) => finding('tag', pod)),
      },
      { digest: '2', isKnown: true, clusters: clusters('c', 'd'), findings: [finding('tag', 'Pod a')] },
      { digest: '3', isKnown: true, clusters: clusters('e'), findings: [finding('limits', 'Pod e', 'warn')] },
    ];
    expect(policyFindings(checked, () => true)).toEqual([
      found('tag', {
        objects: ['Pod a', 'Pod b', 'Pod c'],
        objectCount: 4,
        clusters: ['a', 'b', 'c'],
        clusterCount: 4,
      }),
      found('limits', { outcome: 'warned', objects: ['Pod e'], clusters: ['e'] }),
    ]);
  });

  it('is only told of what is released already, and refused where any of it is new', () => {
    const of = (digest: string) => ({
      ...{ digest, isKnown: true, clusters: clusters('a'), findings: [finding('tag', 'Pod web')] },
    });
    expect(policyFindings([of('old')], ({ digest }) => digest !== 'old')).toMatchObject([{ outcome: 'warned' }]);
    expect(policyFindings([of('old'), of('new')], ({ digest }) => digest !== 'old')).toMatchObject([
      { outcome: 'refused' },
    ]);
  });

  it('keeps since when it stands, when it ended, and not for ever', () => {
    const first = recordPolicies([], [found('tag'), found('limits')], 1000);
    expect(first.map(({ since, until }) => [since, until])).toEqual([
      [1000, undefined],
      [1000, undefined],
    ]);
    const second = recordPolicies(first, [found('tag', { clusterCount: 2 })], 2000);
    expect(second).toEqual([
      { ...found('tag', { clusterCount: 2 }), since: 1000 },
      { ...found('limits'), since: 1000, until: 2000 },
    ]);
    // Another outcome is another matter, and what comes back begins anew.
    const third = recordPolicies(second, [found('tag', { outcome: 'warned' }), found('limits')], 3000);
    expect(third.map(({ since, until }) => [since, until])).toEqual([
      [3000, undefined],
      [3000, undefined],
    ]);
    expect(recordPolicies(second, [], 2000 + 31 * 86_400_000)).toEqual([
      expect.objectContaining({ rule: 'policy/images/tag' }),
    ]);
  });

  it('keeps what stands before what ended where it is too much', () => {
    const many = Array.from({ length: 39 }, (_, index) => found(`r${index}`));
    const before = recordPolicies([], [found('x'), found('y')], 1);
    const kept = recordPolicies(before, many, 2);
    expect(kept).toHaveLength(40);
    expect(kept.filter(({ until }) => until === undefined)).toHaveLength(39);
  });
});
