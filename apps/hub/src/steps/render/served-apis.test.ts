import { gzipSync } from 'node:zlib';
import { expect, it } from '@jest/globals';
import { createFakeStore } from '#store';
import { ServedApis } from './served-apis.js';

const document = (...kinds: string[]): Uint8Array =>
  gzipSync(JSON.stringify({ schemas: {}, kinds: Object.fromEntries(kinds.map((kind) => [kind, kind])) }));

it('tells a chart the group versions and kinds that clusters serve, as far as they were told', async () => {
  const store = createFakeStore();
  const apis = new ServedApis(store);
  expect(await apis.of(undefined)).toEqual([]);
  await expect(apis.of('d1')).rejects.toMatchObject({ code: 'apis-unknown', kind: 'retryable' });
  await store.read.apis.putIndex('d1', { v1: 'h1', 'apps/v1': 'h2', 'metrics/v1': '' });
  expect(await apis.of('d1')).toEqual(['apps/v1', 'metrics/v1', 'v1']);
  // What came later is told then.
  await store.read.apis.putDocument('v1', 'h1', document('Pod'));
  await store.read.apis.putDocument('apps/v1', 'h2', document('StatefulSet', 'Deployment'));
  expect(await apis.of('d1')).toEqual([
    'apps/v1',
    'apps/v1/Deployment',
    'apps/v1/StatefulSet',
    'metrics/v1',
    'v1',
    'v1/Pod',
  ]);
});
