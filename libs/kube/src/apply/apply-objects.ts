import type { JsonObject } from '#domain';
import type { Kube, KubeResponse } from '#ports';
import { type ApiError, apiError, callKube, isSuccess, sleep } from './api-error.js';
import { differences, OWNERSHIP } from './compare.js';
import { firstStep, immutableHint, type Known, mayRecreate, ownershipRefusal, withoutReplicas } from './decide.js';
import { type Discovery, objectPath } from './discovery.js';
import { ownershipOf, pathsByHand, takeOverFields } from './managed-fields.js';
import { mapLimited } from './map-limited.js';
import { FIELD_MANAGER } from './marks.js';
import { errorText } from './mask-secret.js';
import { mapAt, mapsAt, textAt } from './object-ref.js';
import { type ApplyItem, type ObjectError, servedVersions } from './prepare.js';
import { planStages } from './stages.js';

export interface ApplyInput {
  readonly kube: Kube;
  readonly discovery: Discovery;
  readonly application: string;
  readonly items: readonly ApplyItem[];
  readonly known: (item: ApplyItem) => Known;
  /** Read and dry-run everything, whatever the fingerprints say. */
  readonly force: boolean;
  /** False: only tell what differs. */
  readonly write: boolean;
  /** The same was applied before, so whatever differs is somebody else's doing, also where no pass of ours made sure of it. */
  readonly again: boolean;
  /** A newer bundle, or the end of the agent: no further request is made. */
  readonly signal: AbortSignal;
  /** The live object as the API server answered it; null: it is absent. */
  readonly onSeen: (item: ApplyItem, live: JsonObject | null) => void;
  /** The live object is as it was asked for. */
  readonly onVerified: (item: ApplyItem, live: JsonObject) => void;
}

export interface Difference {
  readonly item: ApplyItem;
  /** Bounded; never a value. */
  readonly paths: readonly string[];
}

export interface ApplyResult {
  readonly errors: readonly ObjectError[];
  /** Objects whose content was written. */
  readonly written: number;
  /** Objects of which the cluster differed, written or not; without those that were new or that the bundle changed. */
  readonly differing: readonly Difference[];
}

/** What a stage's first half found out about one object, for its second half to do. */
type Intent =
  | { readonly act: 'create' }
  | { readonly act: 'apply'; readonly object: JsonObject; readonly takeOver: JsonObject | null }
  | { readonly act: 'recreate'; readonly uid: string };

const ESTABLISHED_WITHIN_MS = 30_000;
const GONE_WITHIN_MS = 60_000;

/**
 * Brings the cluster to what the items say, stage by stage. Within a stage everything that exists is dry-run before anything is
 * written: an error there stops it unwritten; an error while writing stops the stages after it. All errors come back.
 * @throws RetryableError `kube-unreachable` when the API server does not answer.
 */
export async function applyObjects(input: ApplyInput): Promise<ApplyResult> {
  const run = new ApplyRun(input);
  for (const stage of planStages(input.items)) {
    if (input.signal.aborted) break;
    await run.stage(stage);
    if (run.errors.length > 0) break;
  }
  return { errors: run.errors, written: run.written, differing: run.differing };
}

class ApplyRun {
  readonly errors: ObjectError[] = [];
  readonly differing: Difference[] = [];
  written = 0;

  constructor(private readonly input: ApplyInput) {}

  async stage(items: readonly ApplyItem[]): Promise<void> {
    const intents = new Map<ApplyItem, Intent>();
    await mapLimited(items, async (item) => {
      const intent = await this.plan(item);
      if (intent !== null) intents.set(item, intent);
    });
    if (this.errors.length > 0 || !this.input.write || this.input.signal.aborted) return;
    // In the order of the stage, which the map has not.
    const due = items.filter((item) => intents.has(item));
    await mapLimited(due, async (item) => {
      const intent = intents.get(item);
      if (intent !== undefined && !this.input.signal.aborted) await this.act(item, intent);
    });
    if (this.errors.length === 0 && !this.input.signal.aborted) await this.awaitDefinitions(due);
  }

  private async plan(item: ApplyItem): Promise<Intent | null> {
    const { signal, force, application } = this.input;
    if (signal.aborted) return null;
    const known = this.input.known(item);
    switch (firstStep(known, item.digest, application, force)) {
      case 'nothing':
        return null;
      case 'create':
        return this.create(item, known);
      case 'write': {
        const object = known.live?.scaled === true ? withoutReplicas(item.object) : item.object;
        const answer = await this.apply(item, object, true);
        if (isSuccess(answer)) return { act: 'apply', object, takeOver: null };
        return this.recreateOr(item, apiError(answer), known.live?.uid ?? '');
      }
      case 'look':
        return await this.look(item, known);
    }
  }

  private async look(item: ApplyItem, known: Known): Promise<Intent | null> {
    const found = await this.call({ method: 'GET', path: pathOf(item) });
    if (found.status === 404) {
      this.input.onSeen(item, null);
      return known.completed === true ? null : this.create(item, known);
    }
    if (!isSuccess(found)) return this.fail(item, apiError(found));
    const live = found.body;
    const refusal = ownershipRefusal(live, item.object, this.input.application);
    if (refusal !== null) return this.reject(item, 'OwnedByAnother', refusal);
    this.input.onSeen(item, live);
    const { scaled, byHand } = ownershipOf(live);
    const object = scaled ? withoutReplicas(item.object) : item.object;
    const answer = await this.apply(item, object, true);
    if (!isSuccess(answer)) return this.recreateOr(item, apiError(answer), uidOf(live));
    const paths = differences(live, answer.body);
    const values = paths.filter((path) => path !== OWNERSHIP);
    // Where nothing is written, who owns a field makes no difference.
    if (!byHand && (this.input.write ? paths : values).length === 0) {
      this.input.onVerified(item, live);
      return null;
    }
    if (this.isAgain(item, known)) {
      this.differing.push({ item, paths: [...new Set([...values, ...pathsByHand(live)])].slice(0, 20) });
    }
    return { act: 'apply', object, takeOver: byHand ? live : null };
  }

