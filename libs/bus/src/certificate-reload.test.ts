import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connectAgentBus } from './agent-bus.js';
import { addAuthority, keepAuthorities } from './authorities.js';
import { ensureCertificates } from './certificates.js';
import { connectHubBus } from './connect-hub-bus.js';
import { RealBroker, silent } from './real-broker.suite.js';
import { shownAuthorities } from './shown-certificate.js';

describe('another authority on a nats-server that runs', () => {
  let broker: RealBroker;
  const opened: { close(): Promise<void> }[] = [];
  beforeEach(async () => {
    broker = await RealBroker.open();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((each) => each.close()));
    await broker.close();
  });

  const tls = (): string => path.join(broker.folder, 'tls');
  const certificates = () => ensureCertificates(tls(), { names: [], ips: [] });

  /** Reads the server's files again, and waits until it shows a certificate of that authority. */
  async function reload(id: string): Promise<void> {
    broker.nats.reload();
    const { authorities } = await certificates();
    for (let tries = 0; tries < 200; tries += 1) {
      if ((await shownAuthorities(broker.nats.url, authorities))[0] === id) return;
      await sleep(50);
    }
    throw new Error(`the server never showed a certificate of ${id}`);
  }

  it('is shown to new connections, while those that are there stay, and trusted by who was told of it alone', async () => {
    const { keys } = broker;
    let ca = broker.certificates.caPem;
    const hub = await connectHubBus({ url: broker.nats.url, keys, caPem: () => ca, log: silent });
    opened.push(hub);
    const agentOf = async (caPem: () => string) => {
      const cluster = randomUUID();
      const publicKey = broker.makeAgentKey();
      const credential = await hub.mintCredential(cluster, publicKey);
      const options = { url: broker.nats.url, cluster, seed: broker.seedOf(publicKey), caPem, log: silent };
      const bus = await connectAgentBus({ ...options, credential: () => credential, reconnectDelayMs: () => 50 });
      opened.push(bus);
      return bus;
    };
    const [told, untold] = [await agentOf(() => ca), await agentOf(() => broker.certificates.caPem)];
    const [before] = broker.certificates.authorities;
    expect(await shownAuthorities(broker.nats.url, broker.certificates.authorities)).toEqual([before?.id]);

    const added = await addAuthority(tls(), Date.now());
    const both = await certificates();
    expect(both).toMatchObject({ renewed: false, authorities: [{ id: before?.id }, { id: added.id }] });
    ca = both.caPem;
    await keepAuthorities(tls(), [added.id, before?.id ?? '']);
    expect(await certificates()).toMatchObject({ renewed: true, authorities: [{ id: added.id }, { id: before?.id }] });
    await reload(added.id);
    expect([hub.connected(), told.connected(), untold.connected()]).toEqual([true, true, true]);

    await keepAuthorities(tls(), [added.id]);
    const after = await certificates();
    expect(after).toMatchObject({ renewed: false, authorities: [{ id: added.id }] });
    ca = after.caPem;
    const back = new Promise<void>((resolve) => told.onReconnect(resolve));
    await broker.stop();
    await broker.start();
    await back;
    expect(untold.connected()).toBe(false);
    for (let tries = 0; !hub.connected() && tries < 200; tries += 1) await sleep(50);
    expect(hub.connected()).toBe(true);
    expect(untold.connected()).toBe(false);
  });

  it('is not to be told of a server that does not answer', async () => {
    const { authorities } = broker.certificates;
    await broker.stop();
    await expect(shownAuthorities(broker.nats.url, authorities)).rejects.toMatchObject({ code: 'bus-unreachable' });
  });
});
