import { describe, expect, it } from '@jest/globals';
import type { PolicyFindingView } from '#contract';
import { chosenFindings, chosenPolicies, policyRows } from './policy-rows.js';
import type { PolicyObject } from './reads.js';

const policy = (name: string, kinds: string[] = ['Pod']): PolicyObject => ({
  ...{ apiVersion: 'flotilla.dev/v1', kind: 'Policy', metadata: { name } },
  spec: { mode: 'refuse', match: { kinds }, rules: [{ name: 'tag', expression: 'true', message: 'name a version' }] },
});
const finding = (application: string, more: Partial<PolicyFindingView> = {}): PolicyFindingView => ({
  ...{ policy: 'images', rule: 'tag', application, outcome: 'refused', message: 'name a version' },
  ...{ objects: ['Pod web'], objectCount: 1, clusters: ['eu-1'], clusterCount: 1, since: '2030-01-01T00:00:00Z' },
  ...more,
});
const namesOf = (rows: ReturnType<typeof policyRows>): string[] => rows.map((row) => row.policy.metadata.name);

const FINDINGS = [
  finding('web'),
  finding('web', { rule: 'limits' }),
  finding('shop', { outcome: 'warned' }),
  finding('old', { until: '2030-01-02T00:00:00Z' }),
  finding('old', { policy: 'hosts', until: '2030-01-03T00:00:00Z' }),
];
const ROWS = policyRows([policy('images'), policy('hosts'), policy('quiet', ['apps/Deployment'])], FINDINGS);

describe('what policies say', () => {
  it('is which applications each holds up and warns of now, each once', () => {
    expect(ROWS).toMatchObject([
      { refuses: ['web'], warns: ['shop'] },
      { refuses: [], warns: [], quietSince: '2030-01-03T00:00:00Z' },
      { refuses: [], warns: [] },
    ]);
    expect(ROWS[0]).not.toHaveProperty('quietSince');
    expect(ROWS[2]).not.toHaveProperty('quietSince');
  });

  it('is chosen by what it says, and by words of it', () => {
    expect(namesOf(chosenPolicies(ROWS, { q: '', show: 'refusing' }))).toEqual(['images']);
    expect(namesOf(chosenPolicies(ROWS, { q: '', show: 'warning' }))).toEqual(['images']);
    expect(namesOf(chosenPolicies(ROWS, { q: '', show: 'quiet' }))).toEqual(['hosts', 'quiet']);
    expect(namesOf(chosenPolicies(ROWS, { q: ' deployment', show: 'all' }))).toEqual(['quiet']);
    expect(namesOf(chosenPolicies(ROWS, { q: 'SHOP', show: 'all' }))).toEqual(['images']);
  });

  it('is one finding by its application, its object or its cluster', () => {
    const of = (q: string, show: 'all' | 'refused' | 'warned' | 'over'): string[] =>
      chosenFindings(FINDINGS, { q, show }).map(({ application, rule }) => `${application} ${rule}`);
    expect(of('', 'refused')).toEqual(['web tag', 'web limits']);
    expect(of('', 'warned')).toEqual(['shop tag']);
    expect(of('old', 'over')).toHaveLength(2);
    expect(of('eu-', 'all')).toHaveLength(5);
    expect(of('nothing', 'all')).toEqual([]);
  });
});
