import { type ClusterState } from '../cluster-state.js';
import { hasDependents, startDeletion } from '../deletes.js';
import { type JsonMap, listOf, metadataOf, parseMap } from '../json-tree.js';
import { type StoredObject, type StoreEvent } from '../object-store.js';
import { type Time } from '../time.js';
import { reconcileAutoscaler } from './autoscaler.js';
import { reconcileBudget } from './budget.js';
import { type ControllerContext, type Reconcile } from './context.js';
import { reconcileDaemonSet } from './daemon-set.js';
import { reconcileDeployment } from './deployment.js';
import { reconcileJob } from './job.js';
import { reconcilePod } from './pod.js';
import { reconcileReplicaSet } from './replica-set.js';
import {
  reconcileApiService,
  reconcileClaim,
  reconcileDefinition,
  reconcileIngress,
  reconcileNamespace,
  reconcileService,
} from './small-kinds.js';
import { reconcileStatefulSet } from './stateful-set.js';

const reconcilers: Readonly<Record<string, Reconcile>> = {
  'deployments.apps': reconcileDeployment,
  'replicasets.apps': reconcileReplicaSet,
  replicationcontrollers: reconcileReplicaSet,
  'statefulsets.apps': reconcileStatefulSet,
  'daemonsets.apps': reconcileDaemonSet,
  'jobs.batch': reconcileJob,
  pods: reconcilePod,
  services: reconcileService,
  'ingresses.networking.k8s.io': reconcileIngress,
  persistentvolumeclaims: reconcileClaim,
  'customresourcedefinitions.apiextensions.k8s.io': reconcileDefinition,
  'apiservices.apiregistration.k8s.io': reconcileApiService,
  'horizontalpodautoscalers.autoscaling': reconcileAutoscaler,
  'poddisruptionbudgets.policy': reconcileBudget,
  namespaces: reconcileNamespace,
};

const ownerKeys: Readonly<Record<string, string>> = {
  ReplicaSet: 'replicasets.apps',
  ReplicationController: 'replicationcontrollers',
  Deployment: 'deployments.apps',
  StatefulSet: 'statefulsets.apps',
  DaemonSet: 'daemonsets.apps',
  Job: 'jobs.batch',
};

/** Who works things out from objects that it does not own: looked at again when one of those changes in its namespace. */
const onlookers: Readonly<Record<string, string>> = {
  pods: 'poddisruptionbudgets.policy',
  'deployments.apps': 'horizontalpodautoscalers.autoscaling',
  'statefulsets.apps': 'horizontalpodautoscalers.autoscaling',
};

/** Reconciles in one turn; a loop that never settles is a mistake here, and must not hang the process. */
const turnLimit = 20_000;

interface Work {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
}

/**
 * The controllers of one simulated cluster: whatever a write touches is looked at in the next turn of the event loop, and again when its time comes.
 * Everything is worked out from the objects, so that a restored cluster goes on where it was.
 */
export class Controllers {
  private readonly queue = new Map<string, Work>();
  private readonly timers = new Map<string, () => void>();
  private readonly phases = new Map<string, { phase: string; since: number }>();
  private readonly removed = new Set<string>();
  /** UIDs of owners that wait for their dependents. */
  private readonly waiting = new Set<string>();
  private readonly context: ControllerContext;
  private readonly stopFollowing: () => void;
  /** Parsed objects of the turn that runs. */
  private readonly parsed = new Map<StoredObject, JsonMap>();
  private scheduled = false;
  private anyForeground = false;
  private closed = false;
  private paused = false;

  constructor(
    private readonly state: ClusterState,
    private readonly time: Time,
    readyMs: number,
  ) {
    this.context = {
      state,
      readyMs,
      nodeNames: () => state.store.list('nodes').map((node) => node.name),
      parse: (stored) => this.parse(stored),
      write: (kind, object) => {
        const stored = state.store.put(kind, object);
        this.parsed.set(stored, object);
        return stored;
      },
      inPhaseFor: (uid, phase) => this.inPhaseFor(uid, phase),
    };
    this.stopFollowing = state.store.onEvent((event) => this.follow(event));
  }

  /** Looks at every object once, as after a restore. */
  resync(): void {
    for (const stored of this.state.store.all()) this.enqueue(stored);
  }

  /** Holds the controllers still, as if the controller manager were gone. */
  setPaused(paused: boolean): void {
    this.paused = paused;
    if (!paused) this.schedule();
  }

  /** Does now what waits for the next turn, with all that follows from it but what takes time. */
  settle(): void {
    let turns = 0;
    while (!this.closed && !this.paused && this.hasWork() && turns < turnLimit) {
      for (const [id, work] of this.queue) {
        this.queue.delete(id);
        this.reconcile(id, work);
        turns += 1;
      }
      this.collectGarbage();
    }
    this.parsed.clear();
  }

  close(): void {
    this.closed = true;
    this.stopFollowing();
    for (const cancel of this.timers.values()) cancel();
    this.timers.clear();
    this.queue.clear();
  }

