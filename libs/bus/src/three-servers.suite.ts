import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Child, findProgram, freePort, natsServer, startChild } from '#kit';
import type { HubBus } from '#ports';
import { pause } from '#ports/contract-suites/bus-broker';
import { makeAgentKey } from './agent-key.js';
import { openAgentBus, type OpenAgentBus } from './agent-bus.js';
import { type Certificates, ensureCertificates } from './certificates.js';
import { connectHubBus } from './connect-hub-bus.js';
import { natsServerConfiguration } from './nats-configuration.js';
import { type BusKeys, makeBusKeys } from './nats-keys.js';
import { silent } from './real-broker.suite.js';

const HOST = '127.0.0.1';

/** Three servers of the printed configuration, as an operator would run them. */
export class ThreeServers {
  readonly #running: (Child | null)[] = [null, null, null];
  readonly #opened: { close(): Promise<void> }[] = [];

  private constructor(
    readonly folder: string,
    readonly keys: BusKeys,
    readonly certificates: Certificates,
    private readonly ports: readonly number[],
  ) {}

  static async open(): Promise<ThreeServers> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-cluster-'));
    const certificates = await ensureCertificates(path.join(folder, 'tls'), { names: [], ips: [] });
    const ports = await Promise.all(Array.from({ length: 6 }, () => freePort()));
    const servers = new ThreeServers(folder, makeBusKeys(), certificates, ports);
    for (const n of [0, 1, 2]) await servers.start(n);
    return servers;
  }

  get url(): string {
    return [0, 1, 2].map((n) => this.urlOf(n)).join(',');
  }

  urlOf(n: number): string {
    return `tls://${HOST}:${this.ports[n]!}`;
  }

  async start(n: number): Promise<void> {
    const own = path.join(this.folder, `server-${n}`);
    const configuration = natsServerConfiguration({
      keys: this.keys,
      folder: own,
      host: HOST,
      port: this.ports[n]!,
      serverName: `bus-${n}`,
      tls: this.certificates,
      cluster: {
        name: 'flotilla',
        host: HOST,
        port: this.ports[n + 3]!,
        routes: this.ports.slice(3).map((port) => `${HOST}:${port}`),
      },
      iat: Math.floor(Date.now() / 1000),
    });
    // So rarely do they compare their accounts by themselves that no test leans on it.
    await writeFile(`${own}.conf`, configuration.replace('interval: "10s"', 'interval: "10m"'));
    this.#running[n] = await startChild({
      name: `nats-${n}`,
      command: (await findProgram(natsServer, { log: silent })).path,
      args: ['--config', `${own}.conf`],
      pidFolder: path.join(this.folder, 'pids'),
      log: silent,
      killAfterMs: 2_000,
    });
  }

  /** At once, as when its machine is lost. */
  async kill(n: number): Promise<void> {
    this.#running[n]!.signal('SIGKILL');
    await this.#running[n]!.exited;
  }

  /** A hub's end, as soon as the servers have had their first election. */
  async openHub(): Promise<HubBus> {
    const hub = await untilAccepted(() =>
      connectHubBus({ url: this.url, keys: this.keys, caPem: this.certificates.caPem, log: silent }),
    );
    this.#opened.push(hub);
    return hub;
  }

  /** An agent that is let in; one server's where `url` says so. */
  async openAgent(
    hub: HubBus,
    cluster: string,
    url = this.url,
  ): Promise<{ bus: OpenAgentBus; key: string; refusals: () => number }> {
    let refusals = 0;
    const { publicKey, seed } = makeAgentKey();
    const credential = await hub.mintCredential(cluster, publicKey);
    const bus = openAgentBus({
      url,
      cluster,
      seed,
      credential: () => credential,
      caPem: this.certificates.caPem,
      log: silent,
      onAuthExpired: () => void (refusals += 1),
      reconnectDelayMs: () => 100,
    });
    this.#opened.push(bus);
    await bus.ready;
    return { bus, key: publicKey, refusals: () => refusals };
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.map((each) => each.close()));
    await Promise.all(this.#running.map(async (server) => await server?.stop()));
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** For what may fail while the servers elect their leaders. */
export async function untilAccepted<Result>(act: () => Promise<Result>): Promise<Result> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await act();
    } catch (error) {
      if (attempt === 60) throw error;
      await pause(250);
    }
  }
}
