import { setMaxListeners } from 'node:events';

import type { ClusterView } from '#contract';
import { FakeKube } from '#kube/fake';
import { type Logger, RejectedError, RetryableError } from '#kit';
import pLimit from 'p-limit';

import type { Agent, AgentOptions, AgentTiming, OpenBus } from '../../agent/src/agent-options.js';
import { natsOpener, startAgent } from '../../agent/src/start-agent.js';
import type { AgentSwitch } from './control-endpoint.js';
import { HubApi } from './hub-api.js';
import type { NewClusterOptions, SimulatedCluster, SimulatedFleet } from './simulated-fleet.js';
import { SwitchableBus } from './switchable-bus.js';

/** A cluster to simulate. */
export interface ClusterPlan {
  readonly name: string;
  /** As registered at the hub; a cluster that it knows keeps the labels that it has. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Kubernetes version, nodes, region and provider, by which the agent tells its facts. */
  readonly make?: NewClusterOptions;
}

export interface SimulateOptions {
  readonly fleet: SimulatedFleet;
  readonly clusters: readonly ClusterPlan[];
  readonly hub: { readonly url: string; readonly ca?: string; readonly token: string };
  /** `instant` agents verify and fetch, then report healthy without applying; `apply` unless told. */
  readonly mode?: 'apply' | 'instant';
  /** The agents' version, as told to the hub. */
  readonly version?: string;
  readonly timing?: Partial<AgentTiming>;
  /** How many join at once; 16 unless told. */
  readonly joinsAtOnce?: number;
  /** Of the agents' own lines only warnings matter to most. */
  readonly logger: Logger;
  readonly onJoined?: (joined: number, of: number) => void;
  /** NATS unless told. */
  readonly openBus?: OpenBus;
  /** The agents' clock; the system's unless told. */
  readonly clock?: AgentOptions['clock'];
}

export interface Simulation extends AgentSwitch {
  /** By the clusters' names. */
  readonly agents: ReadonlyMap<string, Agent>;
  /** Stops the agents; the fleet stays the caller's to close. */
  stop(): Promise<void>;
}

export const agentNamespace = 'flotilla-system';

interface Running {
  readonly agent: Agent;
  readonly kube: FakeKube;
}

/**
 * Makes the clusters that are missing, registers those that the hub doesn't know, and starts an agent for each: all in this process, each with
 * its own identity and its own connection to the bus.
 * @throws RejectedError when the hub refuses; RetryableError when it can't be reached. Agents that were started are stopped then.
 */
export async function simulate(options: SimulateOptions): Promise<Simulation> {
  const { fleet, clusters, hub, logger } = options;
  const running = new Map<string, Running>();
  const buses = new Map<string, SwitchableBus>();
  const cut = new Set<string>();
  const stopping = new AbortController();
  // Every agent listens to it, and a thousand are no leak.
  setMaxListeners(0, stopping.signal);

  const start = async (plan: ClusterPlan, simulated: SimulatedCluster, token: string | undefined): Promise<Running> => {
    const kube = new FakeKube(simulated.cluster);
    const log = logger.child({ cluster: plan.name });
    const open = options.openBus ?? natsOpener(log);
    const agent = await startAgent({
      kube,
      hub: { url: hub.url, ...(hub.ca === undefined ? {} : { ca: hub.ca }), ...(token === undefined ? {} : { token }) },
      version: options.version ?? '0.1.0',
      logger: log,
      namespace: agentNamespace,
      mode: options.mode ?? 'apply',
      ...(options.timing === undefined ? {} : { timing: options.timing }),
      ...(options.clock === undefined ? {} : { clock: options.clock }),
      signal: stopping.signal,
      openBus: (identity) => {
        const bus = new SwitchableBus(() => open(identity), cut.has(plan.name));
        buses.set(plan.name, bus);
        return bus;
      },
    });
    return { agent, kube };
  };

  const stop = async (): Promise<void> => {
    stopping.abort();
    await Promise.all(
      [...running.values()].map(async ({ agent, kube }) => {
        await agent.stop();
        kube.close();
      }),
    );
    running.clear();
  };

  const api = new HubApi(hub);
  try {
    const known = await api.clusters();
    const limit = pLimit(options.joinsAtOnce ?? 16);
    const started = clusters.map((plan) =>
      limit(async () => {
        if (stopping.signal.aborted) return;
        const simulated = fleet.ensure(plan.name, plan.make);
        ensureNamespace(simulated);
        running.set(plan.name, await join(api, plan, known.get(plan.name), (token) => start(plan, simulated, token)));
        options.onJoined?.(running.size, clusters.length);
      }).catch((error: unknown) => {
        // One that fails ends all: the rest needn't be waited for.
        stopping.abort();
        throw error;
      }),
    );
    const failed = (await Promise.allSettled(started)).find((each) => each.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  } catch (error) {
    await stop();
    throw error;
  } finally {
    api.close();
  }

  return {
    agents: new Map([...running].map(([name, { agent }]) => [name, agent])),
    cutOff: async (name) => {
      cut.add(name);
      await buses.get(name)?.cutOff();
    },
    bringBack: async (name) => {
      cut.delete(name);
      buses.get(name)?.bringBack();
    },
    state: (name) => {
      const agent = running.get(name)?.agent;
      return agent === undefined ? undefined : { ...agent.state(), isCutOff: cut.has(name) };
    },
    stop,
  };
}

/** Starts the agent by the identity that its cluster holds, or by a new join token. */
async function join(
  api: HubApi,
  plan: ClusterPlan,
  state: ClusterView['state'] | undefined,
  start: (token: string | undefined) => Promise<Running>,
): Promise<Running> {
  if (state === undefined) return start(await api.register(plan.name, plan.labels ?? {}));
  if (state !== 'joined' && state !== 'leaving') return start(await api.invite(plan.name));
  try {
    return await start(undefined);
  } catch (error) {
    if (!(error instanceof RejectedError) || error.code !== 'join-token-missing') throw error;
    // Its folder was lost, and the hub remembers it.
    return start(await api.invite(plan.name));
  }
}

function ensureNamespace({ cluster }: SimulatedCluster): void {
  const { status } = cluster.handle({
    method: 'POST',
    path: '/api/v1/namespaces',
    query: { fieldManager: 'flotilla-install' },
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: agentNamespace } },
  });
  if (status !== 201 && status !== 409)
    throw new RetryableError('simulator-namespace', `Namespace ${agentNamespace}: status ${status}`);
}
