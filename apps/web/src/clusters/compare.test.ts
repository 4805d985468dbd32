import { describe, expect, it } from '@jest/globals';
import type { ClusterApplicationView } from '#contract';
import { compareApplications, compareFields } from './compare.js';

const application = (name: string, more: Partial<ClusterApplicationView> = {}): ClusterApplicationView => ({
  application: name,
  health: 'healthy',
  sync: 'synced',
  release: 3,
  digest: `digest-${name}`,
  generation: 1,
  state: 'passed',
  ...more,
});

describe('two clusters side by side', () => {
  it('puts the labels that differ first', () => {
    const fields = compareFields({ env: 'prod', region: 'eu', team: 'a' }, { env: 'prod', region: 'us', zone: '1' });
    expect(fields.map(({ key, isSame }) => [key, isSame])).toEqual([
      ['region', false],
      ['team', false],
      ['zone', false],
      ['env', true],
    ]);
    expect(fields[1]).toMatchObject({ a: 'a', b: undefined });
  });

  it('says in what each application differs, those first that do', () => {
    const compared = compareApplications(
      [application('calm'), application('web'), application('only-a')],
      [application('calm'), application('web', { release: 4, digest: 'other', health: 'failed' })],
    );
    expect(compared.map(({ application: name, differs }) => [name, differs])).toEqual([
      ['only-a', ['presence']],
      ['web', ['release', 'bundle', 'health']],
      ['calm', []],
    ]);
    expect(compared[1]?.bundles).toEqual({ from: 'digest-web', to: 'other' });
    expect(compared[2]).not.toHaveProperty('bundles');
  });

  it('takes what was withdrawn for what is not there', () => {
    expect(compareApplications([application('web', { release: null, digest: '' })], [])).toEqual([]);
  });
});
