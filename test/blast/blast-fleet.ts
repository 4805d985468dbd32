import type { CreateTokenAnswer } from '#contract';
import type { Clock } from '#ports';
import type { ClusterPlan } from '../../apps/simulator/src/simulate.js';
import { SimulatedClusters } from '../helpers/simulated-clusters.js';
import type { TestApi } from '../helpers/test-api.js';
import { startTestHub, type TestHub, type TestHubOptions } from '../helpers/test-hub.js';
import { REGIONS } from './shop-files.js';
import { Shop } from './shop.js';

/** The wave that every scenario's release goes to first, and those that it must not reach. */
export const RINGS = ['first', 'second', 'third'] as const;
export type Ring = (typeof RINGS)[number];
const SIZES: Readonly<Record<Ring, number>> = { first: 3, second: 3, third: 4 };

/** Long, because the machine may be busy: what waits, waits for a condition. */
export const SCENARIO_MS = 120_000;

export interface BlastFleetOptions extends TestHubOptions {
  readonly agentClock?: Clock;
}

/** Ten simulated clusters in three rings, with real agents, on a real hub. Each scenario brings a shop of its own. */
export class BlastFleet {
  private readonly shops: Shop[] = [];
  private readonly people: TestApi[] = [];

  private constructor(
    readonly test: TestHub,
    readonly clusters: SimulatedClusters,
  ) {}

  static async start({ agentClock, ...options }: BlastFleetOptions = {}): Promise<BlastFleet> {
    const test = await startTestHub(options.env, undefined, options);
    try {
      const plans = RINGS.flatMap((ring) =>
        Array.from({ length: SIZES[ring] }, (_, index) => clusterPlan(`${ring}-${index + 1}`, ring, index)),
      );
      const clusters = await SimulatedClusters.start(test, plans, { ...(agentClock && { clock: agentClock }) });
      return new BlastFleet(test, clusters);
    } catch (error) {
      await test.stop();
      throw error;
    }
  }

  ring(...rings: readonly Ring[]): string[] {
    return this.clusters.names().filter((name) => rings.some((ring) => name.startsWith(`${ring}-`)));
  }

  /** A shop whose first release, `1.0.0`, runs everywhere. */
  async shop(name: string): Promise<Shop> {
    const shop = await Shop.open(this, name);
    this.shops.push(shop);
    return shop;
  }

  /** Somebody with a token of that role. */
  async person(name: string, role: string, email: string): Promise<TestApi> {
    const { token } = await this.test.api.post<CreateTokenAnswer>('/api/v1/tokens', { name, role, email });
    const api = this.test.api.as(token);
    this.people.push(api);
    return api;
  }

  /** Takes clusters' networks away, or gives them back. */
  async cutOff(names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => this.clusters.agent(name).cutOff(name)));
  }

  async bringBack(names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => this.clusters.agent(name).bringBack(name)));
  }

  /** Looks once more, now that later scenarios have let some time pass, whether what was held back still is. */
  async stop(): Promise<void> {
    try {
      for (const shop of this.shops) shop.nothingEscapedLater();
    } finally {
      for (const api of this.people) api.close();
      await this.clusters.stop();
      await this.test.stop();
      await Promise.all(this.shops.map((shop) => shop.close()));
    }
  }
}

export function clusterPlan(name: string, ring: string, index: number): ClusterPlan {
  return { name, labels: { ring, region: REGIONS[index % REGIONS.length] ?? 'eu' } };
}
