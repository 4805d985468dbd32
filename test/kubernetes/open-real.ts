import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openHttpKube } from '#kube';
import type { SuiteCluster } from '../agent/rig.js';
import { sharedControlPlane } from './control-plane/shared-control-plane.js';
import { createNamespace } from './control-plane/with-namespace.js';

/** The shared control plane for one test of an agent, with namespaces of its own. */
export async function openReal(): Promise<SuiteCluster> {
  const plane = sharedControlPlane();
  const [work, own] = await Promise.all([createNamespace(plane, 'shop'), createNamespace(plane, 'agent')]);
  const access = { token: plane.adminToken, ca: readFileSync(plane.caFile, 'utf8') };
  const kube = openHttpKube({ url: plane.url, access });
  return {
    kube,
    namespace: work.name,
    agentNamespace: own.name,
    application: `shop-${randomBytes(3).toString('hex')}`,
    close: async () => {
      kube.close();
      await Promise.all([work.delete(), own.delete()]);
    },
  };
}