  private create(item: ApplyItem, known: Known): Intent {
    if (this.isAgain(item, known)) this.differing.push({ item, paths: ['(deleted)'] });
    return { act: 'create' };
  }

  private isAgain(item: ApplyItem, known: Known): boolean {
    return this.input.again || known.verified?.desired === item.digest;
  }

  private async act(item: ApplyItem, intent: Intent): Promise<void> {
    switch (intent.act) {
      case 'create':
        return await this.write(item, item.object);
      case 'apply':
        if (intent.takeOver !== null && !(await this.takeOver(item, intent.takeOver))) return;
        return await this.write(item, intent.object);
      case 'recreate':
        if (await this.removeForGood(item, intent.uid)) await this.write(item, item.object);
    }
  }

  private async write(item: ApplyItem, object: JsonObject): Promise<void> {
    const answer = await this.apply(item, object, false);
    if (!isSuccess(answer)) {
      this.fail(item, apiError(answer));
      return;
    }
    this.written += 1;
    this.input.onVerified(item, answer.body);
  }

  private async takeOver(item: ApplyItem, live: JsonObject): Promise<boolean> {
    const managedFields = takeOverFields(live);
    if (managedFields === null) return true;
    const resourceVersion = textAt(mapAt(live, 'metadata'), 'resourceVersion');
    // The annotation is a copy of what kubectl applied, of a Secret's values too.
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': null };
    const answer = await this.call({
      method: 'PATCH',
      path: pathOf(item),
      query: { fieldManager: FIELD_MANAGER },
      contentType: 'application/merge-patch+json',
      body: { metadata: { resourceVersion, managedFields, annotations } },
    });
    if (isSuccess(answer)) return true;
    this.fail(item, apiError(answer));
    return false;
  }

  private async removeForGood(item: ApplyItem, uid: string): Promise<boolean> {
    const gone = await this.call({
      method: 'DELETE',
      path: pathOf(item),
      body: { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Foreground', preconditions: { uid } },
    });
    if (!isSuccess(gone) && gone.status !== 404) {
      this.fail(item, apiError(gone));
      return false;
    }
    const done = await this.until(GONE_WITHIN_MS, async () => {
      const { status, body } = await this.call({ method: 'GET', path: pathOf(item) });
      return status === 404 || (status === 200 && uidOf(body) !== uid);
    });
    if (!done) this.reject(item, 'NotGone', 'it was deleted to be made anew, and is still there', true);
    return done;
  }

  /** Objects of a new kind can be applied once its definition is established. */
  private async awaitDefinitions(items: readonly ApplyItem[]): Promise<void> {
    const definitions = items.filter((item) => item.ref.kind === 'CustomResourceDefinition');
    await mapLimited(definitions, async (item) => {
      const done = await this.until(ESTABLISHED_WITHIN_MS, async () => {
        const { body } = await this.call({ method: 'GET', path: pathOf(item) });
        const conditions = mapsAt(mapAt(body, 'status'), 'conditions');
        return conditions.some((each) => each['type'] === 'Established' && each['status'] === 'True');
      });
      for (const version of servedVersions(item.object)) this.input.discovery.forget(version);
      if (!done) this.reject(item, 'NotEstablished', 'its kinds are not served yet', true);
    });
  }

  private async until(withinMs: number, question: () => Promise<boolean>): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    for (let wait = 20; performance.now() < deadline && !this.input.signal.aborted; wait = Math.min(wait * 2, 1_000)) {
      if (await question()) return true;
      await sleep(wait, this.input.signal);
    }
    return false;
  }

  private apply(item: ApplyItem, object: JsonObject, dryRun: boolean): Promise<KubeResponse> {
    const query = { fieldManager: FIELD_MANAGER, force: 'true', fieldValidation: 'Strict' };
    return this.call({
      method: 'PATCH',
      path: pathOf(item),
      query: dryRun ? { ...query, dryRun: 'All' } : query,
      contentType: 'application/apply-patch+yaml',
      body: object,
    });
  }

  private call(request: Parameters<Kube['request']>[0]): Promise<KubeResponse> {
    return callKube(this.input.kube, { timeoutMs: 30_000, ...request }, this.input.signal);
  }

  private recreateOr(item: ApplyItem, error: ApiError, uid: string): Intent | null {
    return mayRecreate(error, item.object) ? { act: 'recreate', uid } : this.fail(item, error);
  }

  private fail(item: ApplyItem, error: ApiError): null {
    const { reason, transient, retryAfterMs } = error;
    const message = `${errorText(error, item.object)}${immutableHint(error)}`;
    this.errors.push({
      ref: item.ref,
      reason,
      message,
      transient,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
    return null;
  }

  private reject(item: ApplyItem, reason: string, message: string, transient = false): null {
    this.errors.push({ ref: item.ref, reason, message, transient });
    return null;
  }
}

function pathOf(item: ApplyItem): string {
  return objectPath(item.kind, item.ref.namespace, item.ref.name);
}

function uidOf(object: JsonObject): string {
  return textAt(mapAt(object, 'metadata'), 'uid');
}
