import { type JsonObject, type ObservedPod, podTrouble, presentPods } from '#domain';
import type { Logger } from '#kit';
import { callKube, isSuccess, type KindPath, mapAt, mapsAt, textAt, watchKind } from '#kube';
import type { Clock, Kube } from '#ports';
import { detach } from '../../common.js';
import { keptPod, keptReplicaSet, ownerOf, revisionOf } from './kept-fields.js';
import type { PodSource } from './pod-source.js';

const POD: KindPath = { apiVersion: 'v1', kind: 'Pod', namespaced: true, base: '/api/v1', plural: 'pods' };
const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';

interface SeenPod {
  /** Slim: see keptPod. */
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

/** Watches the pods of one workload for as long as it is not healthy. */
export class PodWatch {
  private readonly pods = new Map<string, SeenPod>();
  /** A Deployment's ReplicaSets by uid; null: a pod's owner that is none, or is gone. */
  private replicaSets: ReadonlyMap<string, JsonObject | null> = new Map();
  /** The revision changed: a set that is known may bear another one now, as one that was rolled back to does. */
  private areSetsOld = false;
  private readonly stop = new AbortController();
  private source: PodSource;
  private isAsking = false;

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

  /** Whether these are the pods it watches: a Job that was made anew has others. */
  covers({ selector }: PodSource): boolean {
    return selector === this.options.source.selector;
  }

  /** The workload as it is now, whose present revision may have changed. */
  update(source: PodSource): void {
    this.areSetsOld ||= revisionOf(source.workload) !== revisionOf(this.source.workload);
    this.source = source;
    this.learnSets();
  }

  /** Those of the present revision. */
  observed(): readonly ObservedPod[] {
    const now = this.options.clock.monotonic();
    const seen = [...this.pods.values()];
    const sets = [...this.replicaSets.values()].filter((each) => each !== null);
    const pods = seen.map(({ pod }) => pod);
    const present = new Set(presentPods(this.source.workload, pods, sets));
    return seen
      .filter(({ pod }) => present.has(pod))
      .map(({ pod, trouble, since }) => ({ pod, sinceMs: trouble === null ? 0 : now - since }));
  }

  close(): void {
    this.stop.abort();
  }

  private see(pod: JsonObject): void {
    const trouble = podTrouble(pod);
    const before = this.pods.get(nameOf(pod));
    const since = before !== undefined && before.trouble === trouble ? before.since : this.options.clock.monotonic();
    this.pods.set(nameOf(pod), { pod: keptPod(pod), trouble, since });
  }

  private changed(): void {
    if (this.stop.signal.aborted) return;
    this.learnSets();
    this.options.onChange();
  }

  private learnSets(): void {
    if (this.source.workload['kind'] !== 'Deployment' || this.isAsking || this.stop.signal.aborted) return;
    const isUnknown = [...this.pods.values()].some(({ pod }) => !this.replicaSets.has(ownerOf(pod)));
    if (!isUnknown && !this.areSetsOld) return;
    this.isAsking = true;
    detach(this.askForSets(), this.options.logger);
  }

  /** Which ReplicaSet is the present one stands in their annotations alone. */
  private async askForSets(): Promise<void> {
    const { namespace, selector } = this.source;
    // Those that are there now: of a pod that comes later, the set may be new as well.
    const owners = [...this.pods.values()].map(({ pod }) => ownerOf(pod));
    this.areSetsOld = false;
    let isAnswered = false;
    try {
      const path = `/apis/apps/v1/namespaces/${namespace}/replicasets`;
      const request = { method: 'GET', path, query: { labelSelector: selector }, accept: METADATA_LIST } as const;
      const answer = await callKube(this.options.kube, request, this.stop.signal);
      isAnswered = isSuccess(answer);
      if (!isAnswered) return;
      const sets = mapsAt(answer.body, 'items').map(keptReplicaSet);
      const known = new Map<string, JsonObject | null>(owners.map((uid) => [uid, null]));
      for (const set of sets) known.set(textAt(mapAt(set, 'metadata'), 'uid'), set);
      this.replicaSets = known;
    } catch (error) {
      this.options.logger.debug({ err: error }, 'the revisions of a deployment could not be read');
    } finally {
      this.isAsking = false;
      // What was not answered is asked again at the next event.
      this.areSetsOld ||= !isAnswered;
    }
    if (isAnswered) this.changed();
  }
}

function nameOf(pod: JsonObject): string {
  return textAt(mapAt(pod, 'metadata'), 'name');
}
