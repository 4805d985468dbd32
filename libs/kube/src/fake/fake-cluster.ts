import { randomUUID } from 'node:crypto';

import { Admission, type AdmissionHandler } from './admission.js';
import { ApiServer } from './api-server.js';
import { type ApiAnswer, type ApiRequest, type ClusterState, timestamp } from './cluster-state.js';
import { Controllers } from './controllers/controllers.js';
import { Faults, type KubeFault } from './faults.js';
import { type JsonMap, mapOf, parseMap, textOf } from './json-tree.js';
import { KindRegistry } from './kind-registry.js';
import { builtInKind } from './kinds.js';
import { defaultLimits, ObjectStore, type StoreLimits } from './object-store.js';
import { realTime, type Time } from './time.js';
import { type OpenWatch, type WatchSink } from './watches.js';

export interface FakeClusterOptions {
  /** What `/version` says; `v1.36.3` unless told. */
  readonly version?: string;
  /** How many nodes, or their names; 1 unless told. */
  readonly nodes?: number | readonly string[];
  /** Labels of every node, such as topology.kubernetes.io/region. */
  readonly nodeLabels?: Readonly<Record<string, string>>;
  /** `spec.providerID` of every node is this, a slash and the node's name. */
  readonly provider?: string;
  /** Milliseconds until a workload's Pod is ready; 300 unless told, 0 makes it ready as it is created. */
  readonly readyMs?: number;
  /** UID of kube-system, by which a cluster is told from others. */
  readonly uid?: string;
  /** Milliseconds between bookmarks; 60,000 unless told. */
  readonly bookmarkMs?: number;
  readonly history?: Partial<StoreLimits>;
  readonly time?: Time;
  /** Objects that are there from the start, as from a file. */
  readonly objects?: readonly JsonMap[];
  readonly snapshot?: ClusterSnapshot;
}

/** All that a cluster holds, as JSON. */
export interface ClusterSnapshot {
  readonly format: 1;
  readonly version: string;
  readonly resourceVersion: number;
  readonly objects: readonly { readonly key: string; readonly object: JsonMap }[];
}

/** A request that was answered, as an audit log has it. */
export type AuditEntry = ApiRequest & { readonly status: number };

const namespaceKind = builtInKind('', 'v1', 'namespaces');
const nodeKind = builtInKind('', 'v1', 'nodes');

/** One simulated cluster: an API server in memory, with controllers that let simulated time pass. */
export class FakeCluster {
  readonly faults = new Faults();
  readonly time: Time;
  readonly version: string;
  private readonly state: ClusterState;
  private readonly server: ApiServer;
  private readonly controllers: Controllers;
  private readonly watches = new Set<OpenWatch>();
  private readonly listeners = new Set<(entry: AuditEntry) => void>();
  private readonly bookmarkMs: number;
  private stopBookmarks: (() => void) | undefined;
  private closed = false;

  constructor(options: FakeClusterOptions = {}) {
    this.time = options.time ?? realTime;
    this.version = options.snapshot?.version ?? options.version ?? 'v1.36.3';
    this.bookmarkMs = options.bookmarkMs ?? 60_000;
    const store = new ObjectStore({ ...defaultLimits, ...options.history });
    const now = (): number => this.time.now();
    this.state = { store, kinds: new KindRegistry(store), admission: new Admission(store), now };
    this.server = new ApiServer(this.state, this.version);
    this.controllers = new Controllers(this.state, this.time, options.readyMs ?? 300);
    if (options.snapshot === undefined) this.seed(options);
    else this.restore(options.snapshot);
  }

  /** One request, answered at once; faults are not considered. */
  handle(request: ApiRequest): ApiAnswer {
    const answer = this.server.handle(request);
    for (const listener of this.listeners) listener({ ...request, status: answer.status });
    return answer;
  }

