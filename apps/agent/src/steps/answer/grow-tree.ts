import type { LiveRef } from '#contract';
import { assessObject, type JsonObject } from '#domain';
import { messageOf, RetryableError } from '#kit';
import {
  callKube,
  collectionPath,
  DISCOVERY_FAILED,
  isMetadataEnough,
  isSuccess,
  type KindPath,
  mapAt,
  mapLimited,
  mapsAt,
  objectPath,
  refKey,
  refOf,
  textAt,
} from '#kube';
import { groupKindOf } from '../apply/kind-watches.js';
import { AnswerBudget } from './answer-budget.js';
import { eachListed } from './each-listed.js';
import type { AnswerInput } from './inspected.js';
import { type GrowingNode, makeNode, managedNodes } from './managed-nodes.js';
import { type WantedObject, wantedObjects } from './wanted-objects.js';

/** Most objects that a tree shows. */
const MOST_NODES = 10_000;
/** What is no longer in Git is read one by one. */
const MOST_SURPLUS = 200;
/** Few: the worker needs the API server as well. */
const AT_ONCE = 3;

const kind = (apiVersion: string, name: string, plural: string): KindPath => {
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return { apiVersion, kind: name, namespaced: true, base, plural };
};
const REPLICA_SET = kind('apps/v1', 'ReplicaSet', 'replicasets');
const JOB = kind('batch/v1', 'Job', 'jobs');
const POD = kind('v1', 'Pod', 'pods');

/** What the built-in kinds may own of what is shown; others of these groups own nothing. */
const OWNED: Readonly<Record<string, readonly KindPath[]>> = {
  Deployment: [REPLICA_SET, POD],
  ReplicaSet: [POD],
  ReplicationController: [POD],
  StatefulSet: [POD],
  DaemonSet: [POD],
  CronJob: [JOB, POD],
  Job: [POD],
};
/** A custom resource may own anything. */
const ALL = [REPLICA_SET, JOB, POD];

/** An application's objects with those that they own. */
export interface GrownTree {
  readonly roots: readonly GrowingNode[];
  /** Whatever is in the tree and in the cluster, by uid. */
  readonly uids: ReadonlyMap<string, LiveRef>;
  /** What was left out. */
  readonly notes: readonly string[];
}

/**
 * The tree as it is now. What is managed is told from what the worker knows, with no request; what it owns is listed per namespace.
 * What the API server does not tell is left out, and noted in its words.
 */
export async function growTree(input: AnswerInput): Promise<GrownTree> {
  const growth = new Growth(input, await wantedObjects(input));
  await growth.readSurplus();
  await growth.readOwned();
  return growth.tree();
}

class Growth {
  private readonly byUid = new Map<string, GrowingNode>();
  /** ReplicaSets that want no pods: shown only with one. */
  private readonly idle = new Map<string, { readonly owner: GrowingNode; readonly node: GrowingNode }>();
  private readonly roots: GrowingNode[];
  private readonly budget = new AnswerBudget(MOST_NODES);
  private readonly notes: string[] = [];
  private isSilent = false;
  private known: ReadonlyMap<string, number> | undefined;

  constructor(
    private readonly input: AnswerInput,
    wanted: ReadonlyMap<string, WantedObject> | null,
  ) {
    const { inspected } = input;
    const managed = managedNodes(inspected, wanted);
    this.roots = [...managed.values()].filter((node) => this.budget.take(node));
    for (const [key, { live }] of inspected.tracked) {
      const node = managed.get(key);
      if (live && node !== undefined) this.byUid.set(live.uid, node);
    }
  }

  tree(): GrownTree {
    const { droppedItems } = this.budget;
    const notes = [...(droppedItems > 0 ? [`${droppedItems} objects did not fit into the answer`] : []), ...this.notes];
    for (const node of this.byUid.values()) node.children.sort(compareNodes);
    return { roots: this.roots, uids: this.byUid, notes };
  }

  /** What is no longer in Git is not watched: it is looked at now. */
  async readSurplus(): Promise<void> {
    const { kube, discovery, inspected } = this.input;
    const isTracked = (node: GrowingNode): boolean => inspected.tracked.has(refKey(node));
    const surplus = [...this.roots.entries()].filter(([, node]) => node.sync === 'surplus' && !isTracked(node));
    if (surplus.length > MOST_SURPLUS) {
      this.notes.push(`only ${MOST_SURPLUS} of ${surplus.length} objects that are no longer in Git were looked at`);
    }
    await mapLimited(
      surplus.slice(0, MOST_SURPLUS),
      ([index, node]) =>
        this.noting(`${node.kind} ${node.name}`, async () => {
          const path = await discovery.find(node.apiVersion, node.kind);
          const answer =
            path === null
              ? null
              : await callKube(kube, { method: 'GET', path: objectPath(path, node.namespace, node.name) });
          if (answer !== null && answer.status !== 404 && !isSuccess(answer)) {
            throw new Error(textAt(answer.body, 'message') || `the API server answered ${answer.status}`);
          }
          const live = answer !== null && isSuccess(answer) ? answer.body : null;
          const createdAt = live === null ? '' : textAt(mapAt(live, 'metadata'), 'creationTimestamp');
          const rules = inspected.rules.judgeOf(groupKindOf(node));
          const health = assessObject(live, rules === undefined ? {} : { rules });
          const seen = makeNode(node, health, inspected, { sync: 'surplus', createdAt });
          this.roots[index] = seen;
          if (live !== null) this.byUid.set(uidOf(live), seen);
        }),
      AT_ONCE,
    );
  }

