import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startHub, type RunningHub } from '../../apps/hub/src/start-hub.js';
import { hubConfigSchema } from '../../apps/hub/src/hub.config.js';
import { localAccessSchema, type RolloutView } from '#contract';
import { createLogger, parseConfig, type Logger } from '#kit';
import type { Clock } from '#ports';
import { TestApi } from './test-api.js';
import { WIDE_RATES } from './wide-rates.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';

/** A whole hub in this process: real PostgreSQL, real nats-server, real git and kustomize. */
export interface TestHub {
  readonly api: TestApi;
  readonly folder: string;
  readonly hub: RunningHub;
  /** Of its database; holds a password. */
  readonly databaseUrl: string;
  /** Stops it and starts it again on the same data; `whileDown` is waited for between. */
  restart(whileDown?: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

export interface TestHubOptions {
  readonly env?: Record<string, string>;
  /** The hub's clock; the system's unless told. */
  readonly clock?: Clock;
  /** Called with its folder before it starts, for what it is to find there. Answers more settings. */
  readonly prepare?: (folder: string) => Promise<Record<string, string>>;
}

export async function startTestHub(
  env: Record<string, string> = {},
  log: Logger = createLogger({ level: 'fatal' }),
  { clock, prepare }: TestHubOptions = {},
): Promise<TestHub> {
  const folder = await mkdtemp(path.join(tmpdir(), 'flotilla-hub-'));
  const database = await createTestDatabase();
  const test = new RunningTestHub(folder, database, { log, ...(clock && { clock }) });
  try {
    test.env = { ...env, ...(await prepare?.(folder)) };
    await test.start();
  } catch (error) {
    await test.stop();
    throw error;
  }
  return test;
}

class RunningTestHub implements TestHub {
  private running: RunningHub | null = null;
  private client: TestApi | null = null;
  env: Record<string, string> = {};

  constructor(
    readonly folder: string,
    private readonly database: TestDatabase,
    private readonly parts: { readonly log: Logger; readonly clock?: Clock },
  ) {}

  get databaseUrl(): string {
    return this.database.url;
  }

  get hub(): RunningHub {
    if (!this.running) throw new Error('the hub does not run');
    return this.running;
  }

  get api(): TestApi {
    if (!this.client) throw new Error('the hub does not run');
    return this.client;
  }

  async start(): Promise<void> {
    const config = parseConfig(hubConfigSchema, {
      FLOTILLA_DATA: path.join(this.folder, 'data'),
      FLOTILLA_PORT: '0',
      FLOTILLA_HEARTBEAT: '1s',
      FLOTILLA_ALLOW_LOCAL_SOURCES: 'true',
      ...WIDE_RATES,
      DATABASE_URL: this.database.url,
      ...this.env,
    });
    this.running = await startHub(config, this.parts.log, undefined, this.parts.clock);
    const access = await readFile(path.join(this.folder, 'data/admin.json'), 'utf8');
    this.client = new TestApi(localAccessSchema.parse(JSON.parse(access)));
  }

  async restart(whileDown?: () => Promise<void>): Promise<void> {
    await this.close();
    await whileDown?.();
    await this.start();
  }

  async stop(): Promise<void> {
    await this.close();
    await this.database.drop();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async close(): Promise<void> {
    this.client?.close();
    await this.running?.stop();
    this.running = null;
  }
}

/** Asks again until `is` holds; fails with what was there last. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T>,
  is: (value: T) => boolean,
  withinMs = 15_000,
): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    let seen: unknown;
    try {
      const value = await ask();
      if (is(value)) return value;
      seen = value;
    } catch (error) {
      seen = error instanceof Error ? error.message : error;
    }
    if (performance.now() > end)
      throw new Error(`${what} did not come within ${withinMs} ms; last: ${JSON.stringify(seen)?.slice(0, 3000)}`);
    await sleep(25);
  }
}

/** The application's newest rollout once it is of that release and has left `running`, or holds. */
export function rolloutSettled(
  api: TestApi,
  application: string,
  release: number,
  withinMs?: number,
): Promise<RolloutView> {
  return eventually(
    `release ${release} of ${application} settled`,
    () => api.get<RolloutView>(`/api/v1/rollouts/${application}`),
    (rollout) => rollout.release === release && (rollout.state !== 'running' || rollout.paused),
    withinMs,
  );
}
