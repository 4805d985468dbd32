import type { LiveRef } from '#contract';

type Ref = Pick<LiveRef, 'apiVersion' | 'kind' | 'namespace' | 'name'>;

/** An object in an address, as kubectl would name it: `Deployment.apps/shop/web`, `Namespace/shop`. */
export function objectKey({ apiVersion, kind, namespace, name }: Ref): string {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : `.${apiVersion.slice(0, slash)}`;
  return [`${kind}${group}`, ...(namespace === undefined ? [] : [namespace]), name].join('/');
}

/** `Deployment shop/web`, as reports and findings name it. `within`: a namespace that need not be said. */
export function objectText({ kind, namespace, name }: Omit<Ref, 'apiVersion'>, within?: string): string {
  return `${kind} ${namespace === undefined || namespace === within ? '' : `${namespace}/`}${name}`;
}
