import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { openAgentBus } from '#bus';
import { localAccessSchema } from '#contract';
import type { JsonObject } from '#domain';
import { createLogger } from '#kit';
import { FakeKube } from '#kube/fake';
import type { Clock, KubeRequest, KubeResponse } from '#ports';
import type { OpenedBus } from '../../apps/agent/src/agent-options.js';
import { simulate, type ClusterPlan, type Simulation } from '../../apps/simulator/src/simulate.js';
import { SimulatedFleet, type SimulatedCluster } from '../../apps/simulator/src/simulated-fleet.js';
import { GroundTruth } from './ground-truth.js';

/** As much of a Deployment as tests look at. */
interface Deployment {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly generation: number };
  readonly spec: {
    readonly replicas?: number;
    readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
    readonly replicas?: number;
  };
}

/** What a cluster's Deployment `web` went through, by the test's own watch of the cluster: the ground truth. */
export interface Past {
  /** When each image was first there, by the test's monotonic clock. */
  readonly held: ReadonlyMap<string, number>;
  /** When it was first ready in all its replicas. */
  readonly ready: ReadonlyMap<string, number>;
}

const silent = createLogger({ level: 'silent' });

export interface SimulatedClustersOptions {
  /** Milliseconds until a workload's Pod is ready; 50 unless told. */
  readonly readyMs?: number;
  /** The agents' clock. */
  readonly clock?: Clock;
}

/** Simulated clusters with real agents, each of which can be stopped and started by itself. */
export class SimulatedClusters {
  readonly truth = new GroundTruth();
  private readonly buses = new Map<string, TappedBus>();
  private readonly simulations = new Map<string, Simulation>();
  private readonly pasts = new Map<string, { held: Map<string, number>; ready: Map<string, number> }>();

  private constructor(
    private readonly hub: { readonly folder: string },
    private readonly plans: Map<string, ClusterPlan>,
    private readonly fleet: SimulatedFleet,
    private readonly options: SimulatedClustersOptions,
  ) {}

  /** @param hub its `data/admin.json` in the folder tells where it is. */
  static async start(
    hub: { readonly folder: string },
    plans: readonly ClusterPlan[],
    options: SimulatedClustersOptions = {},
  ): Promise<SimulatedClusters> {
    const fleet = await SimulatedFleet.open({ readyMs: options.readyMs ?? 50, logger: silent });
    const clusters = new SimulatedClusters(hub, new Map(plans.map((plan) => [plan.name, plan])), fleet, options);
    for (const plan of plans) clusters.watch(fleet.ensure(plan.name, plan.make));
    await Promise.all(plans.map(({ name }) => clusters.startAgent(name)));
    return clusters;
  }

  /** One more cluster, which joins. */
  async add(plan: ClusterPlan): Promise<void> {
    this.plans.set(plan.name, plan);
    this.watch(this.fleet.ensure(plan.name, plan.make));
    await this.startAgent(plan.name);
  }

  names(pattern = /./): string[] {
    return [...this.plans.keys()].filter((name) => pattern.test(name)).sort();
  }

  /** Starts the cluster's agent, by the identity that its cluster holds where it joined before. */
  async startAgent(name: string): Promise<void> {
    const plan = this.plans.get(name);
    if (!plan) throw new Error(`no cluster ${name}`);
    // Where the hub is now: it may have been started again since.
    const text = await readFile(path.join(this.hub.folder, 'data/admin.json'), 'utf8');
    const hub = localAccessSchema.parse(JSON.parse(text));
    const simulation = await simulate({
      fleet: this.fleet,
      clusters: [plan],
      hub,
      logger: silent,
      // As it is in production, with none of the spreads by which a thousand agents spare a hub that comes back.
      timing: { reconnectSpreadMs: 0, retryMs: 50, retryMaxMs: 500 },
      ...(this.options.clock && { clock: this.options.clock }),
      openBus: ({ urls, ca, ...identity }) => {
        const options = { url: urls.join(','), caPem: ca, log: silent, reconnectDelayMs: () => 50, ...identity };
        const bus = new TappedBus(openAgentBus(options));
        this.buses.set(name, bus);
        return bus.opened;
      },
    });
    this.simulations.set(name, simulation);
  }

  /** What its agent said of an application, oldest first, as it was published. */
  said(name: string, application: string): readonly Uint8Array[] {
    return this.buses.get(name)?.said.get(application) ?? [];
  }

  /** Publishes once more, by the agent's own connection, what it said before: as a network does that delivers late, or twice. */
  async sayAgain(name: string, application: string, body: Uint8Array): Promise<void> {
    await this.buses.get(name)?.opened.publishStatus(application, body);
  }

