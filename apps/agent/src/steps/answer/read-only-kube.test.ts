import { expect, it } from '@jest/globals';
import { BugError, RetryableError } from '#kit';
import type { Kube, KubeRequest } from '#ports';
import { ReadOnlyKube } from './read-only-kube.js';

function open(asUser?: string, signal = new AbortController().signal) {
  const requests: KubeRequest[] = [];
  const inner: Kube = {
    request: (request) => {
      requests.push(request);
      return Promise.resolve({ status: 200, body: {} });
    },
    watch: () => {
      throw new Error('nobody watches');
    },
    close: () => {
      throw new Error('nobody closes');
    },
  };
  return { requests, kube: new ReadOnlyKube(inner, { asUser, signal, timeoutMs: 1_000 }) };
}

it('lets reads and dry-runs through, as the account that it is for, within its time', async () => {
  const { requests, kube } = open('system:serviceaccount:shop:deployer');
  await kube.request({ method: 'GET', path: '/a', timeoutMs: 30_000 });
  await kube.request({ method: 'PATCH', path: '/a', query: { dryRun: 'All' }, body: {} });
  expect(requests).toEqual([
    { method: 'GET', path: '/a', timeoutMs: 1_000, asUser: 'system:serviceaccount:shop:deployer' },
    {
      method: 'PATCH',
      path: '/a',
      query: { dryRun: 'All' },
      body: {},
      timeoutMs: 1_000,
      asUser: 'system:serviceaccount:shop:deployer',
    },
  ]);
  kube.close();
});

it.each([
  { method: 'PATCH', path: '/a', body: {} },
  { method: 'PATCH', path: '/a', query: { dryRun: 'none' }, body: {} },
  { method: 'POST', path: '/a', query: { dryRun: 'All' }, body: {} },
  { method: 'PUT', path: '/a', body: {} },
  { method: 'DELETE', path: '/a' },
] as const)('lets no write through: %j', async (request) => {
  const { requests, kube } = open();
  await expect(kube.request(request)).rejects.toThrow(BugError);
  expect(() => kube.watch()).toThrow(BugError);
  expect(requests).toEqual([]);
});

it('makes no request once the answer is due', async () => {
  const due = new AbortController();
  const { requests, kube } = open(undefined, due.signal);
  due.abort();
  await expect(kube.request({ method: 'GET', path: '/a' })).rejects.toThrow(RetryableError);
  expect(requests).toEqual([]);
});
