import type { ManifestApplication } from '#domain';
import { callKube, type ObjectError } from '#kube';
import type { WorkerContext } from './worker-context.js';

/** Whom the API server takes the agent for while it works on an application; nothing: for itself. */
export function asUserOf({ serviceAccount, namespace }: Pick<ManifestApplication, 'serviceAccount' | 'namespace'>): {
  readonly asUser?: string;
} {
  return serviceAccount === undefined ? {} : { asUser: `system:serviceaccount:${namespace}:${serviceAccount}` };
}

/**
 * Errors of which each refusal names the service account that may not, and says so where there is none of that name: the API server
 * lets anybody act as an account that is not there, and only refuses what it does.
 */
export async function namingAccount(
  errors: readonly ObjectError[],
  context: Pick<WorkerContext, 'kube'>,
  assignment: ManifestApplication,
): Promise<readonly ObjectError[]> {
  const { serviceAccount, namespace } = assignment;
  if (serviceAccount === undefined || !errors.some(isRefused)) return errors;
  const account = `service account ${namespace}/${serviceAccount}`;
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(serviceAccount)}`;
  // As the agent itself, which may look; where it can't, the refusal is all that is known.
  const status = await callKube(context.kube, { method: 'GET', path, timeoutMs: 10_000 }).then(
    (answer) => answer.status,
    () => 0,
  );
  const hint = status === 404 ? `(as the ${account}, which is not there)` : `(as the ${account})`;
  return errors.map((error) => (isRefused(error) ? { ...error, message: `${error.message} ${hint}` } : error));
}

function isRefused({ reason }: ObjectError): boolean {
  return reason === 'Forbidden';
}