  /** Tells of every request that was answered, and as whom it was made; until taken back. */
  onRequest(listener: (entry: AuditEntry) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Serves admission webhooks whose configurations name this URL; until taken back. Nobody serves any other. */
  serveWebhook(url: string, handler: AdmissionHandler): () => void {
    return this.state.admission.serve(url, handler);
  }

  /** Asks of every write from outside, as a webhook that is registered for everything; until taken back. */
  onAdmission(handler: AdmissionHandler): () => void {
    return this.state.admission.always(handler);
  }

  /** @throws ApiError when the watch is refused. */
  watch(request: ApiRequest, sink: WatchSink): OpenWatch {
    const opened = this.server.watch(request, sink);
    const watch: OpenWatch = {
      bookmark: () => opened.bookmark(),
      close: () => {
        opened.close();
        this.watches.delete(watch);
      },
    };
    this.watches.add(watch);
    this.planBookmarks();
    return watch;
  }

  setFault(fault: KubeFault): () => void {
    return this.faults.add(fault);
  }

  /** Does now what the controllers would do in the next turn. */
  settle(): void {
    this.controllers.settle();
  }

  /** Holds the controllers still, or lets them go on. */
  pauseControllers(paused: boolean): void {
    this.controllers.setPaused(paused);
  }

  /** Forgets the past: watches and pages from before get 410. */
  compact(): void {
    this.state.store.compact();
  }

  get resourceVersion(): number {
    return this.state.store.resourceVersion;
  }

  /** Every object, or those of one plural such as `deployments.apps`, parsed. */
  objects(key?: string): JsonMap[] {
    const found = key === undefined ? [...this.state.store.all()] : this.state.store.list(key);
    return found.map((stored) => parseMap(stored.json));
  }

  /** Calls after every write, until taken back. */
  onWrite(listener: () => void): () => void {
    return this.state.store.onEvent(() => listener());
  }

  snapshot(): ClusterSnapshot {
    return JSON.parse(this.snapshotText()) as ClusterSnapshot;
  }

  /** The snapshot as JSON, without parsing what is stored as JSON anyway. */
  snapshotText(): string {
    const objects = [...this.state.store.all()].map(
      ({ key, json }) => `{"key":${JSON.stringify(key)},"object":${json}}`,
    );
    const { resourceVersion } = this.state.store;
    const head = `"format":1,"version":${JSON.stringify(this.version)},"resourceVersion":${resourceVersion}`;
    return `{${head},"objects":[${objects.join(',')}]}`;
  }

  /** Takes the place of all that the cluster holds; open watches are told nothing and get 410 when they ask again. */
  restore(snapshot: ClusterSnapshot): void {
    this.state.store.restore(snapshot.resourceVersion, snapshot.objects);
    this.state.kinds.reset();
    this.controllers.resync();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.stopBookmarks?.();
    this.controllers.close();
    for (const watch of [...this.watches]) watch.close();
  }

  private planBookmarks(): void {
    if (this.stopBookmarks !== undefined || this.closed) return;
    this.stopBookmarks = this.time.after(this.bookmarkMs, () => {
      this.stopBookmarks = undefined;
      for (const watch of this.watches) watch.bookmark();
      if (this.watches.size > 0) this.planBookmarks();
    });
  }

  private seed(options: FakeClusterOptions): void {
    const creationTimestamp = timestamp(this.time.now());
    for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
      const uid = name === 'kube-system' ? (options.uid ?? randomUUID()) : randomUUID();
      const labels = { 'kubernetes.io/metadata.name': name };
      this.state.store.put(namespaceKind, {
        kind: 'Namespace',
        apiVersion: 'v1',
        metadata: { name, uid, creationTimestamp, labels },
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      });
    }
    const nodes = options.nodes ?? 1;
    const names = typeof nodes === 'number' ? Array.from({ length: nodes }, (_, at) => `node-${at}`) : nodes;
    for (const name of names) this.state.store.put(nodeKind, this.node(name, options, creationTimestamp));
    for (const object of options.objects ?? []) this.seedObject(object);
  }

  private seedObject(object: JsonMap): void {
    const metadata = mapOf(object['metadata']);
    this.state.store.put(this.kindOf(object), {
      ...object,
      metadata: { ...metadata, uid: metadata['uid'] ?? randomUUID(), creationTimestamp: timestamp(this.time.now()) },
    });
  }

  private kindOf(object: JsonMap): ReturnType<typeof builtInKind> {
    const [first = '', second] = textOf(object['apiVersion']).split('/');
    const plural = `${textOf(object['kind']).toLowerCase()}s`;
    return builtInKind(second === undefined ? '' : first, second ?? first, plural);
  }

  private node(name: string, options: FakeClusterOptions, now: string): JsonMap {
    const conditions = [
      {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        message: 'kubelet is posting ready status',
        lastHeartbeatTime: now,
        lastTransitionTime: now,
      },
    ];
    return {
      kind: 'Node',
      apiVersion: 'v1',
      metadata: {
        name,
        uid: randomUUID(),
        creationTimestamp: now,
        labels: {
          'kubernetes.io/hostname': name,
          'kubernetes.io/os': 'linux',
          'kubernetes.io/arch': 'amd64',
          ...options.nodeLabels,
        },
      },
      spec: options.provider === undefined ? {} : { providerID: `${options.provider}/${name}` },
      status: {
        capacity: { cpu: '8', memory: '32Gi', pods: '110' },
        allocatable: { cpu: '8', memory: '32Gi', pods: '110' },
        conditions,
        nodeInfo: {
          kubeletVersion: this.version,
          osImage: 'simulated',
          architecture: 'amd64',
          operatingSystem: 'linux',
        },
      },
    };
  }
}
