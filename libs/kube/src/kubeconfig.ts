import type { RequestOptions } from 'node:https';

import { messageOf, RejectedError } from '#kit';

import { type HttpKubeAccess } from './http-access.js';
import { type HttpKubeOptions } from './http-kube.js';

export interface KubeconfigOptions {
  /** The file; `$KUBECONFIG` or `~/.kube/config` unless told. */
  readonly file?: string;
  /** The current one unless told. */
  readonly context?: string;
}

/** A token that a plugin gave is asked for again after this long, and at once when the server refuses it. */
const keepAccessMs = 30_000;

/**
 * What a kubeconfig's context says, credential plugins and token refresh included.
 * The library behind it is loaded here and not before: inside a cluster its memory is never spent.
 * @throws RejectedError `kubeconfig-invalid` when the file can't be read or names no such context.
 */
export async function kubeconfigOptions(
  options: KubeconfigOptions = {},
): Promise<Pick<HttpKubeOptions, 'url' | 'access'> & { readonly context: string }> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  try {
    if (options.file === undefined) config.loadFromDefault();
    else config.loadFromFile(options.file);
    if (options.context !== undefined) config.setCurrentContext(options.context);
  } catch (error) {
    throw invalid(messageOf(error, 300));
  }
  const cluster = config.getCurrentCluster();
  const context = config.getCurrentContext();
  if (cluster === null) {
    const names = config.getContexts().map(({ name }) => name);
    const others = names.length === 0 ? 'there are none' : `there are ${names.slice(0, 20).join(', ')}`;
    throw invalid(`there is no context ${JSON.stringify(context)}; ${others}`);
  }
  // What the library makes up where it finds nothing.
  if (cluster.server === 'http://localhost:8080' && context === 'loaded-context') {
    throw invalid('there is neither $KUBECONFIG nor ~/.kube/config');
  }

  let known: HttpKubeAccess | undefined;
  let readAt = 0;
  const access = async (refused: boolean): Promise<HttpKubeAccess> => {
    if (known !== undefined && !refused && performance.now() - readAt < keepAccessMs) return known;
    const request: RequestOptions = {};
    try {
      await config.applyToHTTPSOptions(request);
    } catch (error) {
      throw invalid(messageOf(error, 300));
    }
    known = accessOf(request);
    readAt = performance.now();
    return known;
  };
  return { url: cluster.server, access, context };
}

function invalid(why: string): RejectedError {
  return new RejectedError('kubeconfig-invalid', `The kubeconfig can't be used: ${why}`);
}

function pem(value: RequestOptions['ca']): string | undefined {
  const [first] = Array.isArray(value) ? value : [value];
  return first === undefined ? undefined : first.toString();
}

function accessOf(request: RequestOptions): HttpKubeAccess {
  const headers: Readonly<Record<string, unknown>> = { ...request.headers };
  const authorization = headers['Authorization'];
  const token = typeof authorization === 'string' ? /^Bearer (.+)$/.exec(authorization)?.[1] : undefined;
  const ca = pem(request.ca);
  const cert = pem(request.cert);
  const key = Array.isArray(request.key) ? undefined : request.key?.toString();
  return {
    ...(token === undefined ? {} : { token }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { certificate: { cert, key } }),
    ...(request.servername === undefined ? {} : { serverName: request.servername }),
    ...(request.rejectUnauthorized === false ? { insecure: true } : {}),
  };
}
