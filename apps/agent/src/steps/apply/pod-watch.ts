import { type JsonObject, type ObservedPod, podTrouble } from '#domain';
import type { Logger } from '#kit';
import { callKube, isMap, isSuccess, type KindPath, labelOf, mapAt, mapsAt, textAt, watchKind } from '#kube';
import type { Clock, Kube } from '#ports';
import { detach } from '../../common.js';

/** The pods behind one workload. */
export interface PodSource {
  readonly kind: string;
  readonly namespace: string;
  /** As a label selector in text. */
  readonly selector: string;
  /** What its present revision is known by: see revisionOf. */
  readonly revision: string;
}

const POD: KindPath = { apiVersion: 'v1', kind: 'Pod', namespaced: true, base: '/api/v1', plural: 'pods' };
const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
const REVISION_ANNOTATION = 'deployment.kubernetes.io/revision';

/** Where a workload's pods are; null: the kind has none, or they say nothing. */
export function podSourceOf(workload: JsonObject): PodSource | null {
  const kind = textAt(workload, 'kind');
  if (!['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController'].includes(kind)) return null;
  const metadata = mapAt(workload, 'metadata');
  const selector = selectorText(mapAt(mapAt(workload, 'spec'), 'selector'), kind === 'ReplicationController');
  if (selector === '') return null;
  return { kind, namespace: textAt(metadata, 'namespace'), selector, revision: revisionOf(workload, kind) };
}

function revisionOf(workload: JsonObject, kind: string): string {
  const annotations = mapAt(mapAt(workload, 'metadata'), 'annotations');
  if (kind === 'Deployment') return textAt(annotations, REVISION_ANNOTATION);
  if (kind === 'StatefulSet') return textAt(mapAt(workload, 'status'), 'updateRevision');
  if (kind === 'DaemonSet') return textAt(annotations, 'deprecated.daemonset.template.generation');
  return '';
}

function selectorText(selector: JsonObject, isPlain: boolean): string {
  const labels = isPlain ? selector : mapAt(selector, 'matchLabels');
  const equal = Object.entries(labels).flatMap(([key, value]) => (typeof value === 'string' ? `${key}=${value}` : []));
  if (isPlain) return equal.join(',');
  const expressions = mapsAt(selector, 'matchExpressions').map((each) => {
    const key = textAt(each, 'key');
    const values = Array.isArray(each['values']) ? (each['values'] as readonly string[]).join(',') : '';
    switch (textAt(each, 'operator')) {
      case 'In':
        return `${key} in (${values})`;
      case 'NotIn':
        return `${key} notin (${values})`;
      case 'Exists':
        return key;
      default:
        return `!${key}`;
    }
  });
  return [...equal, ...expressions].join(',');
}

interface SeenPod {
  /** Without its spec. */
  readonly pod: JsonObject;
  readonly trouble: string | null;
  readonly since: number;
}

export interface PodWatchOptions {
  readonly kube: Kube;
  readonly source: PodSource;
  readonly clock: Clock;
  readonly idleMs: number;
  readonly random: () => number;
  readonly logger: Logger;
  readonly onChange: () => void;
}

/** Watches the pods of one workload for as long as it is not healthy. Of a pod only its status is kept. */
export class PodWatch {
  private readonly pods = new Map<string, SeenPod>();
  /** Revision of each ReplicaSet by its pods' hash. */
  private readonly revisions = new Map<string, string>();
  private readonly stop = new AbortController();
  private source: PodSource;
  private asking = false;

  constructor(private readonly options: PodWatchOptions) {
    this.source = options.source;
    const watching = watchKind({
      kube: options.kube,
      kind: POD,
      namespace: options.source.namespace,
      labelSelector: options.source.selector,
      metadataOnly: false,
      idleMs: options.idleMs,
      random: options.random,
      signal: this.stop.signal,
      onList: (objects) => {
        const names = new Set(objects.map(nameOf));
        for (const name of this.pods.keys()) if (!names.has(name)) this.pods.delete(name);
        for (const pod of objects) this.see(pod);
        this.changed();
      },
      onEvent: (type, pod) => {
        if (type === 'DELETED') this.pods.delete(nameOf(pod));
        else this.see(pod);
        this.changed();
      },
    });
    detach(watching, options.logger);
  }

  /** The workload as it is now, whose present revision may have changed. */
  update(source: PodSource): void {
    this.source = source;
  }

  /** Those of the present revision. */
  observed(): readonly ObservedPod[] {
    const now = this.options.clock.monotonic();
    return [...this.pods.values()]
      .filter(({ pod }) => this.isPresent(pod))
      .map(({ pod, trouble, since }) => ({ pod, sinceMs: trouble === null ? 0 : now - since }));
  }

  close(): void {
    this.stop.abort();
  }

  private see(pod: JsonObject): void {
    const trouble = podTrouble(pod);
    const before = this.pods.get(nameOf(pod));
    const since = before !== undefined && before.trouble === trouble ? before.since : this.options.clock.monotonic();
    const { metadata, status, kind, apiVersion } = pod;
    const { managedFields: _fields, annotations: _annotations, ...kept } = isMap(metadata) ? metadata : {};
    const slim = { apiVersion: apiVersion ?? 'v1', kind: kind ?? 'Pod', metadata: kept, status: status ?? {} };
    this.pods.set(nameOf(pod), { pod: slim, trouble, since });
  }

  private changed(): void {
    if (this.stop.signal.aborted) return;
    const { kind } = this.source;
    const isUnknown =
      kind === 'Deployment' && [...this.pods.values()].some(({ pod }) => !this.revisions.has(hashOf(pod)));
    if (isUnknown && !this.asking) {
      this.asking = true;
      detach(this.learnRevisions(), this.options.logger);
    }
    this.options.onChange();
  }

  private isPresent(pod: JsonObject): boolean {
    const { kind, revision } = this.source;
    if (revision === '') return true;
    if (kind === 'Deployment') return this.revisions.get(hashOf(pod)) === revision;
    if (kind === 'StatefulSet') return labelOf(pod, 'controller-revision-hash') === revision;
    const generation = labelOf(pod, 'pod-template-generation');
    return generation === '' || generation === revision;
  }

  /** Which ReplicaSet is the present one stands in their annotations alone. */
  private async learnRevisions(): Promise<void> {
    const { namespace, selector } = this.source;
    try {
      const answer = await callKube(this.options.kube, {
        method: 'GET',
        path: `/apis/apps/v1/namespaces/${namespace}/replicasets`,
        query: { labelSelector: selector },
        accept: METADATA_LIST,
      });
      if (!isSuccess(answer) || this.stop.signal.aborted) return;
      for (const set of mapsAt(answer.body, 'items')) {
        const annotations = mapAt(mapAt(set, 'metadata'), 'annotations');
        this.revisions.set(hashOf(set), textAt(annotations, REVISION_ANNOTATION));
      }
      // A pod of no set that is left says nothing of the present revision.
      for (const { pod } of this.pods.values()) {
        if (!this.revisions.has(hashOf(pod))) this.revisions.set(hashOf(pod), '');
      }
      this.options.onChange();
    } catch (error) {
      this.options.logger.debug({ err: error }, 'the revisions of a deployment could not be read');
    } finally {
      this.asking = false;
    }
  }
}

function nameOf(pod: JsonObject): string {
  return textAt(mapAt(pod, 'metadata'), 'name');
}

function hashOf(object: JsonObject): string {
  return labelOf(object, 'pod-template-hash');
}
