import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type BusKeys, connectHubBus, makeBusKeys, openBusKeys } from '#bus';
import {
  type Child,
  createLogger,
  findProgram,
  freePort,
  natsServer,
  parseConfig,
  requireFreePort,
  startChild,
} from '#kit';
import { busKeysOf } from '../../apps/hub/src/installation/bus-keys.js';
import { hubConfigSchema } from '../../apps/hub/src/hub.config.js';
import {
  externalNatsConfiguration,
  readNatsConfigurationArguments,
} from '../../apps/hub/src/installation/external-nats.js';
import { hubUserJwt } from '../../libs/bus/src/accounts.js';
import { login } from '../../libs/bus/src/hub-login.js';
import { streams } from '../../libs/bus/src/subjects.js';

const log = createLogger({ level: 'silent' });
const NAMES = ['flotilla-1', 'flotilla-2', 'flotilla-3'] as const;

/** Three nats-servers of exactly the text that the hub prints for them, as an operator would run them. */
export class ThreeBrokers {
  private readonly running = new Map<string, Child>();
  private folder = '';
  private caFile = '';
  private url = '';
  private keys: BusKeys | undefined;

  /** Starts them for the hub that will live in `folder/data`; answers that hub's settings. */
  async start(folder: string, settings: Record<string, string> = {}): Promise<Record<string, string>> {
    this.folder = await mkdtemp(path.join(tmpdir(), 'flotilla-brokers-'));
    this.caFile = path.join(folder, 'data/tls/ca.pem');
    const config = parseConfig(hubConfigSchema, { FLOTILLA_DATA: path.join(folder, 'data'), ...settings });
    const ports = [await freePairOfPorts(), await freePairOfPorts(), await freePairOfPorts()];
    const servers = ports.map((port) => `localhost:${port}`).join(',');
    for (const name of NAMES) {
      const args = [
        '--servers',
        servers,
        '--server',
        name,
        '--listen',
        '127.0.0.1',
        '--folder',
        path.join(this.folder, 'nats'),
      ];
      await writeFile(this.fileOf(name), await externalNatsConfiguration(config, readNatsConfigurationArguments(args)));
    }
    for (const name of NAMES) await this.begin(name);
    this.url = ports.map((port) => `tls://localhost:${port}`).join(',');
    this.keys = await openBusKeys(busKeysOf(config, path.join(folder, 'data/keys')));
    await this.elected();
    return { ...settings, NATS_URL: this.url };
  }

  async begin(name: string): Promise<void> {
    const child = await startChild({
      name,
      command: (await findProgram(natsServer, { log })).path,
      args: ['--config', this.fileOf(name)],
      pidFolder: path.join(this.folder, 'nats-pids'),
      log,
      killAfterMs: 2_000,
    });
    this.running.set(name, child);
  }

  /** At once, as when its machine is lost. */
  async kill(name: string): Promise<void> {
    this.running.get(name)?.signal('SIGKILL');
    await this.running.get(name)?.exited;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.running.values()].map((child) => child.stop()));
    if (this.folder !== '') await rm(this.folder, { recursive: true, force: true });
  }

  /** Until every stream's copies are current again: only then can the next server be lost. */
  async whole(): Promise<void> {
    const { url, keys = makeBusKeys() } = this;
    const credential = (publicKey: string, now: number): string => hubUserJwt(keys, publicKey, now);
    await retried(async () => {
      const connection = await login({ url, caPem: await this.ca(), name: 'test', credential });
      try {
        for (const name of Object.values(streams)) {
          const info = (await connection.request(`$JS.API.STREAM.INFO.${name}`)).json<StreamInfo>();
          const copies = info.cluster?.replicas ?? [];
          const isWhole = info.cluster?.leader !== undefined && copies.length === 2;
          if (!isWhole || !copies.every((each) => each.current && each.offline !== true)) throw new Error(name);
        }
      } finally {
        await connection.close();
      }
    });
  }

  /** Servers that have just met choose their leaders for a few seconds. */
  private async elected(): Promise<void> {
    const { url, keys = makeBusKeys() } = this;
    await retried(async () => {
      const hub = await connectHubBus({ url, keys, caPem: await this.ca(), log });
      await hub.close();
    });
  }

  private async ca(): Promise<string> {
    return await readFile(this.caFile, 'utf8');
  }

  private fileOf(name: string): string {
    return path.join(this.folder, `${name}.conf`);
  }
}

/** A free port such that the one for the other servers, 2,000 above, is free too. */
async function freePairOfPorts(): Promise<number> {
  for (;;) {
    const port = await freePort();
    const isFree = await requireFreePort(port + 2_000, '127.0.0.1', 'a port').then(
      () => true,
      () => false,
    );
    if (isFree) return port;
  }
}

interface StreamInfo {
  readonly cluster?: {
    readonly leader?: string;
    readonly replicas?: readonly { readonly current: boolean; readonly offline?: boolean }[];
  };
}

async function retried(act: () => Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await act();
    } catch (error) {
      if (attempt === 120) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}