  async stopAgent(name: string): Promise<void> {
    await this.simulations.get(name)?.stop();
    this.simulations.delete(name);
  }

  agent(name: string): Simulation {
    const simulation = this.simulations.get(name);
    if (!simulation) throw new Error(`no agent runs in ${name}`);
    return simulation;
  }

  uid(name: string): string {
    return this.agent(name).agents.get(name)?.cluster ?? '';
  }

  /** One request to the cluster's API. */
  async request(name: string, request: KubeRequest): Promise<KubeResponse> {
    const kube = new FakeKube(this.cluster(name).cluster);
    try {
      return await kube.request(request);
    } finally {
      kube.close();
    }
  }

  /** The objects that bear an application's label, as `Kind/name`, sorted, read through the cluster's API. */
  async owned(name: string, application: string, kinds: Readonly<Record<string, string>>): Promise<string[]> {
    const found: string[] = [];
    for (const [kind, collection] of Object.entries(kinds)) {
      const query = { labelSelector: `flotilla.dev/application=${application}` };
      const { status, body } = await this.request(name, { method: 'GET', path: collection, query });
      if (status !== 200) throw new Error(`${collection}: ${status}`);
      const items = body['items'] as unknown as readonly { metadata: { name: string } }[];
      found.push(...items.map(({ metadata }) => `${kind}/${metadata.name}`));
    }
    return found.sort();
  }

  /** The Deployment through the cluster's API; null where there is none. */
  async deployment(name: string, deployment = 'web'): Promise<Deployment | null> {
    const at = `/apis/apps/v1/namespaces/shop/deployments/${deployment}`;
    const { status, body } = await this.request(name, { method: 'GET', path: at });
    return status === 200 ? (body as unknown as Deployment) : null;
  }

  /** The tag of its Deployment `web` where that is ready with all its replicas, else null. */
  async readyTag(name: string): Promise<string | null> {
    const deployment = await this.deployment(name);
    return deployment && isReady(deployment) ? tagOf(deployment) : null;
  }

  past(name: string): Past {
    const past = this.pasts.get(name);
    if (!past) throw new Error(`no cluster ${name}`);
    return past;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.simulations.keys()].map((name) => this.stopAgent(name)));
    await this.fleet.close();
  }

  /** The cluster itself, for faults and controllers. */
  cluster(name: string): SimulatedCluster {
    const cluster = this.fleet.get(name);
    if (!cluster) throw new Error(`no cluster ${name}`);
    return cluster;
  }

  private watch({ name, cluster }: SimulatedCluster): void {
    const past = { held: new Map<string, number>(), ready: new Map<string, number>() };
    this.pasts.set(name, past);
    this.truth.watch(name, cluster);
    const note = (times: Map<string, number>, tag: string): void => {
      if (!times.has(tag)) times.set(tag, performance.now());
    };
    cluster.onWrite(() => {
      for (const object of cluster.objects('deployments.apps')) {
        const deployment = object as unknown as Deployment;
        if (deployment.metadata.name !== 'web') continue;
        note(past.held, tagOf(deployment));
        if (isReady(deployment)) note(past.ready, tagOf(deployment));
      }
    });
  }
}

/** An agent's bus that keeps what went out. */
class TappedBus {
  readonly said = new Map<string, Uint8Array[]>();
  readonly opened: OpenedBus;

  constructor(bus: OpenedBus) {
    const publishStatus = (application: string, body: Uint8Array): Promise<void> => {
      this.said.set(application, [...(this.said.get(application) ?? []), body].slice(-200));
      return bus.publishStatus(application, body);
    };
    this.opened = new Proxy(bus, {
      get: (target, key) => {
        if (key === 'publishStatus') return publishStatus;
        const value: unknown = Reflect.get(target, key);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  }
}

function tagOf({ spec }: Deployment): string {
  return spec.template.spec.containers[0]?.image.split(':').at(-1) ?? '';
}

function isReady({ metadata, spec, status }: Deployment): boolean {
  const wanted = spec.replicas ?? 1;
  return (
    status?.observedGeneration === metadata.generation &&
    status.updatedReplicas === wanted &&
    status.readyReplicas === wanted &&
    status.replicas === wanted
  );
}

/** A JSON merge patch as a person's `kubectl edit` makes it. */
export const handEdit = (at: string, body: JsonObject, fieldManager = 'kubectl-edit'): KubeRequest => ({
  method: 'PATCH',
  path: at,
  query: { fieldManager },
  contentType: 'application/merge-patch+json',
  body,
});
