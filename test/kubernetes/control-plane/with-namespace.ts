import { randomBytes } from 'node:crypto';

import { type ControlPlaneAccess } from '#control-plane';

export interface TestNamespace {
  readonly name: string;
  /** Asks for its deletion, and does not wait for it. */
  delete(): Promise<void>;
}

/** Makes a namespace of a name never used before, ready to take Pods. */
export async function createNamespace(cluster: ControlPlaneAccess, prefix = 'test'): Promise<TestNamespace> {
  const name = `${prefix}-${randomBytes(4).toString('hex')}`;
  const made = await cluster.kubectl(['create', 'namespace', name]);
  // Until the controller has made it, Pods are refused: "error looking up service account".
  const account = await cluster.kubectl([
    'wait',
    '--for=create',
    'serviceaccount/default',
    '-n',
    name,
    '--timeout=20s',
  ]);
  if (made.code !== 0 || account.code !== 0) throw new Error(`Namespace ${name}: ${made.stderr}${account.stderr}`);
  return {
    name,
    async delete() {
      await cluster.kubectl(['delete', 'namespace', name, '--wait=false', '--ignore-not-found']);
    },
  };
}

/** Runs `work` with a namespace of its own, which is deleted however the work ends. */
export async function withNamespace<T>(
  cluster: ControlPlaneAccess,
  work: (namespace: string) => Promise<T>,
  prefix?: string,
): Promise<T> {
  const namespace = await createNamespace(cluster, prefix);
  try {
    return await work(namespace.name);
  } finally {
    await namespace.delete();
  }
}
