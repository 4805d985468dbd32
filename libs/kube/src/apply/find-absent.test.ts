import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import { RetryableError } from '#kit';
import type { KubeResponse } from '#ports';
import { findAbsent } from './find-absent.js';
import type { ApplyItem } from './prepare.js';

const kind = { apiVersion: 'v1', kind: 'ConfigMap', namespaced: true, base: '/api/v1', plural: 'configmaps' };

function items(namespace: string, count: number): readonly ApplyItem[] {
  return Array.from({ length: count }, (_, at) => {
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: `settings-${at}` };
    return { ref, key: `/ConfigMap/${namespace}/${ref.name}`, kind, object: {}, digest: '' };
  });
}

function listOf(names: readonly string[], metadata: JsonObject = {}): KubeResponse {
  return { status: 200, body: { metadata, items: names.map((name) => ({ metadata: { name } })) } };
}

describe('what is not in the cluster', () => {
  it('is told by one list of each kind and namespace of which several are unknown', async () => {
    const asked: string[] = [];
    const absent = await findAbsent([...items('shop', 6), ...items('pay', 2)], (path) => {
      asked.push(path);
      return Promise.resolve(listOf(['settings-1', 'settings-4', 'of-somebody-else']));
    });
    expect(asked).toEqual(['/api/v1/namespaces/shop/configmaps']);
    expect(absent.map(({ ref }) => ref.name)).toEqual(['settings-0', 'settings-2', 'settings-3', 'settings-5']);
  });

  it('is not known where the list is refused, has no answer, or is only a part', async () => {
    const denied = { status: 403, body: { kind: 'Status', reason: 'Forbidden' } };
    expect(await findAbsent(items('shop', 9), () => Promise.resolve(denied))).toEqual([]);
    const silence = new RetryableError('kube-unreachable', 'no answer');
    expect(await findAbsent(items('shop', 9), () => Promise.reject(silence))).toEqual([]);
    const part = listOf([], { continue: 'more' });
    expect(await findAbsent(items('shop', 9), () => Promise.resolve(part))).toEqual([]);
  });
});
