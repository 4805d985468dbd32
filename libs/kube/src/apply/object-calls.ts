import type { JsonObject } from '#domain';
import type { Kube, KubeResponse } from '#ports';
import { callKube, sleep } from './api-error.js';
import { objectPath } from './discovery.js';
import { takeOverFields, type Taking } from './managed-fields.js';
import { FIELD_MANAGER } from './marks.js';
import { mapAt, textAt } from './object-ref.js';
import type { ApplyItem } from './prepare.js';

const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

const ANSWERS_WITHIN_MS = 5_000;
/**
 * The API server is to give up before we do: what it says then is of this object, a silence would be of everything. A webhook may
 * take up to thirty seconds, one of admission and one of conversion, and there may be several.
 */
const GIVE_UP_AFTER = '25s';

/** What is asked of the API server about one object. Each throws RetryableError `kube-unreachable` when it does not answer. */
export class ObjectCalls {
  private asking: Promise<boolean> | null = null;

  constructor(
    private readonly kube: Kube,
    private readonly signal: AbortSignal,
    /** Whose rights count; undefined: the agent's own. */
    private readonly asUser: string | undefined,
  ) {}

  get(item: ApplyItem): Promise<KubeResponse> {
    return this.call({ method: 'GET', path: pathOf(item), query: { timeout: GIVE_UP_AFTER } });
  }

  apply(item: ApplyItem, object: JsonObject, dryRun: boolean): Promise<KubeResponse> {
    const query = { fieldManager: FIELD_MANAGER, force: 'true', fieldValidation: 'Strict', timeout: GIVE_UP_AFTER };
    return this.call({
      method: 'PATCH',
      path: pathOf(item),
      query: dryRun ? { ...query, dryRun: 'All' } : query,
      contentType: 'application/apply-patch+yaml',
      body: object,
    });
  }

  /** Makes fields ours, and changes no value. Null: there is nothing to take over. */
  async takeOver(item: ApplyItem, live: JsonObject, taking: Taking): Promise<KubeResponse | null> {
    const managedFields = takeOverFields(live, taking);
    if (managedFields === null) return null;
    const resourceVersion = resourceVersionOf(live);
    // The annotation is a copy of what kubectl applied, of a Secret's values too.
    const annotations = { [LAST_APPLIED]: null };
    return await this.call({
      method: 'PATCH',
      path: pathOf(item),
      query: { fieldManager: FIELD_MANAGER },
      contentType: 'application/merge-patch+json',
      body: { metadata: { resourceVersion, managedFields, annotations } },
    });
  }

  delete(item: ApplyItem, uid: string): Promise<KubeResponse> {
    return this.call({
      method: 'DELETE',
      path: pathOf(item),
      body: { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Foreground', preconditions: { uid } },
    });
  }

  /** Names and what else the metadata tells, of all that are there. */
  list(path: string, limit: number): Promise<KubeResponse> {
    return this.call({ method: 'GET', path, query: { limit: String(limit) }, accept: METADATA_LIST });
  }

  /** Whether it is gone, or another one is there in its place. */
  async isGone(item: ApplyItem, uid: string): Promise<boolean> {
    const { status, body } = await this.get(item);
    return status === 404 || (status === 200 && uidOf(body) !== uid);
  }

  /** Asks again and again, with growing waits; false when it is not so in time, or is no longer wanted. */
  async until(withinMs: number, question: () => Promise<boolean>): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    for (let wait = 20; performance.now() < deadline && !this.signal.aborted; wait = Math.min(wait * 2, 1_000)) {
      if (await question()) return true;
      await sleep(wait, this.signal);
    }
    return false;
  }

  /** Whether the API server answers at all. */
  isAnswered(): Promise<boolean> {
    // Those who ask at the same time need not each be told.
    this.asking ??= this.kube
      .request({ method: 'GET', path: '/version', timeoutMs: ANSWERS_WITHIN_MS })
      .then(
        () => true,
        () => false,
      )
      .finally(() => (this.asking = null));
    return this.asking;
  }

  private call(request: Parameters<Kube['request']>[0]): Promise<KubeResponse> {
    const asUser = this.asUser === undefined ? {} : { asUser: this.asUser };
    return callKube(this.kube, { timeoutMs: 30_000, ...request, ...asUser }, this.signal);
  }
}

/** So that an apply meets the object that it was made for, or is refused with a conflict. */
export function onlyIfUnchanged(object: JsonObject, live: JsonObject): JsonObject {
  return { ...object, metadata: { ...mapAt(object, 'metadata'), resourceVersion: resourceVersionOf(live) } };
}

export function isConflict({ status, body }: KubeResponse): boolean {
  return status === 409 && textAt(body, 'reason') === 'Conflict';
}

export function uidOf(object: JsonObject): string {
  return textAt(mapAt(object, 'metadata'), 'uid');
}

function resourceVersionOf(object: JsonObject): string {
  return textAt(mapAt(object, 'metadata'), 'resourceVersion');
}

function pathOf(item: ApplyItem): string {
  return objectPath(item.kind, item.ref.namespace, item.ref.name);
}
