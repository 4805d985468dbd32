import type { JsonObject } from '#domain';
import { RetryableError } from '#kit';
import type { Kube, KubeResponse } from '#ports';
import { apiError, callKube } from './api-error.js';
import { mapsAt, textAt } from './object-ref.js';

/** Where the objects of a kind are. */
export interface KindPath {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** `/apis/apps/v1`. */
  readonly base: string;
  /** `deployments`. */
  readonly plural: string;
}

/** The code of the error where the API server answers, and can't tell the kinds of one group version. */
export const DISCOVERY_FAILED = 'kube-discovery';

/**
 * Which kinds the cluster serves, asked once per group version. A kind that is not there is asked for again each time: its
 * definition may have come in the meantime.
 */
export class Discovery {
  private readonly versions = new Map<string, Promise<ReadonlyMap<string, KindPath>>>();

  /** @param onForgotten Called when something was written that may change what is served. */
  constructor(
    private readonly kube: Kube,
    private readonly onForgotten: () => void = () => undefined,
  ) {}

  /**
   * Null: the cluster serves no such kind.
   * @throws RetryableError `kube-discovery` when this group version can't be told; `kube-unreachable`
   */
  async find(apiVersion: string, kind: string): Promise<KindPath | null> {
    const known = await this.load(apiVersion);
    const found = known.get(kind);
    if (found !== undefined) return found;
    this.versions.delete(apiVersion);
    return (await this.load(apiVersion)).get(kind) ?? null;
  }

  /**
   * The same, by whichever version its group is served in now, should that one be no more.
   * @throws RetryableError `kube-discovery`, `kube-unreachable`
   */
  async findServed(apiVersion: string, kind: string): Promise<KindPath | null> {
    const found = await this.find(apiVersion, kind);
    if (found !== null || !apiVersion.includes('/')) return found;
    const path = `/apis/${apiVersion.split('/')[0] ?? ''}`;
    const response = await callKube(this.kube, { method: 'GET', path, timeoutMs: 10_000 });
    if (response.status === 404) return null;
    if (response.status !== 200) throw refusedBy(response, path);
    for (const version of mapsAt(response.body, 'versions')) {
      const other = await this.find(textAt(version, 'groupVersion'), kind);
      if (other !== null) return other;
    }
    return null;
  }

  /** Forgets a group version, as when one of its definitions was written. */
  forget(apiVersion: string): void {
    this.versions.delete(apiVersion);
    this.onForgotten();
  }

  private load(apiVersion: string): Promise<ReadonlyMap<string, KindPath>> {
    const running = this.versions.get(apiVersion);
    if (running !== undefined) return running;
    const asked = this.ask(apiVersion);
    this.versions.set(apiVersion, asked);
    // A failure is not remembered; who waits for it gets it.
    asked.catch(() => this.versions.delete(apiVersion));
    return asked;
  }

  private async ask(apiVersion: string): Promise<ReadonlyMap<string, KindPath>> {
    const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const response = await callKube(this.kube, { method: 'GET', path: base, timeoutMs: 10_000 });
    if (response.status === 404) return new Map();
    if (response.status !== 200) throw refusedBy(response, apiVersion);
    return new Map(kindsOf(response.body, apiVersion, base));
  }
}

function refusedBy(response: KubeResponse, what: string): RetryableError {
  const { message } = apiError(response);
  return new RetryableError(DISCOVERY_FAILED, `The API server does not tell the kinds of ${what}: ${message}`);
}

function kindsOf(list: JsonObject, apiVersion: string, base: string): readonly (readonly [string, KindPath])[] {
  return mapsAt(list, 'resources')
    .filter((resource) => !textAt(resource, 'name').includes('/'))
    .map((resource) => {
      const kind = textAt(resource, 'kind');
      const plural = textAt(resource, 'name');
      return [kind, { apiVersion, kind, namespaced: resource['namespaced'] === true, base, plural }] as const;
    });
}

/** The path of one object. Names are verbatim but for what a path can't hold. */
export function objectPath(kind: KindPath, namespace: string | undefined, name: string): string {
  return `${collectionPath(kind, namespace)}/${encodeURIComponent(name).replaceAll('%3A', ':')}`;
}

/** The path of a kind's objects, in one namespace or in all. */
export function collectionPath(kind: KindPath, namespace?: string): string {
  const inside = kind.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${kind.base}${inside}/${kind.plural}`;
}
