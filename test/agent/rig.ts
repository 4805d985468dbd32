import { type FakeBus, makeFakeBus } from '#bus';
import type { JsonObject, ManifestApplication } from '#domain';
import { createLogger, type Logger } from '#kit';
import type { Kube } from '#ports';
import type { Agent, AgentOptions } from '../../apps/agent/src/agent-options.js';
import { startAgent } from '../../apps/agent/src/start-agent.js';
import { RecordingKube } from './recording-kube.js';
import { TinyHub } from './tiny-hub.js';

/** One cluster as the agent's suite needs it; the simulated one and the real one each have theirs. */
export interface SuiteCluster {
  /** A connection of its own. */
  readonly kube: Kube;
  /** A fresh namespace for workloads. */
  readonly namespace: string;
  /** A fresh namespace for the agent itself. */
  readonly agentNamespace: string;
  /** An application's name that nobody else in this cluster uses. */
  readonly application: string;
  close(): Promise<void>;
}

/** An agent with a hub and a bus around it, on one cluster. */
export class Rig {
  agent: Agent | null = null;
  readonly kube: RecordingKube;
  readonly log: string[] = [];
  private readonly logger: Logger;

  private constructor(
    readonly cluster: SuiteCluster,
    readonly bus: FakeBus,
    readonly hub: TinyHub,
  ) {
    this.kube = new RecordingKube(cluster.kube);
    this.logger = createLogger({
      level: 'trace',
      format: 'json',
      output: { write: (line: string) => this.log.push(line) },
    });
  }

  static async open(cluster: SuiteCluster): Promise<Rig> {
    const bus = makeFakeBus();
    return new Rig(cluster, bus, await TinyHub.start(bus.hub()));
  }

  async start(options: Partial<AgentOptions> = {}): Promise<Agent> {
    const { timing, ...rest } = options;
    this.agent = await startAgent({
      kube: this.kube,
      hub: { url: this.hub.url, token: this.hub.token },
      version: '0.0.0-test',
      logger: this.logger,
      namespace: this.cluster.agentNamespace,
      openBus: ({ cluster, credential, onAuthExpired }) =>
        this.bus.agent({ cluster, key: this.hub.joins[0]?.publicKey ?? '', credential, onAuthExpired }),
      timing: { retryMs: 100, retryMaxMs: 1_000, podsAfterMs: 100, reconnectSpreadMs: 50, ...timing },
      ...rest,
    });
    return this.agent;
  }

  async stop(): Promise<void> {
    await this.agent?.stop();
    this.agent = null;
  }

  async assign(
    objects: readonly JsonObject[] | null,
    terms: Partial<ManifestApplication> = {},
  ): Promise<ManifestApplication> {
    return await this.hub.assign(this.application, objects, { namespace: this.cluster.namespace, ...terms });
  }

  /** Waits until the application is healthy at this generation. */
  async healthy({ generation }: ManifestApplication, limitMs?: number): Promise<void> {
    await this.hub.until(
      this.application,
      (report) => report.generation === generation && report.phase === 'healthy',
      limitMs,
    );
  }

  get application(): string {
    return this.cluster.application;
  }

  /** The live object; null where there is none. */
  async get(path: string): Promise<JsonObject | null> {
    const { status, body } = await this.cluster.kube.request({ method: 'GET', path });
    if (status === 404) return null;
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  /** A change as somebody at a shell would make it. */
  async edit(path: string, body: JsonObject, manager = 'kubectl-edit'): Promise<void> {
    const query = { fieldManager: manager };
    const contentType = 'application/merge-patch+json';
    const answer = await this.cluster.kube.request({ method: 'PATCH', path, query, contentType, body });
    if (answer.status !== 200) throw new Error(`PATCH ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  async create(path: string, body: JsonObject, manager = 'kubectl-create'): Promise<void> {
    const query = { fieldManager: manager };
    const answer = await this.cluster.kube.request({ method: 'POST', path, query, body });
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  async remove(path: string): Promise<void> {
    await this.cluster.kube.request({ method: 'DELETE', path });
  }

  /** As the garbage collector does it. */
  async removeWithDependents(path: string): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' };
    await this.cluster.kube.request({ method: 'DELETE', path, body });
  }

  /** Waits until a live object is so. */
  async live(path: string, isSo: (object: JsonObject | null) => boolean, limitMs = 10_000): Promise<JsonObject | null> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const object = await this.get(path);
      if (isSo(object)) return object;
      if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${JSON.stringify(object)}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async close(): Promise<void> {
    await this.stop();
    await this.hub.close();
    await this.cluster.close();
  }
}

/** Runs work with an agent on a fresh cluster, and shows what the agent and the hub said last where it fails. */
export function rigOn(openCluster: () => Promise<SuiteCluster>): (work: (rig: Rig) => Promise<void>) => Promise<void> {
  return async (work) => {
    const rig = await Rig.open(await openCluster());
    try {
      await work(rig);
    } catch (error) {
      process.stderr.write(`${rig.log.slice(-20).join('')}\n${JSON.stringify(rig.hub.reports.slice(-4), null, 1)}\n`);
      throw error;
    } finally {
      await rig.close();
    }
  };
}
