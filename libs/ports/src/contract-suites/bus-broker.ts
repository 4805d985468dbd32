import type { ClusterUid } from '#domain';
import type { AgentBus, HubBus } from '../bus.js';

/** A broker and what connects to it, as the bus' contract suites need it; the real one and the fake each have theirs. */
export interface BusBroker {
  /** A hub's end; each call is another hub. */
  openHub(): Promise<HubBus>;
  /** An agent's end with the given credential, minted for `agentKey`. */
  openAgent(cluster: ClusterUid, agentKey: string, credential: () => string): Promise<BrokerAgent>;
  /** A new key pair's public key; `openAgent` knows the other half. */
  makeAgentKey(): string;
  /** Stops the broker; what is stored stays. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Ends everything that was opened. */
  close(): Promise<void>;
}

export interface BrokerAgent {
  readonly bus: AgentBus;
  /** How often the broker has refused the credential. */
  readonly refusals: () => number;
}

/** An agent with a credential of its own, minted by that hub. */
export async function joinAgent(
  broker: BusBroker,
  hub: HubBus,
  cluster: ClusterUid,
): Promise<BrokerAgent & { readonly key: string }> {
  const key = broker.makeAgentKey();
  const credential = await hub.mintCredential(cluster, key);
  return { key, ...(await broker.openAgent(cluster, key, () => credential)) };
}

/** Waits until `isTrue`, at most `limitMs`, and then fails with `what`. */
export async function eventually(isTrue: () => boolean, what: string, limitMs = 10_000): Promise<void> {
  const started = performance.now();
  while (!isTrue()) {
    if (performance.now() - started > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await pause(5);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (body: Uint8Array | null | undefined): string | null =>
  body === null || body === undefined ? null : new TextDecoder().decode(body);
