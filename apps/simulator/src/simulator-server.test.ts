import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, describe, expect, it } from '@jest/globals';

import { createLogger } from '#kit';
import { openHttpKube } from '#kube';
import { serveFakeWebhook } from '#kube/fake';
import { describeKubeContract } from '#ports/contract-suites/kube-contract-suite';

import { SimulatedFleet } from './simulated-fleet.js';
import { type SimulatorServer, startSimulatorServer } from './simulator-server.js';

const logger = createLogger({ level: 'silent' });

describeKubeContract('HttpKube to the simulator', async () => {
  const fleet = await SimulatedFleet.open({ readyMs: 50, logger });
  const { token, cluster } = fleet.ensure('one');
  const server = await startSimulatorServer({ fleet, logger });
  const kube = openHttpKube({ url: `${server.url}/clusters/one`, access: { token } });
  return {
    kube,
    serveWebhook: (handler) => serveFakeWebhook(cluster, handler),
    close: async () => {
      kube.close();
      await server.close();
      await fleet.close();
    },
  };
});

describe('the simulator', () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function open(folder?: string): Promise<{ fleet: SimulatedFleet; server: SimulatorServer }> {
    const fleet = await SimulatedFleet.open({
      readyMs: 0,
      logger,
      saveAfterMs: 20,
      ...(folder === undefined ? {} : { folder }),
    });
    const server = await startSimulatorServer({ fleet, logger });
    closing.push(() => fleet.close());
    closing.push(() => server.close());
    return { fleet, server };
  }

  async function temporaryFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'flotilla-simulator-'));
    closing.unshift(() => rm(folder, { recursive: true, force: true }));
    return folder;
  }

  function kubeOf({ fleet, server }: { fleet: SimulatedFleet; server: SimulatorServer }, name: string, token?: string) {
    const kube = openHttpKube({
      url: `${server.url}/clusters/${name}`,
      access: { token: token ?? fleet.ensure(name).token },
    });
    closing.push(async () => kube.close());
    return kube;
  }

  const settings = '/api/v1/namespaces/default/configmaps/settings';
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { a: '1' } };

  it('keeps its clusters apart, each behind its own token', async () => {
    const simulator = await open();
    const [one, two] = [kubeOf(simulator, 'one'), kubeOf(simulator, 'two')];
    const created = await one.request({
      method: 'POST',
      path: '/api/v1/namespaces/default/configmaps',
      body: configMap,
    });
    expect(created.status).toBe(201);
    expect((await one.request({ method: 'GET', path: settings })).status).toBe(200);
    expect((await two.request({ method: 'GET', path: settings })).status).toBe(404);
    const stranger = kubeOf(simulator, 'one', simulator.fleet.ensure('two').token);
    expect(await stranger.request({ method: 'GET', path: settings })).toMatchObject({
      status: 401,
      body: { reason: 'Unauthorized' },
    });
    const nobody = kubeOf(simulator, 'nowhere', 'x');
    expect((await nobody.request({ method: 'GET', path: '/version' })).status).toBe(401);
    expect((await fetch(`${simulator.server.url}/control/clusters`)).status).toBe(401);
  });

  it('goes on from its folder, with what it held and the tokens it gave', async () => {
    const folder = await temporaryFolder();
    const first = await open(folder);
    const { token } = first.fleet.ensure('one');
    await kubeOf(first, 'one').request({
      method: 'POST',
      path: '/api/v1/namespaces/default/configmaps',
      body: configMap,
    });
    const before = await kubeOf(first, 'one').request({ method: 'GET', path: settings });
    await first.server.close();
    await first.fleet.close();
    expect(await readdir(folder)).toEqual(['one.json']);
    expect((await stat(join(folder, 'one.json'))).mode & 0o777).toBe(0o600);
    const second = await open(folder);
    const after = await kubeOf(second, 'one', token).request({ method: 'GET', path: settings });
    expect(after).toEqual(before);
  });

  it('saves soon after a write, without being stopped', async () => {
    const folder = await temporaryFolder();
    const { fleet } = await open(folder);
    fleet.ensure('one');
    const end = Date.now() + 5000;
    while (!(await readdir(folder)).includes('one.json') && Date.now() < end)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await readdir(folder)).toEqual(['one.json']);
  });

  it('says which file it cannot read', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'half.json'), '{"name":"half","tok');
    await expect(open(folder)).rejects.toMatchObject({
      code: 'simulator-folder',
      message: expect.stringContaining('half.json'),
    });
  });

  it('does what its control endpoints are told', async () => {
    const simulator = await open();
    const kube = kubeOf(simulator, 'one');
    const control = async (path: string, body?: object): Promise<Response> =>
      fetch(`${simulator.server.url}/control/clusters${path}`, {
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
        headers: { authorization: `Bearer ${simulator.server.controlToken}` },
      });
    expect(await (await control('')).json()).toMatchObject({ items: [{ name: 'one', objects: 5 }] });
    expect((await control('/one/fault', { status: 429, retryAfterSeconds: 3, times: 1 })).status).toBe(200);
    expect(await kube.request({ method: 'GET', path: '/version' })).toMatchObject({
      status: 429,
      retryAfterSeconds: 3,
    });
    expect((await kube.request({ method: 'GET', path: '/version' })).status).toBe(200);
    expect((await control('/one/fault', { stauts: 429 })).status).toBe(400);
    expect((await control('/one/fault', { unreachable: true })).status).toBe(200);
    await expect(kube.request({ method: 'GET', path: '/version' })).rejects.toMatchObject({ code: 'kube-unreachable' });
    expect((await control('/one/heal', {})).status).toBe(200);
    expect((await kube.request({ method: 'GET', path: '/version' })).status).toBe(200);
    expect(await (await control('/one/objects?key=namespaces')).json()).toMatchObject({
      items: expect.arrayContaining([expect.objectContaining({ kind: 'Namespace' })]),
    });
    const { token } = simulator.fleet.ensure('one');
    expect(await (await control('/one/access')).json()).toEqual({ path: '/clusters/one', token });
    await kube.request({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'shop' } } });
    expect((await control('/one/reset', {})).status).toBe(200);
    expect((await kube.request({ method: 'GET', path: '/api/v1/namespaces/shop' })).status).toBe(404);
    expect((await control('/none/state')).status).toBe(404);
  });

  it('refuses what is larger than an API server takes, and what is no JSON', async () => {
    const simulator = await open();
    const { token } = simulator.fleet.ensure('one');
    const post = (body: string): Promise<Response> =>
      fetch(`${simulator.server.url}/clusters/one/api/v1/namespaces/default/configmaps`, {
        method: 'POST',
        body,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      });
    expect((await post('apiVersion: v1')).status).toBe(400);
    const large = JSON.stringify({ ...configMap, data: { a: 'x'.repeat(4 << 20) } });
    expect(await (await post(large)).json()).toMatchObject({ kind: 'Status', code: 413 });
  });
});
