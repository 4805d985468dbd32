import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import type { KubeResponse } from '#ports';
import { LOAD_ANNOTATION } from './controllers/autoscaler.js';
import { openFakeCluster } from './fake-kube.js';

describe('what a test can hang on a simulated cluster', () => {
  let opened: ReturnType<typeof openFakeCluster>;
  beforeEach(() => {
    opened = openFakeCluster({ readyMs: 0 });
  });
  afterEach(() => {
    opened.kube.close();
    opened.cluster.close();
  });
  const post = (path: string, body: JsonObject, asUser?: string): Promise<KubeResponse> =>
    opened.kube.request({ method: 'POST', path, body, ...(asUser !== undefined && { asUser }) });
  const maps = '/api/v1/namespaces/default/configmaps';

  it('tells of each request as whom it was made, until taken back', async () => {
    const seen: unknown[] = [];
    const stop = opened.cluster.onRequest(({ method, user, status }) => seen.push([method, user, status]));
    await post(maps, { metadata: { name: 'a' } }, 'system:serviceaccount:shop:deployer');
    await post(maps, { metadata: { name: 'a' } });
    stop();
    await post(maps, { metadata: { name: 'b' } });
    expect(seen).toEqual([
      ['POST', 'system:serviceaccount:shop:deployer', 201],
      ['POST', undefined, 409],
    ]);
  });

  it('lets every write be denied or changed, and writes nothing of what is denied', async () => {
    const stop = opened.cluster.onAdmission(({ operation, object, oldObject }) => {
      if (operation === 'DELETE') return { deny: 'nothing goes', code: 403 };
      if (JSON.stringify(object).includes('forbidden')) return { deny: 'not that', code: 403 };
      return oldObject === undefined ? { patch: [{ op: 'add', path: '/data', value: { a: '1' } }] } : undefined;
    });
    expect((await post(maps, { metadata: { name: 'a' } })).body).toMatchObject({ data: { a: '1' } });
    const denied = await post(maps, { metadata: { name: 'forbidden' } });
    expect(denied).toMatchObject({ status: 403, body: { message: expect.stringContaining('not that') } });
    expect((await opened.kube.request({ method: 'DELETE', path: `${maps}/a` })).status).toBe(403);
    expect(opened.cluster.objects('configmaps')).toHaveLength(1);
    stop();
    expect((await opened.kube.request({ method: 'DELETE', path: `${maps}/a` })).status).toBe(200);
  });

  it('scales to what an autoscaler’s annotation asks for, within its bounds', async () => {
    const labels = { app: 'web' };
    const containers = [{ name: 'web', image: 'web:1' }];
    const template = { metadata: { labels }, spec: { containers } };
    const spec = { replicas: 1, selector: { matchLabels: labels }, template };
    await post('/apis/apps/v1/namespaces/default/deployments', { metadata: { name: 'web' }, spec });
    const scalers = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers';
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
    await post(scalers, { metadata: { name: 'web' }, spec: { maxReplicas: 4, scaleTargetRef } });
    for (const [asked, replicas] of [
      ['3', 3],
      ['9', 4],
    ] as const) {
      const contentType = 'application/merge-patch+json';
      const body = { metadata: { annotations: { [LOAD_ANNOTATION]: asked } } };
      await opened.kube.request({ method: 'PATCH', path: `${scalers}/web`, contentType, body });
      opened.cluster.settle();
      expect(opened.cluster.objects('deployments.apps')[0]).toMatchObject({ spec: { replicas }, status: { replicas } });
    }
  });
});
