import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { localAccessSchema } from '#contract';
import { freePort } from '#kit';
import { WIDE_RATES } from './wide-rates.js';
import { runHubProcess, type HubProcess } from './hub-process.js';
import { ApiProblem, TestApi } from './test-api.js';

/**
 * A hub as a program, with its embedded PostgreSQL and nats-server, that is killed again and again and started again on the
 * same folder and ports, as whoever supervises it does.
 */
export class MortalHub {
  private client: TestApi | null = null;
  private process: HubProcess | null = null;
  private readonly settings: Record<string, string> = {};

  private constructor(readonly folder: string) {}

  static async start(folder: string): Promise<MortalHub> {
    const hub = new MortalHub(folder);
    Object.assign(hub.settings, {
      FLOTILLA_DATA: path.join(folder, 'data'),
      ...WIDE_RATES,
      FLOTILLA_PORT: String(await freePort()),
      FLOTILLA_NATS_PORT: String(await freePort()),
      FLOTILLA_HEARTBEAT: '1s',
      FLOTILLA_ALLOW_LOCAL_SOURCES: 'true',
      FLOTILLA_LOG_LEVEL: 'warn',
    });
    hub.begin();
    await hub.ready();
    return hub;
  }

  /** Starts its process without waiting for it. */
  begin(): void {
    this.process = runHubProcess(this.settings);
  }

  /** Resolves when the process that runs now is ready. */
  async ready(): Promise<void> {
    await this.process?.ready;
    if (this.client) return;
    const text = await readFile(path.join(this.folder, 'data/admin.json'), 'utf8');
    this.client = new TestApi(localAccessSchema.parse(JSON.parse(text)));
  }

  /** `kill -9`, by its own pid; what it had started is left behind. */
  async kill(): Promise<void> {
    this.process?.kill('SIGKILL');
    await this.process?.exited;
  }

  /** Ends it as one should. */
  async stop(): Promise<void> {
    this.client?.close();
    this.process?.kill('SIGTERM');
    await this.process?.exited;
    this.process = null;
  }

  /** Asks until there is a hub that answers; what it refuses is thrown at once. */
  async ask<T>(what: (api: TestApi) => Promise<T>, withinMs = 90_000): Promise<T> {
    const end = performance.now() + withinMs;
    for (;;) {
      try {
        if (!this.client) throw new Error('the hub has not been ready yet');
        return await what(this.client);
      } catch (error) {
        if (error instanceof ApiProblem && error.problem.status < 500) throw error;
        if (performance.now() > end) throw error;
        await sleep(50);
      }
    }
  }
}
