import { ApiError } from './api-error.js';
import { type ResourceRequest } from './cluster-state.js';
import { equalJson, type Json, type JsonMap, listOf, mapOf, parseMap, textOf } from './json-tree.js';
import { type ObjectStore } from './object-store.js';
import { jsonPatch } from './patches.js';
import { selectorMatches } from './selectors.js';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE';

/** What a webhook is asked. */
export interface AdmissionReview {
  readonly request: ResourceRequest;
  readonly operation: Operation;
  /** Empty where it is deleted. */
  readonly object: JsonMap;
  readonly oldObject?: JsonMap;
}

export interface AdmissionVerdict {
  /** Refused, in these words. */
  readonly deny?: string;
  /** Of the refusal; 400 unless told, as the API server has it. */
  readonly code?: number;
  /** Operations of a JSON patch; a validating webhook's count for nothing. */
  readonly patch?: readonly Json[];
}

/** Answers at once; undefined admits. One that throws is a webhook that can't be called. */
export type AdmissionHandler = (review: AdmissionReview) => AdmissionVerdict | undefined;

type Sort = 'mutating' | 'validating';

interface Webhook {
  readonly name: string;
  readonly mayFail: boolean;
  /** Undefined: nobody is there. */
  readonly handler: AdmissionHandler | undefined;
}

/**
 * Admission webhooks of one simulated cluster: its webhook configurations, by rules and selectors, with handlers in place of
 * servers. What controllers write is not asked about, nor are the configurations themselves.
 */
export class Admission {
  private readonly servers = new Map<string, AdmissionHandler>();
  private readonly hooks = new Set<AdmissionHandler>();

  constructor(private readonly store: ObjectStore) {}

  serve(url: string, handler: AdmissionHandler): () => void {
    this.servers.set(url, handler);
    return () => this.servers.delete(url);
  }

  always(handler: AdmissionHandler): () => void {
    this.hooks.add(handler);
    return () => this.hooks.delete(handler);
  }

  /** The object as the webhooks leave it: another one where any changed it. @throws ApiError where one refuses. */
  mutate(review: AdmissionReview): JsonMap {
    let { object } = review;
    for (const webhook of this.asked('mutating', review)) {
      const { patch } = call(webhook, { ...review, object });
      if (patch === undefined || patch.length === 0) continue;
      const next = jsonPatch(object, patch);
      if (!equalJson(next, object)) object = next;
    }
    return object;
  }

  /** @throws ApiError where one refuses. */
  validate(review: AdmissionReview): void {
    for (const webhook of this.asked('validating', review)) call(webhook, review);
  }

  private *asked(sort: Sort, review: AdmissionReview): Iterable<Webhook> {
    const { group } = review.request.kind;
    if (group === 'admissionregistration.k8s.io') return;
    // A hook stands for both sorts, and is asked once.
    const isFirst = sort === 'mutating' || review.operation === 'DELETE';
    if (isFirst) for (const handler of this.hooks) yield { name: 'simulated.flotilla.dev', mayFail: false, handler };
    for (const stored of this.store.list(`${sort}webhookconfigurations.admissionregistration.k8s.io`)) {
      for (const each of listOf(parseMap(stored.json)['webhooks'])) {
        const webhook = mapOf(each);
        if (!this.concerns(webhook, review)) continue;
        const url = urlOf(mapOf(webhook['clientConfig']));
        const mayFail = webhook['failurePolicy'] === 'Ignore';
        yield { name: textOf(webhook['name']), mayFail, handler: this.servers.get(url) };
      }
    }
  }

  private concerns(webhook: JsonMap, review: AdmissionReview): boolean {
    if (!listOf(webhook['rules']).some((rule) => ruleFits(mapOf(rule), review))) return false;
    const { request, object, oldObject } = review;
    const labelsOf = (each: JsonMap | undefined): JsonMap => mapOf(mapOf(each?.['metadata'])['labels']);
    const objects = webhook['objectSelector'] ?? {};
    if (!selectorMatches(objects, labelsOf(object)) && !selectorMatches(objects, labelsOf(oldObject))) return false;
    const namespaces = webhook['namespaceSelector'] ?? {};
    if (request.kind.kind === 'Namespace') return selectorMatches(namespaces, labelsOf(object));
    if (!request.kind.namespaced) return true;
    const space = this.store.get('namespaces', '', request.namespace);
    return selectorMatches(namespaces, labelsOf(space === undefined ? undefined : parseMap(space.json)));
  }
}

function ruleFits(rule: JsonMap, { request, operation }: AdmissionReview): boolean {
  const { kind, subresource } = request;
  const has = (field: string, value: string): boolean => {
    const list = listOf(rule[field]);
    return list.includes('*') || list.includes(value);
  };
  const scope = rule['scope'] ?? '*';
  if (scope !== '*' && (scope === 'Namespaced') !== kind.namespaced) return false;
  if (!has('apiGroups', kind.group) || !has('apiVersions', kind.version) || !has('operations', operation)) return false;
  const resources = listOf(rule['resources']);
  if (subresource === undefined)
    return resources.some((each) => each === '*' || each === '*/*' || each === kind.plural);
  const part = `${kind.plural}/${subresource}`;
  return resources.some((each) => [part, '*/*', `*/${subresource}`, `${kind.plural}/*`].includes(textOf(each)));
}

function urlOf(clientConfig: JsonMap): string {
  const url = textOf(clientConfig['url']);
  if (url !== '') return url;
  const { name, namespace, path, port } = mapOf(clientConfig['service']);
  return `https://${textOf(name)}.${textOf(namespace)}.svc:${typeof port === 'number' ? port : 443}${textOf(path)}`;
}

function call({ name, mayFail, handler }: Webhook, review: AdmissionReview): AdmissionVerdict {
  let verdict: AdmissionVerdict | undefined;
  try {
    if (handler === undefined) throw new Error('connect: connection refused');
    verdict = handler(review);
  } catch (error) {
    if (mayFail) return {};
    const why = error instanceof Error ? error.message : String(error);
    const message = `failed calling webhook "${name}": failed to call webhook: ${why}`;
    throw new ApiError(500, `Internal error occurred: ${message}`, { causes: [{ message }] });
  }
  if (verdict?.deny === undefined) return verdict ?? {};
  const refusal = new ApiError(verdict.code ?? 400, `admission webhook "${name}" denied the request: ${verdict.deny}`);
  // The reason is the webhook's to give, and it gives none.
  delete refusal.status['reason'];
  throw refusal;
}
