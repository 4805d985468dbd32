import { expect, it } from '@jest/globals';
import { heartbeatSchema } from '#contract';
import type { JsonObject } from '#domain';
import type { Kube } from '#ports';
import { nodeFacts, reachFacts, readFacts, versionFacts } from './facts.js';

const node = (providerID: string, region?: string): JsonObject => ({
  metadata: { name: 'n', labels: { ...(region !== undefined && { 'topology.kubernetes.io/region': region }) } },
  spec: { providerID },
});

it('tells the version and its minor, of whatever distribution', () => {
  expect(versionFacts({ gitVersion: 'v1.36.3' })).toEqual({
    'kubernetes.version': 'v1.36.3',
    'kubernetes.minor': '1.36',
  });
  expect(versionFacts({ gitVersion: 'v1.31.2-gke.1115000' })['kubernetes.minor']).toBe('1.31');
  expect(versionFacts({})).toEqual({});
});

it('counts nodes without listing them, and knows provider and region by one of them', () => {
  const list = { metadata: { remainingItemCount: 41 }, items: [node('aws:///eu-west-1a/i-0abc', 'eu-west-1')] };
  expect(nodeFacts(list)).toEqual({ nodes: '42', provider: 'aws', region: 'eu-west-1' });
  expect(nodeFacts({ items: [node('gce://project/zone/name')] })).toEqual({ nodes: '1', provider: 'gcp' });
  expect(nodeFacts({ items: [node('somebody://x')] })).toEqual({ nodes: '1', provider: 'somebody' });
  expect(nodeFacts({ items: [] })).toEqual({ nodes: '0' });
});

it('tells to which namespaces it is kept, as many as a fact holds', () => {
  expect(reachFacts(['pay', 'shop'])).toEqual({ 'agent.mode': 'namespaced', 'agent.namespaces': 'pay,shop' });
  const many = Array.from({ length: 50 }, (_, index) => `${index}-${'n'.repeat(60)}`);
  const told = reachFacts(many)['agent.namespaces'] ?? '';
  expect(told).toMatch(/^0-n+,1-n+,2-n+,…$/);
  expect(told.length).toBeLessThanOrEqual(256);
});

it('tells nothing that the hub would refuse, whatever a node says of itself', async () => {
  const odd = node(`${'p'.repeat(400)}://x`, '\u0000\ud83d');
  const kube = {
    request: ({ path }: { path: string }) =>
      Promise.resolve({
        status: 200,
        body: path === '/version' ? { gitVersion: `v1.${'3'.repeat(400)}` } : { items: [odd] },
      }),
  } as unknown as Kube;
  const facts = await readFacts(kube, null);
  expect(Object.keys(facts)).toEqual(['kubernetes.version', 'kubernetes.minor', 'nodes', 'provider', 'region']);
  const cluster = '6f1c1f0e-3a52-4c8e-9a3e-0d6a6f1c2b11';
  const heartbeat = { protocol: 1, cluster, sequence: 0, boot: 1, version: '1', facts };
  expect(heartbeatSchema.safeParse(heartbeat).error).toBeUndefined();
  expect(nodeFacts({ items: [node('constructor://x')] })['provider']).toBe('constructor');
});
