import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { agentCommand, createServiceAccountKubeconfig } from '#control-plane';
import { freePort } from '#kit';
import { agentManifest } from '#kube';
import { RealBroker } from '../../libs/bus/src/real-broker.suite.js';
import { configMap, deployment, service } from '../agent/samples.js';
import { TinyHub } from '../agent/tiny-hub.js';
import { sharedControlPlane } from './control-plane/shared-control-plane.js';
import { createNamespace, type TestNamespace } from './control-plane/with-namespace.js';

describe('the bundled agent, with the rights of its own manifest and no more', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-agent-'));
  const plane = sharedControlPlane();
  let broker: RealBroker;
  let hub: TinyHub;
  let shop: TestNamespace;
  let agent: ChildProcess | null = null;
  let log = '';

  beforeAll(async () => {
    await promisify(execFile)(process.execPath, ['deploy/bundle-agent.mjs']);
    broker = await RealBroker.open();
    hub = await TinyHub.start(await broker.openHub(), { urls: [broker.nats.url], ca: broker.certificates.caPem });
    shop = await createNamespace(plane, 'shop');
  }, 120_000);

  afterAll(async () => {
    agent?.kill('SIGKILL');
    const clusterWide = [
      'clusterrole/flotilla-agent',
      'clusterrolebinding/flotilla-agent',
      'namespace/flotilla-system',
    ];
    // Whoever installs the manifest next finds nothing that is still going away.
    await plane.kubectl(['delete', '--timeout=60s', '--ignore-not-found', ...clusterWide]);
    await shop.delete();
    await hub.close();
    await broker.close();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  const start = async (): Promise<{ readonly readyMs: number; readonly port: number }> => {
    const { hostname, port } = new URL(plane.url);
    const healthPort = await freePort();
    const began = performance.now();
    const args = agentCommand(readFileSync('deploy/images/agent.Dockerfile', 'utf8'), path.resolve('dist/agent'));
    const child = spawn(process.execPath, args, {
      env: {
        FLOTILLA_HUB_URL: hub.url,
        FLOTILLA_JOIN_TOKEN: hub.token,
        FLOTILLA_SERVICE_ACCOUNT_FOLDER: folder,
        FLOTILLA_AGENT_PORT: String(healthPort),
        FLOTILLA_AGENT_HOST: '127.0.0.1',
        KUBERNETES_SERVICE_HOST: hostname,
        KUBERNETES_SERVICE_PORT: port,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    agent = child;
    child.stderr?.on('data', (part: Buffer) => (log += part.toString()));
    const isReady = async (): Promise<boolean> => {
      const answer = await fetch(`http://127.0.0.1:${healthPort}/readyz`).catch(() => null);
      return answer?.status === 200;
    };
    for (;;) {
      if (await isReady()) return { readyMs: performance.now() - began, port: healthPort };
      if (child.exitCode !== null || performance.now() - began > 20_000) throw new Error(`not ready:\n${log}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  const stop = async (): Promise<number | null> => {
    const child = agent;
    if (child === null) return null;
    agent = null;
    return await new Promise((resolve) => {
      child.once('exit', (code) => resolve(code));
      child.kill('SIGTERM');
    });
  };

  it('joins, applies a release with a namespace and a role of its own, starts again quickly, and stops when told', async () => {
    const manifest = agentManifest({
      hubUrl: 'https://hub.example.com',
      caPem: null,
      token: hub.token,
      clusterName: 'test',
      image: 'registry.example/flotilla-agent:0.1.0',
    });
    const input = manifest.map((object) => JSON.stringify(object)).join('\n---\n');
    const applied = await plane.kubectl(['apply', '-f', '-'], { input });
    expect(applied.stderr).toBe('');
    expect(applied.code).toBe(0);
    const account = { namespace: 'flotilla-system', name: 'flotilla-agent' };
    const access = await createServiceAccountKubeconfig(plane, account, folder);
    writeFileSync(path.join(folder, 'token'), access.token);
    copyFileSync(plane.caFile, path.join(folder, 'ca.crt'));
    const first = await start();
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'operator' },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['*'] }],
    };
    const assigned = await hub.assign(
      'shop-of-process',
      [configMap('settings', { colour: 'blue' }), service('web'), deployment('web'), role],
      { namespace: shop.name },
    );
    await hub.until(
      'shop-of-process',
      (report) => report.generation === assigned.generation && report.phase === 'healthy',
      30_000,
    );
    expect(await stop()).toBe(0);
    const again = await start();
    await hub.until('shop-of-process', (report) => report.boot === 2 && report.phase === 'healthy');
    const status = readFileSync(`/proc/${agent?.pid ?? 0}/status`, 'utf8');
    const rssMiB = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
    process.stderr.write(
      `agent: first start with join ${Math.round(first.readyMs)} ms, again ${Math.round(again.readyMs)} ms, RSS ${Math.round(rssMiB)} MiB\n`,
    );
    // The goals are 500 ms and 64 MiB, and `npm run bench -- agent` holds it to them; how long a busy machine takes says nothing.
    expect(rssMiB).toBeLessThan(96);
    expect(await stop()).toBe(0);
    expect(log).not.toContain(hub.token);
  }, 120_000);
});
