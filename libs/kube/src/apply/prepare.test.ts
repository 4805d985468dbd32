import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import { RetryableError } from '#kit';
import type { Kube, KubeRequest, KubeResponse } from '#ports';
import { Discovery } from './discovery.js';
import { prepareObjects } from './prepare.js';

const CORE = { kind: 'APIResourceList', resources: [{ name: 'configmaps', kind: 'ConfigMap', namespaced: true }] };

function kubeOf(answer: (path: string) => KubeResponse): { readonly kube: Kube; readonly asked: string[] } {
  const asked: string[] = [];
  const request = async ({ path }: KubeRequest): Promise<KubeResponse> => {
    asked.push(path);
    return path === '/api/v1' ? { status: 200, body: CORE } : answer(path);
  };
  const watch = (): never => {
    throw new Error('nothing is watched');
  };
  return { kube: { request, watch, close: () => undefined }, asked };
}

function many(apiVersion: string, kind: string): readonly JsonObject[] {
  return Array.from({ length: 300 }, (_, at) => ({ apiVersion, kind, metadata: { name: `n${at}` } }));
}

describe('the preparation of objects', () => {
  it('lets those of a group version that can not be told be in error, alone and for now, and asks for it once', async () => {
    const { kube, asked } = kubeOf(() => ({ status: 503, body: { message: 'the server is currently unable' } }));
    const objects = [...many('metrics.example.org/v1', 'Gauge'), ...many('v1', 'ConfigMap')];
    const input = { application: 'shop', namespace: 'shop', discovery: new Discovery(kube) };
    const { items, errors } = await prepareObjects(objects, input);
    expect(items).toHaveLength(300);
    expect(errors).toHaveLength(300);
    expect(errors[0]).toMatchObject({ reason: 'KindUnknown', transient: true });
    expect(errors[0]?.message).toContain('metrics.example.org/v1');
    // One question, tried again twice for being told that the server is busy.
    expect(asked.filter((path) => path.includes('metrics'))).toHaveLength(3);
  });

  it('looks for a kind that is not served once more, and not once for each of its objects', async () => {
    const { kube, asked } = kubeOf(() => ({ status: 404, body: {} }));
    const input = { application: 'shop', namespace: 'shop', discovery: new Discovery(kube) };
    const { errors } = await prepareObjects(many('example.org/v1', 'Widget'), input);
    expect(errors).toHaveLength(300);
    expect(errors[0]).toMatchObject({ reason: 'NoSuchKind', transient: false });
    expect(asked).toHaveLength(2);
  });

  it('of an API server that does not answer is put off as a whole', async () => {
    const { kube } = kubeOf(() => {
      throw new RetryableError('kube-unreachable', 'nobody there');
    });
    const input = { application: 'shop', namespace: 'shop', discovery: new Discovery(kube) };
    await expect(prepareObjects(many('example.org/v1', 'Widget'), input)).rejects.toThrow('nobody there');
  });
});
