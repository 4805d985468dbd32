import { expect, it } from '@jest/globals';
import type { TargetView } from '#contract';
import { canRetry, canSkip, filterTargets } from './target-filter.js';

const target = (cluster: string, waveName: string, state: TargetView['state']): TargetView => ({
  ...{
    cluster,
    uid: cluster,
    wave: 0,
    waveName,
    state,
    release: 1,
    overlay: '',
    digest: '',
    generation: 1,
    acked: true,
  },
});
const all = [target('eu-1', 'one', 'passed'), target('eu-2', 'two', 'failed'), target('us-1', 'two', 'passed')];
const names = (search: object): string[] => filterTargets(all, search).map(({ cluster }) => cluster);

it('clusters are filtered by wave, state and a part of the name, all at once', () => {
  expect(names({})).toEqual(['eu-1', 'eu-2', 'us-1']);
  expect(names({ wave: 'two' })).toEqual(['eu-2', 'us-1']);
  expect(names({ wave: 'two', state: 'passed' })).toEqual(['us-1']);
  expect(names({ q: ' EU' })).toEqual(['eu-1', 'eu-2']);
  expect(names({ q: 'eu', state: 'pending' })).toEqual([]);
});

it('a cluster that passed is neither tried again nor skipped', () => {
  expect([canRetry('passed'), canSkip('passed'), canSkip('skipped')]).toEqual([false, false, false]);
  expect([canRetry('skipped'), canRetry('failed'), canSkip('deferred'), canSkip('pending')]).toEqual([
    true,
    true,
    true,
    true,
  ]);
});
