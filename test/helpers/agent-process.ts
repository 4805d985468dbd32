import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import {
  agentCommand,
  type ControlPlaneAccess,
  createServiceAccountKubeconfig,
  type WatchedProgram,
  type WatchedPrograms,
  watchPrograms,
} from '#control-plane';
import { freePort } from '#kit';
import { agentManifest } from '#kube';

const READY_WITHIN_MS = 60_000;
const NAMESPACE = 'flotilla-system';

export interface AgentProcessOptions {
  readonly plane: ControlPlaneAccess;
  readonly hub: { readonly url: string; readonly token: string };
  /** Where the agent finds the API server: the control plane itself, or a proxy before it. */
  readonly api: { readonly port: number; readonly ca: string };
}

/** The bundled agent as a process of its own, with the rights of its own manifest in a real cluster, to be killed and started again. */
export class AgentProcess {
  readonly namespace = NAMESPACE;

  private constructor(
    private readonly plane: ControlPlaneAccess,
    private readonly folder: string,
    private readonly programs: WatchedPrograms,
    private readonly program: WatchedProgram,
    private readonly healthPort: number,
  ) {}

  /** Installs its manifest and starts it. */
  static async start({ plane, hub, api }: AgentProcessOptions): Promise<AgentProcess> {
    await promisify(execFile)(process.execPath, ['deploy/bundle-agent.mjs']);
    const manifest = agentManifest({
      hubUrl: 'https://hub.example.com',
      caPem: null,
      token: hub.token,
      clusterName: 'test',
      image: 'registry.example/flotilla-agent:0.1.0',
    });
    const input = manifest.map((object) => JSON.stringify(object)).join('\n---\n');
    const applied = await plane.kubectl(['apply', '-f', '-'], { input });
    if (applied.code !== 0) throw new Error(applied.stderr);
    const folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-agent-process-'));
    const account = { namespace: NAMESPACE, name: 'flotilla-agent' };
    const { token } = await createServiceAccountKubeconfig(plane, account, folder);
    writeFileSync(path.join(folder, 'token'), token);
    writeFileSync(path.join(folder, 'ca.crt'), api.ca);
    const healthPort = await freePort();
    const programs = await watchPrograms(folder);
    const args = agentCommand(readFileSync('deploy/images/agent.Dockerfile', 'utf8'), path.resolve('dist/agent'));
    const program = await programs.start('agent', process.execPath, args, {
      FLOTILLA_HUB_URL: hub.url,
      FLOTILLA_JOIN_TOKEN: hub.token,
      FLOTILLA_SERVICE_ACCOUNT_FOLDER: folder,
      FLOTILLA_AGENT_PORT: String(healthPort),
      FLOTILLA_AGENT_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: String(api.port),
    });
    const agent = new AgentProcess(plane, folder, programs, program, healthPort);
    await agent.ready();
    return agent;
  }

  get log(): string {
    return existsSync(this.program.logFile) ? readFileSync(this.program.logFile, 'utf8') : '';
  }

  get isRunning(): boolean {
    return this.program.pid !== undefined;
  }

  /** SIGKILL, sent at once: nothing that the process does comes after this call. */
  killNow(): void {
    const { pid } = this.program;
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  }

  /** Settles when the process is gone. */
  async gone(withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (this.isRunning) {
      if (performance.now() > deadline) throw new Error(`still running:\n${this.log.slice(-3_000)}`);
      await sleep(5);
    }
  }

  async kill(): Promise<void> {
    await this.program.kill();
  }

  /** Starts it once more as it was started. */
  async again(): Promise<void> {
    await this.program.start();
  }

  /** Settles when its readiness probe answers. */
  async ready(): Promise<void> {
    const deadline = performance.now() + READY_WITHIN_MS;
    for (;;) {
      const url = `http://127.0.0.1:${this.healthPort}/readyz`;
      const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => null);
      await answer?.body?.cancel();
      if (answer?.status === 200) return;
      if (!this.isRunning || performance.now() > deadline)
        throw new Error(`the agent is not ready:\n${this.log.slice(-3_000)}`);
      await sleep(20);
    }
  }

  /** Ends it, and takes away what its manifest made. */
  async close(): Promise<void> {
    await this.programs.close();
    const made = [`namespace/${NAMESPACE}`, 'clusterrole/flotilla-agent', 'clusterrolebinding/flotilla-agent'];
    // Whoever installs the manifest next finds nothing that is still going away.
    await this.plane.kubectl(['delete', '--timeout=60s', '--ignore-not-found', ...made]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
