import { writeFileAtomically } from '#kit';

import type { SimulatedFleet } from './simulated-fleet.js';

/** Writes a kubeconfig with a context for each cluster: JSON, which YAML takes too. */
export async function writeKubeconfig(file: string, url: string, fleet: SimulatedFleet): Promise<void> {
  const names = fleet.names();
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': names[0] ?? '',
    clusters: names.map((name) => ({ name, cluster: { server: `${url}/clusters/${name}` } })),
    users: names.map((name) => ({ name, user: { token: fleet.get(name)?.token ?? '' } })),
    contexts: names.map((name) => ({ name, context: { cluster: name, user: name } })),
  };
  await writeFileAtomically(file, `${JSON.stringify(config, null, 2)}\n`);
}