  private follow(event: StoreEvent): void {
    const { object } = event;
    if (event.type === 'DELETED') {
      this.removed.add(object.uid);
      this.phases.delete(object.uid);
      this.cancelTimer(idOf(object));
    } else this.enqueue(object);
    if (object.owners !== undefined) this.enqueueOwners(object);
    const onlooker = onlookers[object.key];
    if (onlooker !== undefined)
      for (const each of this.state.store.list(onlooker, object.namespace)) this.enqueue(each);
    if (object.json.includes('"foregroundDeletion"')) this.waiting.add(object.uid);
    this.schedule();
  }

  private enqueueOwners(object: StoredObject): void {
    for (const owner of object.ownerNames ?? []) {
      const [kind = '', name = ''] = owner.split('/');
      const key = ownerKeys[kind];
      if (key === undefined) continue;
      const work = { key, namespace: object.namespace, name };
      this.queue.set(idOf(work), work);
    }
  }

  private enqueue(stored: StoredObject): void {
    if (reconcilers[stored.key] === undefined && stored.owners === undefined) return;
    const { key, namespace, name } = stored;
    this.queue.set(idOf(stored), { key, namespace, name });
    this.schedule();
  }

  private parse(stored: StoredObject): JsonMap {
    let object = this.parsed.get(stored);
    if (object === undefined) this.parsed.set(stored, (object = parseMap(stored.json)));
    return object;
  }

  private hasWork(): boolean {
    return this.queue.size > 0 || this.removed.size > 0 || this.waiting.size > 0;
  }

  private schedule(): void {
    if (this.scheduled || this.closed || this.paused) return;
    if (!this.hasWork()) return;
    this.scheduled = true;
    this.time.soon(() => {
      this.scheduled = false;
      this.settle();
    });
  }

  private reconcile(id: string, work: Work): void {
    const stored = this.state.store.get(work.key, work.namespace, work.name);
    if (stored === undefined) return;
    if (stored.owners !== undefined && this.isOrphan(stored)) {
      this.deleteDependent(stored);
      return;
    }
    const againMs = reconcilers[work.key]?.(this.context, stored, this.parse(stored));
    if (againMs !== undefined && Number.isFinite(againMs)) this.lookAgain(id, work, againMs);
  }

  private lookAgain(id: string, work: Work, ms: number): void {
    this.cancelTimer(id);
    const cancel = this.time.after(Math.max(1, Math.ceil(ms)), () => {
      this.timers.delete(id);
      this.queue.set(id, work);
      this.schedule();
    });
    this.timers.set(id, cancel);
  }

  private cancelTimer(id: string): void {
    this.timers.get(id)?.();
    this.timers.delete(id);
  }

  private inPhaseFor(uid: string, phase: string): number {
    const now = this.time.now();
    const known = this.phases.get(uid);
    if (known?.phase === phase) return now - known.since;
    this.phases.set(uid, { phase, since: now });
    return 0;
  }

  /** An object all of whose owners are gone. */
  private isOrphan(stored: StoredObject): boolean {
    return !(stored.owners ?? []).some((uid) => this.state.store.hasUid(uid));
  }

  private deleteDependent(stored: StoredObject): void {
    const kind = this.state.kinds.byStorageKey(stored.key);
    if (kind !== undefined) startDeletion(this.state, kind, stored, 'Background');
  }

  private collectGarbage(): void {
    if (this.removed.size === 0 && this.waiting.size === 0) return;
    const gone = new Set([...this.removed, ...this.waiting]);
    const isForeground = this.waiting.size > 0 || this.anyForeground;
    this.removed.clear();
    this.waiting.clear();
    for (const key of [...this.phases.keys()]) {
      const space = key.indexOf(' ');
      if (space > 0 && gone.has(key.slice(0, space))) this.phases.delete(key);
    }
    for (const uid of gone)
      for (const stored of this.state.store.ownedBy(uid))
        if (this.isAbandoned(stored, gone)) this.deleteDependent(stored);
    this.anyForeground = isForeground && this.releaseForeground();
  }

  /** No owner is left but those that are going themselves. */
  private isAbandoned(stored: StoredObject, going: ReadonlySet<string>): boolean {
    const owners = (stored.owners ?? []).filter((uid) => !going.has(uid));
    return owners.length === 0 || this.isOrphan({ ...stored, owners });
  }

  /** Owners that wait for their dependents go when the last one is gone. True while one still waits. */
  private releaseForeground(): boolean {
    let waits = false;
    for (const stored of [...this.state.store.all()]) {
      if (!stored.json.includes('"foregroundDeletion"')) continue;
      const object = parseMap(stored.json);
      const metadata = metadataOf(object);
      const finalizers = listOf(metadata['finalizers']);
      if (!finalizers.includes('foregroundDeletion')) continue;
      if (hasDependents(this.state, stored.uid)) {
        waits = true;
        continue;
      }
      const rest = finalizers.filter((each) => each !== 'foregroundDeletion');
      const kind = this.state.kinds.byStorageKey(stored.key);
      if (rest.length === 0) this.state.store.remove(stored);
      else if (kind !== undefined)
        this.state.store.put(kind, { ...object, metadata: { ...metadata, finalizers: rest } });
    }
    return waits;
  }
}

function idOf(work: { key: string; namespace: string; name: string }): string {
  return `${work.key} ${work.namespace}/${work.name}`;
}
