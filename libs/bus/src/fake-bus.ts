import type { HubBus } from '#ports';
import { type FakeAgentOptions, FakeAgentBus } from './fake-agent-bus.js';
import { FakeBroker, type FakeFaults } from './fake-broker.js';
import { FakeHubBus } from './fake-hub-bus.js';
import type { OpenAgentBus } from './agent-bus.js';

/** A broker in memory for tests: it keeps what the real one keeps, and fails on demand. */
export interface FakeBus {
  /** Set what shall go wrong. */
  readonly faults: FakeFaults;
  /** Another hub's end. */
  hub(): HubBus;
  /** An agent's end; `ready` resolves when it was let in. */
  agent(options: FakeAgentOptions): OpenAgentBus;
  /** Takes a cluster's network away until `bringBack`. */
  cutOff(cluster: string): void;
  bringBack(cluster: string): void;
  /** Takes the broker away from everybody until `start`; what is stored stays. */
  stop(): void;
  start(): void;
}

export function makeFakeBus(): FakeBus {
  const broker = new FakeBroker();
  return {
    faults: broker.faults,
    hub: () => new FakeHubBus(broker),
    agent: (options) => new FakeAgentBus(broker, options),
    cutOff: (cluster) => broker.cutOff(cluster),
    bringBack: (cluster) => broker.bringBack(cluster),
    stop: () => broker.stop(),
    start: () => broker.start(),
  };
}
