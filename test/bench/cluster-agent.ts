import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ControlPlaneAccess, createServiceAccountKubeconfig } from '#control-plane';
import { freePort, RejectedError } from '#kit';
import { agentManifest } from '#kube';
import { type AgentImage, copyAgentImage } from '../kubernetes/installed-agent.js';
import { cpuSeconds, type Memory, memoryOf } from './process-figures.js';

const READY_WITHIN_MS = 60_000;
const TOKEN_SECONDS = 6 * 3600;
const ACCOUNT = { namespace: 'flotilla-system', name: 'flotilla-agent' };

interface Hub {
  readonly url: string;
  readonly token: string;
}

/** The agent as its image runs it: its files alone, its command, and the service account of its manifest. */
export class ClusterAgent {
  private child: ChildProcess | null = null;
  private log = '';

  private constructor(
    private readonly image: AgentImage,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  static async install(plane: ControlPlaneAccess, hub: Hub, folder: string): Promise<ClusterAgent> {
    const manifest = agentManifest({
      hubUrl: 'https://hub.example.com',
      caPem: null,
      token: hub.token,
      clusterName: 'bench',
      image: 'registry.example/flotilla-agent:bench',
    });
    const input = manifest.map((object) => JSON.stringify(object)).join('\n---\n');
    const applied = await plane.kubectl(['apply', '-f', '-'], { input });
    if (applied.code !== 0) throw new RejectedError('bench', `the agent's manifest was refused: ${applied.stderr}`);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { token } = await createServiceAccountKubeconfig(plane, ACCOUNT, folder, TOKEN_SECONDS);
    writeFileSync(path.join(folder, 'token'), token, { mode: 0o600 });
    copyFileSync(plane.caFile, path.join(folder, 'ca.crt'));
    const { hostname, port } = new URL(plane.url);
    return new ClusterAgent(copyAgentImage(), {
      FLOTILLA_HUB_URL: hub.url,
      FLOTILLA_JOIN_TOKEN: hub.token,
      FLOTILLA_SERVICE_ACCOUNT_FOLDER: folder,
      FLOTILLA_AGENT_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_HOST: hostname,
      KUBERNETES_SERVICE_PORT: port,
    });
  }

  /** Milliseconds from the start of the process to its /readyz. */
  async start(): Promise<number> {
    const port = await freePort();
    const began = performance.now();
    // To profile what is measured: BENCH_AGENT_ARGS='--cpu-prof --cpu-prof-dir=/tmp/profiles'.
    const more = (process.env['BENCH_AGENT_ARGS'] ?? '').split(' ').filter(Boolean);
    const child = spawn(process.execPath, [...more, ...this.image.args], {
      env: { ...this.env, FLOTILLA_AGENT_PORT: String(port) },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.child = child;
    child.stderr?.on('data', (part: Buffer) => (this.log = `${this.log}${part.toString('utf8')}`.slice(-20_000)));
    while (!(await isReady(port))) {
      if (child.exitCode !== null || performance.now() - began > READY_WITHIN_MS) {
        throw new RejectedError('bench', `the agent did not become ready:\n${this.log.slice(-2_000)}`);
      }
      await sleep(5);
    }
    return performance.now() - began;
  }

  get pid(): number {
    const pid = this.child?.pid;
    if (pid === undefined || this.child?.exitCode !== null) {
      throw new RejectedError('bench', `the agent is not running:\n${this.log.slice(-2_000)}`);
    }
    return pid;
  }

  memory(): Memory {
    return memoryOf(this.pid);
  }

  cpuSeconds(): number {
    return cpuSeconds(this.pid);
  }

  async stop(): Promise<void> {
    const { child } = this;
    this.child = null;
    if (child === null || child.exitCode !== null) return;
    await new Promise((resolve) => {
      child.once('exit', resolve);
      child.kill('SIGTERM');
    });
  }

  async close(): Promise<void> {
    await this.stop();
    this.image.remove();
  }
}

function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = get({ host: '127.0.0.1', port, path: '/readyz', agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.on('error', () => resolve(false));
  });
}
