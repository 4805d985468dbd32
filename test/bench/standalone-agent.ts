import { spawn } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterView, LocalAccess, RegisterAnswer } from '#contract';
import { createLogger, freePort, RejectedError } from '#kit';
import { SimulatedFleet } from '../../apps/simulator/src/simulated-fleet.js';
import { startSimulatorServer } from '../../apps/simulator/src/simulator-server.js';
import type { TestApi } from '../helpers/test-api.js';
import { copyAgentImage } from '../kubernetes/installed-agent.js';
import { rssMiB } from './process-figures.js';

export interface AgentFigures {
  /** From the start of the process to its /readyz, joined and connected. */
  readonly agentStartMs: number;
  /** Some seconds after it has applied what it was assigned. */
  readonly agentRssMiB: number;
}

/** Runs the bundled agent as a process of its own against a simulated cluster over HTTP, until it is healthy. */
export async function measureStandaloneAgent(
  api: TestApi,
  access: LocalAccess,
  labels: Readonly<Record<string, string>>,
): Promise<AgentFigures> {
  const logger = createLogger({ level: 'error' });
  const fleet = await SimulatedFleet.open({ readyMs: 0, logger });
  const name = 'standalone';
  const { token: kubeToken, cluster } = fleet.ensure(name);
  cluster.handle({
    method: 'POST',
    path: '/api/v1/namespaces',
    query: {},
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'flotilla-system' } },
  });
  const server = await startSimulatorServer({ fleet, logger });
  const folder = await mkdtemp(path.join(tmpdir(), 'flotilla-agent-'));
  const tokenFile = path.join(folder, 'token');
  await writeFile(tokenFile, kubeToken, { mode: 0o600 });
  const { token } = await api.post<RegisterAnswer>('/api/v1/clusters', { name, labels });
  const port = await freePort();
  const started = performance.now();
  const image = copyAgentImage();
  const child = spawn(process.execPath, image.args, {
    env: {
      PATH: process.env['PATH'],
      FLOTILLA_HUB_URL: access.url,
      FLOTILLA_HUB_CA: access.ca,
      FLOTILLA_JOIN_TOKEN: token,
      FLOTILLA_KUBE_URL: `${server.url}/clusters/${name}`,
      FLOTILLA_KUBE_TOKEN_FILE: tokenFile,
      FLOTILLA_AGENT_PORT: String(port),
      FLOTILLA_AGENT_HOST: '127.0.0.1',
      FLOTILLA_LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  try {
    await until('the agent is ready', 30_000, 5, async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok);
    const agentStartMs = performance.now() - started;
    await until('its cluster is healthy', 60_000, 100, async () => {
      const view = await api.get<ClusterView>(`/api/v1/clusters/${name}`);
      return view.health === 'healthy';
    });
    await sleep(3000);
    return { agentStartMs, agentRssMiB: rssMiB(child.pid ?? 0) };
  } finally {
    child.kill('SIGTERM');
    await exited;
    await server.close();
    await fleet.close();
    image.remove();
  }
}

async function until(what: string, withinMs: number, everyMs: number, is: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + withinMs; performance.now() < end; await sleep(everyMs)) {
    if (await is().catch(() => false)) return;
  }
  throw new RejectedError('bench', `${what} did not come within ${withinMs} ms`);
}