  async readOwned(): Promise<void> {
    // Owners first.
    for (const each of ALL) {
      const namespaces = [...this.namespacesOf(each)].sort();
      await mapLimited(
        namespaces,
        (namespace) =>
          this.noting(`${each.plural} in ${namespace}`, () =>
            eachListed(this.input.kube, collectionPath(each, namespace), {}, (object) =>
              this.add({ ...object, apiVersion: each.apiVersion, kind: each.kind }),
            ),
          ),
        AT_ONCE,
      );
    }
  }

  /** Where objects are that may own such ones. */
  private namespacesOf(owned: KindPath): ReadonlySet<string> {
    const namespaces = new Set<string>();
    for (const { namespace, apiVersion, kind: owner } of this.byUid.values()) {
      if (namespace !== undefined && ownedBy(apiVersion, owner).includes(owned)) namespaces.add(namespace);
    }
    return namespaces;
  }

  private add(object: JsonObject): void {
    const uid = uidOf(object);
    if (this.byUid.has(uid) || this.idle.has(uid)) return;
    const owner = this.ownerOf(object);
    if (owner === undefined) return;
    const metadata = mapAt(object, 'metadata');
    const { inspected } = this.input;
    const createdAt = textAt(metadata, 'creationTimestamp');
    const node = makeNode(refOf(object), assessObject(object, { sinceMs: this.sinceOf(object) }), inspected, {
      createdAt,
    });
    if (object['kind'] === 'ReplicaSet' && isIdle(object)) this.idle.set(uid, { owner, node });
    else this.attach(uid, owner, node);
  }

  private attach(uid: string, owner: GrowingNode, node: GrowingNode): void {
    if (!this.budget.take(node)) return;
    owner.children.push(node);
    this.byUid.set(uid, node);
  }

  private ownerOf(object: JsonObject): GrowingNode | undefined {
    const owners = mapsAt(mapAt(object, 'metadata'), 'ownerReferences');
    const first = owners.filter((each) => each['controller'] === true);
    for (const uid of [...first, ...owners].map((each) => textAt(each, 'uid'))) {
      const idle = this.idle.get(uid);
      if (idle !== undefined) {
        this.idle.delete(uid);
        this.attach(uid, idle.owner, idle.node);
      }
      const owner = this.byUid.get(uid);
      if (owner !== undefined) return owner;
    }
    return undefined;
  }

  /** For how long a pod has been in its trouble, where the worker watches it, ms. */
  private sinceOf(object: JsonObject): number {
    if (object['kind'] !== 'Pod') return 0;
    const name = textAt(mapAt(object, 'metadata'), 'name');
    return this.troubled.get(name) ?? 0;
  }

  private get troubled(): ReadonlyMap<string, number> {
    return (this.known ??= new Map(
      [...this.input.inspected.tracked.values()].flatMap(({ pods }) =>
        (pods?.observed() ?? []).map(({ pod, sinceMs }) => [textAt(mapAt(pod, 'metadata'), 'name'), sinceMs] as const),
      ),
    ));
  }

  /** One who does not answer is not asked for the rest. */
  private async noting(what: string, act: () => Promise<void>): Promise<void> {
    if (this.isSilent) return;
    try {
      await act();
    } catch (error) {
      this.isSilent ||= error instanceof RetryableError && error.code !== DISCOVERY_FAILED;
      this.notes.push(`${what} could not be read: ${this.input.inspected.mask.hide(messageOf(error, 1000))}`);
    }
  }
}

function ownedBy(apiVersion: string, owner: string): readonly KindPath[] {
  if (!isMetadataEnough(apiVersion, owner)) {
    const isBuiltIn = !apiVersion.includes('.') || /\.k8s\.io\//.test(apiVersion);
    return isBuiltIn ? (OWNED[owner] ?? []) : ALL;
  }
  return [];
}

function isIdle(replicaSet: JsonObject): boolean {
  return mapAt(replicaSet, 'spec')['replicas'] === 0;
}

function uidOf(object: JsonObject): string {
  return textAt(mapAt(object, 'metadata'), 'uid');
}

/** The newest first, as the present revision is; then by name. */
function compareNodes(a: GrowingNode, b: GrowingNode): number {
  const [x, y] = [a.createdAt ?? '', b.createdAt ?? ''];
  return x === y ? (a.name < b.name ? -1 : 1) : x < y ? 1 : -1;
}
