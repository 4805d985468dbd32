import type { IncomingMessage, ServerResponse } from 'node:http';

import type { FakeCluster } from '#kube/fake';
import { z } from 'zod';

import { readBody, sendJson } from './kube-endpoint.js';
import { type SimulatedFleet } from './simulated-fleet.js';

/** What the control endpoints can do to a cluster's agent. */
export interface AgentSwitch {
  /** Cuts the cluster's agent off from its hub until it is brought back; its workloads go on. */
  cutOff(name: string): Promise<void>;
  bringBack(name: string): Promise<void>;
  /** What its agent says of itself; undefined where none runs here. */
  state(name: string): object | undefined;
}

const faultSchema = z.strictObject({
  methods: z.array(z.string()).optional(),
  path: z.string().max(500).optional(),
  times: z.number().int().min(1).optional(),
  status: z.number().int().min(400).max(599).optional(),
  message: z.string().max(500).optional(),
  reason: z.string().max(100).optional(),
  retryAfterSeconds: z.number().min(0).max(3600).optional(),
  latencyMs: z.number().min(0).max(600_000).optional(),
  unreachable: z.boolean().optional(),
  stallWatches: z.boolean().optional(),
  loseAnswer: z.boolean().optional(),
});

const namedSchema = z.object({ name: z.string() });

const noAgents: AgentSwitch = {
  cutOff: async () => undefined,
  bringBack: async () => undefined,
  state: () => undefined,
};

/**
 * `GET /control/clusters`, and for each cluster `GET …/<name>/state`, `/access` (path and token of its Kubernetes API) and
 * `/objects?key=deployments.apps`; `POST …/<name>/offline`, `/online`, `/fault` (a KubeFault), `/heal` (ends all faults), `/compact` (forgets
 * the past: 410), `/reset` (deletes every namespace but the system's own and the agent's) and `/remove`.
 */
export class ControlEndpoint {
  constructor(
    private readonly fleet: SimulatedFleet,
    private readonly agents: AgentSwitch = noAgents,
  ) {}

  async serve(
    path: readonly string[],
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const [root, name, act] = path;
    const method = request.method ?? 'GET';
    if (root !== 'clusters') return sendProblem(response, 404, 'There is no such control.');
    if (name === undefined) {
      if (method !== 'GET') return sendProblem(response, 405, 'Only GET is understood here.');
      return send(response, { items: this.fleet.names().map((each) => this.stateOf(each)) });
    }
    if (this.fleet.get(name) === undefined)
      return sendProblem(response, 404, `There is no cluster ${JSON.stringify(name)}.`);
    if (method === 'GET') return this.read(name, act ?? 'state', query, response);
    if (method !== 'POST') return sendProblem(response, 405, 'Only GET and POST are understood here.');
    return this.change(name, act ?? '', request, response);
  }

  private read(name: string, what: string, query: URLSearchParams, response: ServerResponse): void {
    if (what === 'state') return send(response, this.stateOf(name));
    if (what === 'access') return send(response, { path: `/clusters/${name}`, token: this.fleet.get(name)?.token });
    if (what !== 'objects') return sendProblem(response, 404, 'There is state, access and objects.');
    return send(response, { items: this.fleet.get(name)?.cluster.objects(query.get('key') ?? undefined) ?? [] });
  }

  private async change(name: string, act: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const cluster = this.fleet.get(name)?.cluster;
    switch (act) {
      case 'offline':
        await this.agents.cutOff(name);
        break;
      case 'online':
        await this.agents.bringBack(name);
        break;
      case 'heal':
        cluster?.faults.clear();
        break;
      case 'compact':
        cluster?.compact();
        break;
      case 'reset':
        if (cluster !== undefined) emptyCluster(cluster);
        break;
      case 'remove':
        await this.fleet.remove(name);
        return send(response, { name, removed: true });
      case 'fault': {
        const fault = faultSchema.safeParse(parseJson(await readBody(request, 10_000)));
        if (!fault.success) {
          const [issue] = fault.error.issues;
          return sendProblem(response, 400, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'bad'}`);
        }
        cluster?.setFault(withoutUndefined(fault.data));
        break;
      }
      default:
        return sendProblem(response, 404, 'There is offline, online, fault, heal, compact, reset and remove.');
    }
    return send(response, this.stateOf(name));
  }

  private stateOf(name: string): object {
    const cluster = this.fleet.get(name)?.cluster;
    const objects = cluster?.objects() ?? [];
    const agent = this.agents.state(name);
    return { name, objects: objects.length, resourceVersion: cluster?.resourceVersion ?? 0, ...(agent && { agent }) };
  }
}

/** As somebody does who deletes what runs there by hand. */
function emptyCluster(cluster: FakeCluster): void {
  cluster.faults.clear();
  for (const { metadata } of cluster.objects('namespaces')) {
    const { name } = namedSchema.parse(metadata);
    if (name === 'default' || name === 'flotilla-system' || name.startsWith('kube-')) continue;
    cluster.handle({ method: 'DELETE', path: `/api/v1/namespaces/${name}`, query: {} });
  }
  cluster.settle();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Optional members that were given as undefined are no members at all. */
function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as never;
}

function send(response: ServerResponse, body: object): void {
  sendJson(response, 200, JSON.stringify(body));
}

function sendProblem(response: ServerResponse, status: number, detail: string): void {
  sendJson(
    response,
    status,
    JSON.stringify({ type: 'about:blank', title: 'Simulator', status, code: 'simulator', detail }),
  );
}
