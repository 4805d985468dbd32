import { expect, it } from '@jest/globals';
import { BundleMask } from './bundle-mask.js';

const secret = (value: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'db' },
  stringData: { value },
});
const hidden = (mask: BundleMask, ...values: readonly string[]) =>
  values.filter((value) => mask.hide(`is ${value}`) === 'is (hidden)');

it('hides what was applied whole last and before, and whatever was taken up since', () => {
  const mask = new BundleMask();
  const release = (name: string): void => mask.learn(name, [secret(`${name}-value`)]);
  release('first');
  mask.settle();
  release('second');
  mask.settle();
  // Nothing new: the one before is still the one before.
  mask.settle();
  release('third');
  release('fourth');
  const all = ['first-value', 'second-value', 'third-value', 'fourth-value'];
  expect(hidden(mask, ...all)).toEqual(all);
  mask.settle();
  release('fifth');
  expect(hidden(mask, ...all, 'fifth-value')).toEqual(['second-value', 'fourth-value', 'fifth-value']);
});

it('hides what the cluster has, until the next release', () => {
  const mask = new BundleMask();
  mask.learn('first', [secret('first-value')]);
  mask.see(secret('put-there-by-hand'));
  mask.see({ ...secret('no-secret-at-all'), kind: 'ConfigMap' });
  mask.learn('first', []);
  expect(hidden(mask, 'first-value', 'put-there-by-hand', 'no-secret-at-all')).toEqual([
    'first-value',
    'put-there-by-hand',
  ]);
  const ref = { apiVersion: 'v1', kind: 'Job', name: 'a' };
  expect(mask.hideErrors([{ ref, reason: 'No', message: 'not first-value', transient: false }])).toEqual([
    { ref, reason: 'No', message: 'not (hidden)', transient: false },
  ]);
  mask.learn('second', []);
  expect(hidden(mask, 'first-value', 'put-there-by-hand')).toEqual(['first-value']);
});

it('does not grow without end where values in the cluster change by themselves', () => {
  const mask = new BundleMask();
  mask.learn('first', [secret('first-value')]);
  for (let turn = 0; turn < 20_000; turn += 1) mask.see(secret(`turning-${turn}-value`));
  expect(mask.mask.size).toBeLessThan(6_000);
  expect(hidden(mask, 'first-value', 'turning-19999-value')).toHaveLength(2);
});
