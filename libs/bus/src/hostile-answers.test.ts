import { randomBytes, randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { headers, type Msg, type NatsConnection } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import type { AgentBus, HubBus } from '#ports';
import { bytes, eventually, joinAgent, pause, text } from '#ports/contract-suites/bus-broker';
import { PART_HEADER, PARTS_HEADER } from './answer-parts.js';
import { makeAgentKey } from './agent-key.js';
import { splitUrls, tlsOptions } from './client-options.js';
import { nkeyFromSeed } from './nkey.js';
import { RealBroker } from './real-broker.suite.js';

const newId = (): string => randomBytes(16).toString('hex');

/** An agent that was taken over: with a good credential of its own cluster it says whatever it likes to those who ask. */
describe('asks and a hostile agent on a real nats-server', () => {
  let broker: RealBroker;
  let hub: HubBus;
  let victim: string;
  let victimBus: AgentBus;
  let me: string;
  let attacker: NatsConnection;
  let complaints: string[] = [];
  /** Called with each ask that the attacker is given. */
  let onAsk: (message: Msg) => void = () => undefined;

  beforeAll(async () => {
    broker = await RealBroker.open();
    hub = await broker.openHub();
    victim = randomUUID();
    me = randomUUID();
    victimBus = (await joinAgent(broker, hub, victim)).bus;
    const { publicKey, seed } = makeAgentKey();
    const credential = await hub.mintCredential(me, publicKey);
    const key = nkeyFromSeed(seed);
    attacker = await connect({
      servers: splitUrls(broker.nats.url),
      tls: tlsOptions(broker.certificates.caPem),
      authenticator: (nonce) => ({ jwt: credential, sig: key.sign(Buffer.from(nonce ?? '')).toString('base64url') }),
      inboxPrefix: `_INBOX.${me}`,
      reconnect: false,
    });
    const watch = async () => {
      for await (const status of attacker.status()) if (status.type === 'error') complaints.push(status.error.message);
    };
    watch().catch((error: unknown) => complaints.push(String(error)));
    attacker.subscribe(`fleet.v1.down.${me}.ask`, { callback: (_error, message) => onAsk(message) });
    await attacker.flush();
  });
  afterAll(async () => {
    await attacker.close();
    await broker.close();
  });
  beforeEach(() => {
    complaints = [];
  });
  afterEach(() => {
    onAsk = () => undefined;
  });

  function part(subject: string, number: string, count: string, body: Uint8Array): void {
    const which = headers();
    which.set(PART_HEADER, number);
    which.set(PARTS_HEADER, count);
    attacker.publish(subject, body, { headers: which });
  }

  /** Asks the victim, has `meanwhile` done before it answers, and gives what the hub took for its answer. */
  async function askVictim(id: string, meanwhile: () => Promise<void>): Promise<string | null> {
    const answer = hub.ask(victim, id, bytes('who is there?'), { timeoutMs: 30_000 });
    answer.catch(() => undefined);
    await pause(50);
    await meanwhile();
    await victimBus.publishAnswer(id, bytes('the victim'));
    return text(await answer);
  }

  async function isDenied(act: () => void): Promise<void> {
    act();
    await attacker.flush();
    await eventually(() => /permissions violation/i.test(complaints.join()), 'the denial');
  }

  it('can be asked and can answer, so that the denials below mean something', async () => {
    onAsk = () => part(`fleet.v1.up.${me}.answer.${'1'.repeat(32)}`, '0', '1', gzipSync('the attacker'));
    expect(text(await hub.ask(me, '1'.repeat(32), bytes('x'), { timeoutMs: 30_000 }))).toBe('the attacker');
    expect(complaints).toEqual([]);
  });

  it.each([
    ["another's asks", () => `fleet.v1.down.${victim}.ask`],
    ["everybody's asks", () => 'fleet.v1.down.*.ask'],
    ["another's answers", () => `fleet.v1.up.${victim}.answer.*`],
    ["everybody's answers", () => 'fleet.v1.up.*.answer.>'],
    ['its own answers as the hub hears them', () => `fleet.v1.up.${me}.answer.*`],
  ])('is denied listening to %s', async (_name, subject) => {
    await isDenied(() => void attacker.subscribe(subject(), { callback: () => undefined }));
  });

  it.each([
    ['asking another cluster', () => `fleet.v1.down.${victim}.ask`],
    ['asking its own cluster', () => `fleet.v1.down.${me}.ask`],
  ])('is denied %s', async (_name, subject) => {
    let asks = 0;
    victimBus.onAsk(() => void (asks += 1));
    await isDenied(() => attacker.publish(subject(), 'forged'));
    await pause(50);
    expect(asks).toBe(0);
  });

  it("cannot answer in another's place although it knows the id", async () => {
    const id = newId();
    const answer = await askVictim(id, () =>
      isDenied(() => part(`fleet.v1.up.${victim}.answer.${id}`, '0', '1', gzipSync('the attacker'))),
    );
    expect(answer).toBe('the victim');
  });

  it("is not taken for another by that other's id under its own name", async () => {
    const id = newId();
    const answer = await askVictim(id, async () => {
      part(`fleet.v1.up.${me}.answer.${id}`, '0', '1', gzipSync('the attacker'));
      await attacker.flush();
    });
    expect(answer).toBe('the victim');
    expect(complaints).toEqual([]);
  });

  it("cannot have the broker's acknowledgement of its own report, or the hub's word, put into another's answer", async () => {
    hub.onRenew(async (cluster) => `a credential for ${cluster}`);
    const id = newId();
    const answer = await askVictim(id, async () => {
      const reply = `fleet.v1.up.${victim}.answer.${id}`;
      const which = headers();
      which.set(PART_HEADER, '0');
      which.set(PARTS_HEADER, '1');
      for (const subject of [`fleet.v1.up.${me}.status.shop`, `fleet.v1.rpc.${me}.renew`, `fleet.v1.get.${me}`]) {
        attacker.publish(subject, 'mine', { reply, headers: which });
      }
      await attacker.flush();
      await pause(100);
    });
    expect(answer).toBe('the victim');
  });

  it("hands at most words of the broker's own to another's agent as an ask", async () => {
    const asks: (string | null)[] = [];
    victimBus.onAsk((envelope) => void asks.push(text(envelope)));
    attacker.publish(`fleet.v1.up.${me}.status.shop`, 'forged', { reply: `fleet.v1.down.${victim}.ask` });
    await attacker.flush();
    await pause(100);
    expect(asks.join()).not.toContain('forged');
  });

  it.each<[string, (subject: string) => void]>([
    ['says nothing of its parts', (subject) => attacker.publish(subject, gzipSync('x'))],
    ['says that there are a million', (subject) => part(subject, '0', '1000000', gzipSync('x'))],
    ['sends a part past the last', (subject) => part(subject, '7', '2', gzipSync('x'))],
    [
      'sends one twice',
      (subject) => {
        part(subject, '0', '2', gzipSync('x'));
        part(subject, '0', '2', gzipSync('x'));
      },
    ],
    ['sends a part that is too large', (subject) => part(subject, '0', '1', randomBytes(200 * 1024))],
    ['sends no gzip', (subject) => part(subject, '0', '1', bytes('{}'))],
    ['sends what would inflate to gigabytes', (subject) => part(subject, '0', '1', bomb())],
  ])('has its answer refused that %s', async (_name, answer) => {
    const id = newId();
    onAsk = () => answer(`fleet.v1.up.${me}.answer.${id}`);
    const asked = hub.ask(me, id, bytes('x'), { timeoutMs: 30_000 });
    await expect(asked).rejects.toMatchObject({ kind: 'rejected', code: 'answer-invalid' });
  });

  it('is cut off when it floods the hub with parts, and the next answer is taken as ever', async () => {
    const id = newId();
    const subject = `fleet.v1.up.${me}.answer.${id}`;
    const body = new Uint8Array(100 * 1024);
    let isFlooding = true;
    const flood = async (): Promise<void> => {
      for (let n = 0; isFlooding && n < 2_000; n += 1) {
        part(subject, String(n % 64), '64', body);
        if (n % 16 === 15) await attacker.flush();
      }
    };
    let flooded: Promise<void> = Promise.resolve();
    onAsk = () => void (flooded = flood());
    const before = process.memoryUsage.rss();
    const asked = hub.ask(me, id, bytes('x'), { timeoutMs: 30_000 });
    await expect(asked).rejects.toMatchObject({ kind: 'rejected', code: 'answer-invalid' });
    // The broker says at once that nobody listens to that subject any more.
    await expect(attacker.request(subject, body, { timeout: 5_000 })).rejects.toThrow(/no responders/i);
    isFlooding = false;
    await flooded;
    expect(process.memoryUsage.rss() - before).toBeLessThan(256 * 1024 * 1024);
    const next = newId();
    onAsk = () => part(`fleet.v1.up.${me}.answer.${next}`, '0', '1', gzipSync('fine again'));
    expect(text(await hub.ask(me, next, bytes('x'), { timeoutMs: 30_000 }))).toBe('fine again');
  });

  it('is waited for no longer by sending each part just in time', async () => {
    const id = newId();
    let number = 0;
    const timer = setInterval(() => {
      part(`fleet.v1.up.${me}.answer.${id}`, String(number++), '64', new Uint8Array(1));
    }, 100);
    const asked = hub.ask(me, id, bytes('x'), { timeoutMs: 500 });
    await expect(asked).rejects.toMatchObject({ kind: 'retryable', code: 'agent-silent' });
    clearInterval(timer);
    expect(number).toBeLessThan(64);
  });
});

/** 120 KiB or so that inflate to 100 MiB. */
function bomb(): Uint8Array {
  return gzipSync(Buffer.alloc(100 * 1024 * 1024), { level: 9 });
}
