import { rm } from 'node:fs/promises';
import path from 'node:path';
import { ensureBusKeys, ensureCertificates, startEmbeddedNats, type EmbeddedNats } from '#bus';
import { createLogger, findProgram, freePort, lockDataFolder, natsServer } from '#kit';

const log = createLogger({ level: 'silent' });

/** A nats-server that somebody else runs for a hub (NATS_URL), so that it can go away and come back while the hub lives. */
export class OutsideBroker {
  private server: EmbeddedNats | null = null;
  private folder = '';
  port = 0;

  /** Starts it with the keys of the hub that will live in `folder/data`; answers that hub's settings. */
  async start(folder: string): Promise<Record<string, string>> {
    this.folder = folder;
    this.port = await freePort();
    const data = await lockDataFolder(path.join(folder, 'data'), 'FLOTILLA_DATA');
    try {
      await this.begin();
    } finally {
      await data.release();
    }
    return { NATS_URL: `tls://127.0.0.1:${this.port}` };
  }

  /** Stops it and starts it again where it was; `whileDown` is waited for between. */
  async restart(whileDown?: () => Promise<void>): Promise<void> {
    await this.stop();
    await whileDown?.();
    await this.begin();
  }

  /** 0 while it does not run. */
  get pid(): number {
    return this.server?.pid ?? 0;
  }

  /** `kill -9`, by its own pid. */
  async kill(): Promise<void> {
    if (this.server !== null) process.kill(this.server.pid, 'SIGKILL');
    await this.stop();
  }

  async stop(): Promise<void> {
    await this.server?.stop();
    this.server = null;
  }

  /** Takes away all that it kept, while it does not run: accounts, streams, bundles, manifests. */
  async loseDisk(): Promise<void> {
    if (this.server !== null) throw new Error('it still runs');
    await rm(path.join(this.folder, 'outside-nats'), { recursive: true, force: true });
  }

  /** Starts it again after it was stopped or killed. */
  async begin(): Promise<void> {
    const at = (name: string): string => path.join(this.folder, name);
    this.server = await startEmbeddedNats({
      folder: at('outside-nats'),
      program: (await findProgram(natsServer, { log })).path,
      keys: await ensureBusKeys(at('data/keys')),
      certificates: await ensureCertificates(at('data/tls'), { names: [], ips: [] }),
      pidFolder: at('outside-pids'),
      port: this.port,
      log,
    });
  }
}
