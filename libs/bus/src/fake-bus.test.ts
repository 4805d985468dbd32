import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { type BusBroker, bytes, eventually, pause, text } from '#ports/contract-suites/bus-broker';
import { describeAgentBusContract } from '#ports/contract-suites/agent-bus-contract-suite';
import { describeHubBusContract } from '#ports/contract-suites/hub-bus-contract-suite';
import { makeAgentKey } from './agent-key.js';
import { type FakeBus, makeFakeBus } from './fake-bus.js';

async function open(): Promise<BusBroker> {
  const fake = makeFakeBus();
  const opened: { close(): Promise<void> }[] = [];
  return {
    openHub: async () => {
      const hub = fake.hub();
      opened.push(hub);
      return hub;
    },
    openAgent: async (cluster, key, credential) => {
      let refusals = 0;
      const bus = fake.agent({ cluster, key, credential, onAuthExpired: () => void (refusals += 1) });
      opened.push(bus);
      await bus.ready;
      return { bus, refusals: () => refusals };
    },
    makeAgentKey: () => makeAgentKey().publicKey,
    stop: async () => fake.stop(),
    start: async () => fake.start(),
    close: async () => {
      await Promise.all(opened.map((each) => each.close()));
    },
  };
}

describeHubBusContract('the fake', open);
describeAgentBusContract('the fake', open);

describe('what the fake does on demand', () => {
  async function agentOf(fake: FakeBus, cluster: string) {
    const key = makeAgentKey().publicKey;
    const credential = await fake.hub().mintCredential(cluster, key);
    const bus = fake.agent({ cluster, key, credential: () => credential });
    await bus.ready;
    return bus;
  }

  it('cuts one cluster off and brings it back', async () => {
    const fake = makeFakeBus();
    const cluster = randomUUID();
    const [cut, other] = await Promise.all([agentOf(fake, cluster), agentOf(fake, randomUUID())]);
    let back = 0;
    cut.onReconnect(() => void (back += 1));
    fake.cutOff(cluster);
    await expect(cut.fetchManifest()).rejects.toMatchObject({ kind: 'retryable' });
    expect(await other.fetchManifest()).toBeNull();
    await pause(50);
    expect(back).toBe(0);
    fake.bringBack(cluster);
    await eventually(() => back === 1, 'the cluster back');
    expect(await cut.fetchManifest()).toBeNull();
    await Promise.all([cut.close(), other.close()]);
  });

  it('drops nudges, and hands reports over twice and in reverse', async () => {
    const fake = makeFakeBus();
    const cluster = randomUUID();
    const hub = fake.hub();
    const agent = await agentOf(fake, cluster);
    let nudges = 0;
    agent.onNudge(() => void (nudges += 1));
    Object.assign(fake.faults, { dropNudges: true, duplicateStatus: true, reverseStatus: true });
    await hub.putManifest(cluster, bytes('x'), 0);
    await agent.publishStatus('a', bytes('1'));
    await agent.publishStatus('b', bytes('2'));
    const seen: (string | null)[] = [];
    const consumer = await hub.consumeStatus(async (batch) => void seen.push(...batch.map((each) => text(each.body))));
    await hub.drainStatus();
    expect(seen).toEqual(['2', '2', '1', '1']);
    expect(nudges).toBe(0);
    await consumer.stop();
    await agent.close();
  });
});
