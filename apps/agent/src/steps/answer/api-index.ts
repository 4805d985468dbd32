import { MAX_GROUP_VERSIONS } from '#contract';
import { canonicalJson, sha256 } from '#domain';
import { callKube, isSuccess, mapAt, textAt } from '#kube';
import type { Kube } from '#ports';

/** Group versions with the hashes that the API server gives their OpenAPI documents. */
export type ApiIndex = Readonly<Record<string, string>>;

/** `v1` and `apps/v1`, and nothing that would be another path. */
const GROUP_VERSION = /^(?:[a-z0-9][-a-z0-9.]*\/)?[a-z0-9][-a-z0-9]*$/;

/** Where a group version's document is; null: it is no group version. Whoever asks must get nothing else of the API server's. */
export function documentPath(groupVersion: string): string | null {
  if (!GROUP_VERSION.test(groupVersion)) return null;
  return `/openapi/v3/${groupVersion.includes('/') ? 'apis' : 'api'}/${groupVersion}`;
}

/**
 * What the API server serves now; null: it does not tell, as before Kubernetes 1.27.
 * @throws RetryableError `kube-unreachable`
 */
export async function readApiIndex(kube: Kube, timeoutMs = 10_000): Promise<ApiIndex | null> {
  const response = await callKube(kube, { method: 'GET', path: '/openapi/v3', timeoutMs });
  if (!isSuccess(response)) return null;
  const paths = mapAt(response.body, 'paths');
  const found = Object.keys(paths).flatMap((path): [string, string][] => {
    const [, core, group] = /^(?:api\/([^/]+)|apis\/([^/]+\/[^/]+))$/.exec(path) ?? [];
    const groupVersion = core ?? group;
    if (groupVersion === undefined || groupVersion.length > 320 || !GROUP_VERSION.test(groupVersion)) return [];
    return [[groupVersion, hashOf(textAt(mapAt(paths, path), 'serverRelativeURL'))]];
  });
  return Object.fromEntries(found.slice(0, MAX_GROUP_VERSIONS));
}

/** By which the hub knows clusters that serve the same. */
export function indexDigest(index: ApiIndex): string {
  return sha256(canonicalJson(index));
}

function hashOf(url: string): string {
  return (new URLSearchParams(url.split('?')[1] ?? '').get('hash') ?? '').slice(0, 256);
}
