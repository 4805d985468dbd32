import { openAgentBus } from '#bus';
import type { LocalAccess } from '#contract';
import { createLogger } from '#kit';
import type { Agent, AgentTiming, BusIdentity, OpenedBus } from '../../apps/agent/src/agent-options.js';
import { type ClusterPlan, simulate, type Simulation } from '../../apps/simulator/src/simulate.js';
import { SimulatedFleet } from '../../apps/simulator/src/simulated-fleet.js';
import { defaultReconnectDelayMs } from '../../libs/bus/src/agent-connection.js';

/** What one agent has done on the bus since it was last counted. Times are of `performance.now()`. */
export interface Tally {
  /** Waits before an attempt to log in, milliseconds, as the agent chose them. */
  waits: number[];
  /** When it was connected again. */
  reconnects: number[];
  /** Reads of its manifest that were answered. */
  manifests: number[];
  /** Bundles that it got, and when it began to fetch them; the spread after a reconnect lies before. */
  bundles: { readonly at: number; readonly digest: string }[];
  /** Reports that the broker has stored. */
  reports: number[];
  heartbeats: number;
}

export interface HerdOptions {
  readonly hub: Pick<LocalAccess, 'url' | 'ca' | 'token'>;
  readonly clusters: readonly ClusterPlan[];
  readonly timing?: Partial<AgentTiming>;
  readonly joinsAtOnce?: number;
  readonly onJoined?: (joined: number, of: number) => void;
}

const silent = createLogger({ level: 'silent' });

/**
 * Many whole agents in this process, all but their applying: each has its own identity, its own TLS connection and the waits of
 * production, and what it does on the bus is counted.
 */
export class Herd {
  private readonly tallies = new Map<string, Tally>();

  private constructor(
    private readonly fleet: SimulatedFleet,
    private readonly simulation: Simulation,
    private readonly buses: readonly CountingBus[],
  ) {
    for (const bus of buses) this.tallies.set(bus.cluster, bus.tally);
  }

  static async start(options: HerdOptions): Promise<Herd> {
    const { hub, clusters, timing, joinsAtOnce, onJoined } = options;
    const fleet = await SimulatedFleet.open({ logger: silent });
    const buses: CountingBus[] = [];
    const simulation = await simulate({
      fleet,
      clusters,
      hub,
      mode: 'instant',
      logger: silent,
      ...(timing && { timing }),
      ...(joinsAtOnce !== undefined && { joinsAtOnce }),
      ...(onJoined && { onJoined }),
      openBus: (identity) => {
        const bus = new CountingBus(identity);
        buses.push(bus);
        return bus;
      },
    });
    return new Herd(fleet, simulation, buses);
  }

  get agents(): ReadonlyMap<string, Agent> {
    return this.simulation.agents;
  }

  get connected(): number {
    return this.buses.filter((bus) => bus.connected()).length;
  }

  /** From here on; what was counted before is forgotten. */
  count(): void {
    for (const bus of this.buses) Object.assign(bus.tally, newTally());
  }

  tally(): readonly Tally[] {
    return [...this.tallies.values()];
  }

  async stop(): Promise<void> {
    await this.simulation.stop();
    await this.fleet.close();
  }
}

const newTally = (): Tally => ({ waits: [], reconnects: [], manifests: [], bundles: [], reports: [], heartbeats: 0 });

class CountingBus implements OpenedBus {
  readonly tally = newTally();
  readonly cluster: string;
  readonly ready: Promise<void>;
  private readonly inner: OpenedBus;

  constructor({ cluster, urls, ca, seed, credential, onAuthExpired }: BusIdentity) {
    this.cluster = cluster;
    this.inner = openAgentBus({
      url: urls.join(','),
      cluster,
      credential,
      seed,
      caPem: ca,
      log: silent,
      onAuthExpired,
      reconnectDelayMs: (failures) => {
        const ms = defaultReconnectDelayMs(failures);
        this.tally.waits.push(ms);
        return ms;
      },
    });
    this.ready = this.inner.ready;
    this.inner.onReconnect(() => void this.tally.reconnects.push(performance.now()));
  }

  async fetchManifest(): Promise<Uint8Array | null> {
    const manifest = await this.inner.fetchManifest();
    this.tally.manifests.push(performance.now());
    return manifest;
  }

  onNudge(handle: () => void): void {
    this.inner.onNudge(handle);
  }

  onAsk(handle: (envelope: Uint8Array) => void): void {
    this.inner.onAsk(handle);
  }

  publishAnswer(id: string, body: Uint8Array): Promise<void> {
    return this.inner.publishAnswer(id, body);
  }

  async fetchBundle(digest: string, chunks: number): Promise<Uint8Array> {
    const at = performance.now();
    const bundle = await this.inner.fetchBundle(digest, chunks);
    this.tally.bundles.push({ at, digest });
    return bundle;
  }

  async publishStatus(application: string, body: Uint8Array): Promise<void> {
    await this.inner.publishStatus(application, body);
    this.tally.reports.push(performance.now());
  }

  publishHeartbeat(body: Uint8Array): void {
    this.tally.heartbeats += 1;
    this.inner.publishHeartbeat(body);
  }

  renewCredential(): Promise<string> {
    return this.inner.renewCredential();
  }

  onReconnect(handle: () => void): void {
    this.inner.onReconnect(handle);
  }

  connected(): boolean {
    return this.inner.connected();
  }

  retryNow(): void {
    this.inner.retryNow();
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
