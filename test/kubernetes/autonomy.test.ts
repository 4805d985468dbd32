import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AgentReport, JsonObject } from '#domain';
import { mapAt, openHttpKube, textAt } from '#kube';
import type { Kube } from '#ports';
import { RealBroker } from '../../libs/bus/src/real-broker.suite.js';
import { configMap, deployment, service } from '../agent/samples.js';
import { TinyHub } from '../agent/tiny-hub.js';
import { AgentProcess } from '../helpers/agent-process.js';
import { KubeProxy } from '../helpers/kube-proxy.js';
import { TcpGate } from '../helpers/tcp-gate.js';
import { eventually } from '../helpers/test-hub.js';
import { sharedControlPlane } from './control-plane/shared-control-plane.js';
import { createNamespace, type TestNamespace } from './control-plane/with-namespace.js';

const APPLICATION = `alone-${randomBytes(3).toString('hex')}`;
const WAIT_MS = 120_000;

describe('the agent without its hub', () => {
  const plane = sharedControlPlane();
  const ca = readFileSync(plane.caFile, 'utf8');
  let kube: Kube;
  let broker: RealBroker;
  let hub: TinyHub;
  let gates: readonly TcpGate[];
  let proxy: KubeProxy;
  let agent: AgentProcess;
  let shop: TestNamespace;

  beforeAll(async () => {
    kube = openHttpKube({ url: plane.url, access: { token: plane.adminToken, ca } });
    broker = await RealBroker.open();
    const bus = await TcpGate.open(Number(new URL(broker.nats.url).port));
    const nats = { urls: [`tls://127.0.0.1:${bus.port}`], ca: broker.certificates.caPem };
    hub = await TinyHub.start(await broker.openHub(), nats);
    const http = await TcpGate.open(Number(new URL(hub.url).port));
    gates = [bus, http];
    proxy = await KubeProxy.start({ url: plane.url, ca });
    shop = await createNamespace(plane, 'alone');
    const address = { url: `http://127.0.0.1:${http.port}`, token: hub.token };
    agent = await AgentProcess.start({ plane, hub: address, api: { port: proxy.port, ca: proxy.caPem } });
  }, 120_000);

  afterAll(async () => {
    await agent.close();
    await shop.delete();
    await Promise.all(gates.map((gate) => gate.close()));
    await proxy.close();
    await hub.close();
    await broker.close();
    kube.close();
  }, 120_000);

  const at = (plural: string, name: string): string => `/api/v1/namespaces/${shop.name}/${plural}/${name}`;

  const changeByHand = async (name: string): Promise<void> => {
    const contentType = 'application/merge-patch+json';
    const body = { data: { v: 'by hand' } };
    const { status } = await kube.request({ method: 'PATCH', path: at('configmaps', name), contentType, body });
    expect(status).toBe(200);
  };

  const hasValue = async (name: string, value: string): Promise<void> => {
    await eventually(
      `the value of ${name}`,
      () => kube.request({ method: 'GET', path: at('configmaps', name) }),
      ({ body }) => textAt(mapAt(body, 'data'), 'v') === value,
      WAIT_MS,
    );
  };

  const bundle = (v: string, ...more: readonly JsonObject[]): readonly JsonObject[] => [
    configMap('settings', { v }),
    service('web'),
    deployment('web', `registry.example/web:${v}`),
    ...more,
  ];

  const assign = (objects: readonly JsonObject[]) => hub.assign(APPLICATION, objects, { namespace: shop.name });

  it('goes on enforcing what it last accepted, across a kill, and goes straight to what is asked for when it has one again', async () => {
    const first = await assign(bundle('1'));
    const isHealthy =
      (generation: number) =>
      (report: AgentReport): boolean =>
        report.generation === generation && report.phase === 'healthy';
    await hub.until(APPLICATION, isHealthy(first.generation), WAIT_MS);

    for (const gate of gates) gate.shut();
    await changeByHand('settings');
    await hasValue('settings', '1');
    await agent.kill();
    await kube.request({ method: 'DELETE', path: at('services', 'web') });
    await agent.again();
    await agent.ready();
    await changeByHand('settings');
    await hasValue('settings', '1');
    const isThere = ({ status }: { readonly status: number }): boolean => status === 200;
    await eventually(
      'the service',
      () => kube.request({ method: 'GET', path: at('services', 'web') }),
      isThere,
      WAIT_MS,
    );

    // Nobody is told of these until the way is open again; the first of them is past by then.
    const passed = await assign(bundle('2', configMap('only-of-the-second')));
    const current = await assign(bundle('3', configMap('of-the-third')));
    await changeByHand('settings');
    await hasValue('settings', '1');

    const before = hub.reports.length;
    for (const gate of gates) gate.reopen();
    await hub.until(APPLICATION, isHealthy(current.generation), WAIT_MS);
    await hasValue('settings', '3');
    // What else there might be to say would be said by now.
    await sleep(5_000);
    const since = hub.reports.slice(before).filter(({ application }) => application === APPLICATION);
    const told = (generation: number, phase: AgentReport['phase']): number =>
      since.filter((report) => report.generation === generation && report.phase === phase).length;
    expect(since.filter(({ generation }) => generation === passed.generation)).toEqual([]);
    expect(since.filter(({ phase }) => phase === 'failed' || phase === 'refused')).toEqual([]);
    // What it enforced without us is told once, and what it was brought to is told once.
    expect(told(first.generation, 'healthy')).toBeLessThanOrEqual(1);
    expect(told(current.generation, 'healthy')).toBe(1);
    expect(since.length).toBeLessThanOrEqual(3);
    expect(since.every(({ boot }) => boot === 2)).toBe(true);
    expect(proxy.count(({ path }) => path.endsWith('/only-of-the-second'))).toBe(0);
  }, 300_000);
});
