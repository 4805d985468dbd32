import { readFileSync, writeFileSync } from 'node:fs';

import { type ApiServerAccess } from './api-server.js';

/** Writes a kubeconfig (0600, the CA inlined) that speaks with this token; `namespace` is its default namespace. */
export function writeKubeconfig(path: string, { url, caFile, token }: ApiServerAccess, namespace = 'default'): void {
  const cluster = { server: url, 'certificate-authority-data': readFileSync(caFile).toString('base64') };
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace } }],
    'current-context': 'test',
  };
  writeFileSync(path, `${JSON.stringify(kubeconfig, null, 2)}\n`, { mode: 0o600 });
}
