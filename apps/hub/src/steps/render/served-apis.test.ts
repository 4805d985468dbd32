import { expect, it } from '@jest/globals';
import { ServedApis } from './served-apis.js';

it('tells a chart the group versions and kinds that clusters serve, as far as they were told', async () => {
  const served = new Map<string, Map<string, readonly string[] | null>>();
  let asked = 0;
  const apis = new ServedApis({
    kinds: (digest) => {
      asked += 1;
      return Promise.resolve(served.get(digest) ?? null);
    },
  });
  expect(await apis.of(undefined)).toEqual([]);
  await expect(apis.of('d1')).rejects.toMatchObject({ code: 'apis-unknown', kind: 'retryable' });
  served.set('d1', new Map(['v1', 'apps/v1', 'metrics/v1'].map((each) => [each, null])));
  expect(await apis.of('d1')).toEqual(['apps/v1', 'metrics/v1', 'v1']);
  // What came later is told then, and what is all of it is not asked for again.
  served.get('d1')?.set('v1', ['Pod']).set('apps/v1', ['StatefulSet', 'Deployment']).set('metrics/v1', []);
  const all = ['apps/v1', 'apps/v1/Deployment', 'apps/v1/StatefulSet', 'metrics/v1', 'v1', 'v1/Pod'];
  expect(await apis.of('d1')).toEqual(all);
  expect(await apis.of('d1')).toEqual(all);
  expect(asked).toBe(3);
});
