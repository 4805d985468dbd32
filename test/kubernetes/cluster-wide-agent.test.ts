import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openHttpKube } from '#kube';
import type { KubeRequest } from '#ports';
import { configMap, service } from '../agent/samples.js';
import { sharedControlPlane } from './control-plane/shared-control-plane.js';
import { createNamespace, type TestNamespace } from './control-plane/with-namespace.js';
import { Installation } from './installation.js';

const WITHIN_MS = 60_000;

describe('an agent that has the whole cluster, with the rights of its manifest', () => {
  const plane = sharedControlPlane();
  let installed: Installation;
  let shop: TestNamespace;

  beforeAll(async () => {
    installed = await Installation.open(plane);
    shop = await createNamespace(plane, 'shop');
    await installed.apply();
    await installed.agent.start();
  }, 180_000);

  afterAll(async () => {
    await installed?.close();
    await shop?.delete();
  }, 120_000);

  const phase = async (application: string, generation: number, wanted: string) =>
    await installed.hub.until(
      application,
      (report) => report.generation === generation && report.phase === wanted,
      WITHIN_MS,
    );

  it('has no more of them than it needs: nobody else to be, no collection to delete, nothing to replace', async () => {
    const token = readFileSync(path.join(installed.folder, 'token'), 'utf8');
    const kube = openHttpKube({ url: plane.url, access: { token, ca: readFileSync(plane.caFile, 'utf8') } });
    const maps = `/api/v1/namespaces/${shop.name}/configmaps`;
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kube-root-ca.crt' } };
    const refused: readonly KubeRequest[] = [
      { method: 'DELETE', path: maps },
      { method: 'PUT', path: `${maps}/kube-root-ca.crt`, body: map },
      { method: 'GET', path: maps, asUser: 'admin' },
      { method: 'GET', path: maps, asUser: 'system:kube-controller-manager' },
      { method: 'GET', path: '/metrics' },
      { method: 'GET', path: '/debug/pprof/' },
    ];
    try {
      for (const request of refused) {
        const { status } = await kube.request(request);
        expect({ ...request, status }).toEqual({ ...request, status: 403 });
      }
      // Accounts it may be, and every kind it may read.
      const asAccount = `system:serviceaccount:${shop.name}:default`;
      expect((await kube.request({ method: 'GET', path: '/version', asUser: asAccount })).status).toBe(200);
      expect((await kube.request({ method: 'GET', path: '/api/v1/nodes' })).status).toBe(200);
    } finally {
      kube.close();
    }
  });

  it("applies as an application's own service account", async () => {
    await installed.kubectl('create', 'serviceaccount', 'deployer', '-n', shop.name);
    const verbs = '--verb=get,create,patch';
    await installed.kubectl('create', 'role', 'deployer', '-n', shop.name, verbs, '--resource=configmaps');
    const account = `--serviceaccount=${shop.name}:deployer`;
    await installed.kubectl('create', 'rolebinding', 'deployer', '-n', shop.name, '--role=deployer', account);
    const terms = { namespace: shop.name, serviceAccount: 'deployer' };
    const own = await installed.hub.assign('own', [configMap('of-deployer')], terms);
    await phase('own', own.generation, 'healthy');
    const more = await installed.hub.assign('own', [configMap('of-deployer'), service('not-its')], terms);
    const report = await phase('own', more.generation, 'failed');
    expect(JSON.stringify([report.message, report.findings])).toContain(`system:serviceaccount:${shop.name}:deployer`);
  }, 120_000);

  it('tells what it was not allowed as an error of that object, where somebody has narrowed its role, and does it once it may', async () => {
    const rules = [
      { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'] },
    ];
    const patch = JSON.stringify({ rules });
    await installed.kubectl('patch', 'clusterrole/flotilla-agent', '--type=merge', '-p', patch);
    const objects = [configMap('allowed'), service('forbidden')];
    const { generation } = await installed.hub.assign('narrow', objects, { namespace: shop.name });
    const report = await phase('narrow', generation, 'failed');
    expect(report.findings).toMatchObject([{ kind: 'Service', name: 'forbidden', reason: 'Forbidden' }]);
    // Given back by the line that installed it.
    await installed.apply();
    await phase('narrow', generation, 'healthy');
  }, 120_000);
});
