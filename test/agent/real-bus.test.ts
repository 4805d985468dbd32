import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '#kit';
import { openFakeCluster } from '#kube/fake';
import { RealBroker } from '../../libs/bus/src/real-broker.suite.js';
import type { Agent } from '../../apps/agent/src/agent-options.js';
import { startAgent } from '../../apps/agent/src/start-agent.js';
import { configMap, deployment, service } from './samples.js';
import { TinyHub } from './tiny-hub.js';

describe('an agent on a real nats-server', () => {
  let broker: RealBroker;
  let hub: TinyHub;
  let agent: Agent | null = null;
  const { cluster, kube } = openFakeCluster({ readyMs: 50 });

  beforeAll(async () => {
    broker = await RealBroker.open();
    hub = await TinyHub.start(await broker.openHub(), { urls: [broker.nats.url], ca: broker.certificates.caPem });
    for (const name of ['flotilla-system', 'shop']) {
      const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
      await kube.request({ method: 'POST', path: '/api/v1/namespaces', body });
    }
  }, 60_000);

  afterAll(async () => {
    await agent?.stop();
    await hub.close();
    await broker.close();
    kube.close();
    cluster.close();
  });

  it('joins, applies, renews its credential, and comes back after the broker was away', async () => {
    // Two thirds of three seconds: the renewal comes while the test looks.
    hub.credentialSeconds = 3;
    agent = await startAgent({
      kube,
      hub: { url: hub.url, token: hub.token },
      version: '0.0.0-test',
      logger: createLogger({ level: 'silent' }),
      timing: { retryMs: 100, retryMaxMs: 1_000, reconnectSpreadMs: 100 },
    });
    const objects = [configMap('settings', { colour: 'blue' }), service('web'), deployment('web')];
    const first = await hub.assign('shop', objects, { namespace: 'shop' });
    await hub.until('shop', (report) => report.generation === first.generation && report.phase === 'healthy');
    await hub.eventually(
      () => (hub.renewals > 0 ? true : undefined),
      () => 'the credential was not renewed',
    );
    hub.credentialSeconds = 3600;
    await broker.stop();
    await hub.eventually(
      () => (agent?.state().connected === false ? true : undefined),
      () => 'the agent did not notice',
    );
    await broker.start();
    await hub.eventually(
      () => (agent?.state().connected === true ? true : undefined),
      () => 'the agent did not come back',
    );
    await hub.eventually(
      () => (hub.bus.connected() ? true : undefined),
      () => 'the hub did not come back',
    );
    const second = await hub.assign('shop', [configMap('settings', { colour: 'red' }), ...objects.slice(1)], {
      namespace: 'shop',
    });
    await hub.until('shop', (report) => report.generation === second.generation && report.phase === 'healthy');
    expect(cluster.objects('configmaps')[0]).toMatchObject({ data: { colour: 'red' } });
    await hub.eventually(
      () => (hub.heartbeats.length > 1 ? true : undefined),
      () => 'no heartbeat after the broker was back',
    );
  }, 60_000);
});
