import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { messageOf, RejectedError } from '#kit';

import { type HttpKubeAccess } from './http-access.js';
import { type HttpKubeOptions } from './http-kube.js';

const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';
/** The kubelet renews a token long before it ends; a minute late is early enough. */
const rereadMs = 60_000;

export interface InClusterOptions {
  /** Where the service account's files are; the usual place unless told. */
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds of a clock that never jumps. */
  readonly now?: () => number;
}

/** True inside a Pod that has a service account. */
export function isInCluster(env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  return env['KUBERNETES_SERVICE_HOST'] !== undefined && env['KUBERNETES_SERVICE_PORT'] !== undefined;
}

/**
 * The API server of the cluster around this process. Token and authority are read again every minute, and at once when the server refuses the token.
 * @throws RejectedError `kube-not-in-cluster` outside a Pod, or without its service account's files.
 */
export function inClusterOptions(options: InClusterOptions = {}): Pick<HttpKubeOptions, 'url' | 'access'> {
  const env = options.env ?? process.env;
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  if (host === undefined || port === undefined) {
    throw new RejectedError(
      'kube-not-in-cluster',
      'KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; outside a cluster, name a kubeconfig.',
    );
  }
  const access = filesAccess(options.folder ?? serviceAccountFolder, options.now ?? (() => performance.now()));
  access(true);
  return { url: `https://${host.includes(':') ? `[${host}]` : host}:${port}`, access };
}

function filesAccess(folder: string, now: () => number): (refused: boolean) => HttpKubeAccess {
  let known: HttpKubeAccess | undefined;
  let readAt = -Infinity;
  return (refused) => {
    if (known !== undefined && !refused && now() - readAt < rereadMs) return known;
    try {
      const token = readFileSync(join(folder, 'token'), 'utf8').trim();
      known = { token, ca: readFileSync(join(folder, 'ca.crt'), 'utf8') };
      readAt = now();
    } catch (error) {
      // While the kubelet swaps the files, what was read last goes on serving.
      if (known !== undefined) return known;
      const why = messageOf(error, 200);
      throw new RejectedError('kube-not-in-cluster', `The service account's files in ${folder} can't be read: ${why}`);
    }
    return known;
  };
}
