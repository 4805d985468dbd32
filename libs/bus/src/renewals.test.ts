import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AgentBus, HubBus } from '#ports';
import { joinAgent, pause } from '#ports/contract-suites/bus-broker';
import { RealBroker } from './real-broker.suite.js';

describe('renewals', () => {
  let broker: RealBroker;
  let hub: HubBus;
  let hostile: AgentBus;
  let other: AgentBus;
  beforeAll(async () => {
    broker = await RealBroker.open();
    hub = await broker.openHub();
    ({ bus: hostile } = await joinAgent(broker, hub, randomUUID()));
    ({ bus: other } = await joinAgent(broker, hub, randomUUID()));
  });
  afterAll(async () => {
    await broker.close();
  });

  it('that flood cost no more than a few hundred answers a second, and others get theirs when they try again', async () => {
    let answered = 0;
    hub.onRenew(async (cluster) => {
      answered += 1;
      return `a credential for ${cluster}`;
    });
    const started = performance.now();
    let sent = 0;
    let isOver = false;
    const flood = (async () => {
      while (!isOver && sent < 60_000) {
        await Promise.allSettled(Array.from({ length: 500 }, () => hostile.renewCredential()));
        sent += 500;
      }
    })();
    let got = '';
    while (got === '' && performance.now() - started < 20_000) {
      got = await other.renewCredential().catch(() => '');
      await pause(20);
    }
    isOver = true;
    await flood;
    expect(got).toMatch(/^a credential for /);
    const seconds = (performance.now() - started) / 1_000;
    // What is on its way when a window closes comes on top.
    expect(answered).toBeLessThanOrEqual(400 * (1 + Math.ceil(seconds)));
  }, 60_000);
});
