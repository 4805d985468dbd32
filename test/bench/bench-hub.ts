import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type LocalAccess, localAccessSchema } from '#contract';
import { RejectedError } from '#kit';
import { TestApi } from '../helpers/test-api.js';
import { WIDE_RATES } from '../helpers/wide-rates.js';
import { cpuSeconds, processTree, pssMiB, rssMiB } from './process-figures.js';

/** A program of ours as a process of its own, ready when it prints its line. */
export interface BenchProcess {
  readonly pid: number;
  stop(): Promise<void>;
}

const READY = '{"ready":true';

/** Starts `node dist/…` and resolves when it says that it is ready. What it prints else goes to stderr. */
export async function startProcess(
  script: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<BenchProcess> {
  // To profile what is measured: BENCH_NODE_ARGS='--cpu-prof --cpu-prof-dir=/tmp/profiles'.
  const nodeArgs = (process.env['BENCH_NODE_ARGS'] ?? '').split(' ').filter(Boolean);
  const child: ChildProcess = spawn(process.execPath, [...nodeArgs, script, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text = `${text}${chunk.toString('utf8')}`.slice(-10_000);
      if (text.includes(READY)) resolve();
    });
    child.once('exit', (code) =>
      reject(new RejectedError('bench', `${script} ended with ${code ?? 'a signal'} before it was ready`)),
    );
  });
  return {
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

export interface HubFigures {
  readonly hubRssMiB: number;
  readonly busRssMiB: number;
  readonly databaseRssMiB: number;
  readonly hubCpuSeconds: number;
  readonly busCpuSeconds: number;
  readonly databaseCpuSeconds: number;
}

/** A hub with its embedded bus and database, measured from outside. */
export class BenchHub {
  private constructor(
    private readonly process: BenchProcess,
    readonly api: TestApi,
    readonly accessFile: string,
    readonly access: LocalAccess,
    private readonly bus: number,
    private readonly database: number,
  ) {}

  /** @param settings more of them, as environment variables. */
  static async start(folder: string, settings: Readonly<Record<string, string>> = {}): Promise<BenchHub> {
    const data = settings['FLOTILLA_DATA'] ?? path.join(folder, 'hub');
    const hub = await startProcess('dist/apps/hub/src/main.js', [], {
      FLOTILLA_DATA: data,
      FLOTILLA_PORT: '0',
      FLOTILLA_ALLOW_LOCAL_SOURCES: 'true',
      FLOTILLA_LOG_LEVEL: 'warn',
      ...WIDE_RATES,
      ...settings,
    });
    const accessFile = path.join(data, 'admin.json');
    const access = localAccessSchema.parse(JSON.parse(await readFile(accessFile, 'utf8')));
    const children = processTree(hub.pid);
    const named = (name: string): number =>
      children.find((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === name) ?? 0;
    return new BenchHub(hub, new TestApi(access), accessFile, access, named('nats-server'), named('postgres'));
  }

  /** Of the hub's own process. */
  get pid(): number {
    return this.process.pid;
  }

  figures(): HubFigures {
    return {
      hubRssMiB: rssMiB(this.process.pid),
      busRssMiB: rssMiB(this.bus),
      databaseRssMiB: pssMiB(this.database),
      hubCpuSeconds: cpuSeconds(this.process.pid),
      busCpuSeconds: cpuSeconds(this.bus),
      databaseCpuSeconds: cpuSeconds(this.database, true),
    };
  }

  /** Seconds spent in each step of the corridor since the start, by the hub's own metrics. */
  async stepSeconds(): Promise<Readonly<Record<string, number>>> {
    const { text } = await this.api.raw('GET', '/metrics');
    const steps = [...text.matchAll(/^flotilla_step_seconds_sum\{step="(\w+)"\} (\S+)$/gm)];
    return Object.fromEntries(steps.map(([, step, seconds]) => [step ?? '', Number(seconds)]));
  }

  async stop(): Promise<void> {
    this.api.close();
    await this.process.stop();
  }
}
