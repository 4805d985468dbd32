import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createLogger, findProgram, natsServer } from '#kit';
import type { HubBus } from '#ports';
import type { BrokerAgent, BusBroker } from '#ports/contract-suites/bus-broker';
import { connectAgentBus, type OpenAgentBus } from './agent-bus.js';
import { makeAgentKey } from './agent-key.js';
import { type Certificates, ensureCertificates } from './certificates.js';
import { connectHubBus } from './connect-hub-bus.js';
import { type EmbeddedNats, startEmbeddedNats } from './embedded-nats.js';
import { type BusKeys, makeBusKeys } from './nats-keys.js';

export const silent = createLogger({ level: 'silent' });

/** A nats-server in a folder of its own. */
export class RealBroker implements BusBroker {
  readonly #opened: { close(): Promise<void> }[] = [];
  readonly #seeds = new Map<string, string>();
  nats!: EmbeddedNats;

  private constructor(
    readonly folder: string,
    readonly keys: BusKeys,
    readonly certificates: Certificates,
  ) {}

  static async open(): Promise<RealBroker> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-broker-'));
    const certificates = await ensureCertificates(path.join(folder, 'tls'), { names: [], ips: [] });
    const broker = new RealBroker(folder, makeBusKeys(), certificates);
    await broker.start();
    return broker;
  }

  async openHub(): Promise<HubBus> {
    const { keys, certificates } = this;
    const hub = await connectHubBus({ url: this.nats.url, keys, caPem: certificates.caPem, log: silent });
    this.#opened.push(hub);
    return hub;
  }

  makeAgentKey(): string {
    const { publicKey, seed } = makeAgentKey();
    this.#seeds.set(publicKey, seed);
    return publicKey;
  }

  seedOf(publicKey: string): string {
    return this.#seeds.get(publicKey) ?? '';
  }

  async openAgent(
    cluster: string,
    key: string,
    credential: () => string,
  ): Promise<BrokerAgent & { bus: OpenAgentBus }> {
    let refusals = 0;
    const bus = await connectAgentBus({
      url: this.nats.url,
      cluster,
      credential,
      seed: this.seedOf(key),
      caPem: this.certificates.caPem,
      log: silent,
      onAuthExpired: () => void (refusals += 1),
      reconnectDelayMs: () => 50 + Math.random() * 50,
    });
    this.#opened.push(bus);
    return { bus, refusals: () => refusals };
  }

  async start(): Promise<void> {
    this.nats = await startEmbeddedNats({
      folder: path.join(this.folder, 'nats'),
      program: (await findProgram(natsServer, { log: silent })).path,
      keys: this.keys,
      certificates: this.certificates,
      pidFolder: path.join(this.folder, 'pids'),
      log: silent,
    });
  }

  async stop(): Promise<void> {
    await this.nats.stop();
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.splice(0).map((each) => each.close()));
    await this.nats.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
