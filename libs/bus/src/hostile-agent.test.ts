import { createHash, randomUUID } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { headers, type NatsConnection, type PublishOptions } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import type { HubBus, StatusMessage } from '#ports';
import { bytes, eventually, joinAgent, pause, text } from '#ports/contract-suites/bus-broker';
import { agentUserJwt, hubUserJwt, systemUserJwt } from './accounts.js';
import { makeAgentKey } from './agent-key.js';
import { splitUrls, tlsOptions } from './client-options.js';
import { readJwt, signJwt } from './jwt.js';
import { makeBusKeys } from './nats-keys.js';
import { makeNkey, nkeyFromSeed } from './nkey.js';
import { RealBroker } from './real-broker.suite.js';

const secret = 'the victim has this manifest';
const report = 'the victim reported this';
const bundle = bytes('a bundle whose digest the attacker does not know');
const digest = createHash('sha256').update(bundle).digest('hex');

/** An agent that was taken over: it has a good credential of its own cluster, and speaks whatever it likes. */
describe('a hostile agent on a real nats-server', () => {
  let broker: RealBroker;
  let hub: HubBus;
  let attacker: NatsConnection;
  let me: string;
  let victim: string;
  let attackerSeed: string;
  let attackerCredential: string;
  let complaints: string[] = [];
  /** Whatever the hub's account saw that is not the attacker's own. */
  let spied: string[] = [];
  let spy: NatsConnection;
  let victimNudges = 0;

  async function connectRaw(credential: string, seed: string): Promise<NatsConnection> {
    const key = nkeyFromSeed(seed);
    return await connect({
      servers: splitUrls(broker.nats.url),
      tls: tlsOptions(broker.certificates.caPem),
      authenticator: (nonce) => ({
        jwt: credential,
        sig: key.sign(Buffer.from(nonce ?? '')).toString('base64url'),
      }),
      inboxPrefix: `_INBOX.${me}`,
      reconnect: false,
    });
  }

  beforeAll(async () => {
    broker = await RealBroker.open();
    hub = await broker.openHub();
    me = randomUUID();
    victim = randomUUID();
    await hub.putManifest(victim, bytes(secret), 0);
    await hub.putManifest(me, bytes('the attacker has this one'), 0);
    await hub.putBundle(digest, bundle);
    const { bus } = await joinAgent(broker, hub, victim);
    bus.onNudge(() => void (victimNudges += 1));
    await bus.publishStatus('shop', bytes(report));
    hub.onRenew(async (cluster) => `a credential for ${cluster}`);
    const { publicKey, seed } = makeAgentKey();
    attackerSeed = seed;
    attackerCredential = await hub.mintCredential(me, publicKey);
    const user = makeNkey('user');
    spy = await connectRaw(hubUserJwt(broker.keys, user.publicKey, Math.floor(Date.now() / 1000)), user.seed);
    // Not `>`: it would look to the server like somebody who waits for what hubs that went away had asked for.
    for (const subject of ['fleet.>', '$KV.>', '_INBOX.guess']) {
      spy.subscribe(subject, {
        callback: (_error, message) => {
          const own = [`fleet.v1.up.${me}.`, `fleet.v1.rpc.${me}.`];
          if (!own.some((prefix) => message.subject.startsWith(prefix))) spied.push(message.subject);
        },
      });
    }
    await spy.flush();
  });
  afterAll(async () => {
    await attacker.close();
    await spy.close();
    await broker.close();
  });
  beforeEach(async () => {
    if (attacker === undefined || attacker.isClosed()) {
      attacker = await connectRaw(attackerCredential, attackerSeed);
      const connection = attacker;
      const watch = async () => {
        for await (const status of connection.status()) {
          if (status.type === 'error') complaints.push(status.error.message);
        }
      };
      watch().catch((error: unknown) => complaints.push(String(error)));
    }
    complaints = [];
    spied = [];
    victimNudges = 0;
  });

  /** Everything the victim has is as it was. */
  async function victimIsUnharmed(): Promise<void> {
    expect(text((await hub.getManifest(victim))?.envelope)).toBe(secret);
    expect(await lastReport(victim)).toBe(report);
    expect(await hub.hasBundle(digest)).toBe(true);
  }

  async function lastReport(cluster: string): Promise<string | undefined> {
    const query = JSON.stringify({ last_by_subj: `fleet.v1.up.${cluster}.status.shop` });
    const answer = (await spy.request('$JS.API.STREAM.MSG.GET.STATUS', query)).json<{ message?: { data: string } }>();
    return Buffer.from(answer.message?.data ?? '', 'base64').toString();
  }

  async function publish(subject: string, body = 'forged', options: PublishOptions = {}): Promise<void> {
    attacker.publish(subject, body, options);
    await attacker.flush();
    await pause(30);
  }

  async function isDenied(act: () => Promise<unknown>): Promise<void> {
    await act().catch(() => undefined);
    await pause(30);
    expect(complaints.join()).toMatch(/permissions violation/i);
    expect(spied).toEqual([]);
    await victimIsUnharmed();
  }

  it('can do what an agent must, so that the denials below mean something', async () => {
    expect((await attacker.request(`fleet.v1.get.${me}`)).string()).toBe('the attacker has this one');
    const stored = await attacker.request(`fleet.v1.up.${me}.status.shop`, bytes('mine'));
    expect(stored.json()).toMatchObject({ stream: 'STATUS' });
    expect((await attacker.request(`fleet.v1.blob.${digest}.0`)).string()).toBe(text(bundle));
    expect((await attacker.request(`fleet.v1.rpc.${me}.renew`)).string()).toBe(`a credential for ${me}`);
    expect(complaints).toEqual([]);
    await victimIsUnharmed();
  });

  const deniedPublishes: readonly (readonly [string, (victim: string) => string])[] = [
    ["reading another cluster's manifest", (v) => `fleet.v1.get.${v}`],
    ['reading all manifests by a wildcard', () => 'fleet.v1.get.*'],
    ["reading another's manifest past the import", (v) => `$JS.API.DIRECT.GET.KV_assign.$KV.assign.${v}`],
    ['reading a stream by sequence', () => '$JS.API.STREAM.MSG.GET.KV_assign'],
    ["overwriting another cluster's manifest", (v) => `$KV.assign.${v}`],
    ['overwriting its own manifest', () => `$KV.assign.${me}`],
    ['overwriting a bundle', () => `$KV.bundle.${digest.slice(0, 32)}.${digest.slice(32)}.0`],
    ['reading a bundle past the mapping', () => `fleet.v1.chunk.${digest.slice(0, 32)}.${digest.slice(32)}.0`],
    ['revoking another agent', () => `$KV.revoked.${makeAgentKey().publicKey}`],
    ['reporting as another cluster', (v) => `fleet.v1.up.${v}.status.shop`],
    ['a heartbeat as another cluster', (v) => `fleet.v1.up.${v}.heartbeat`],
    ["renewing another cluster's credential", (v) => `fleet.v1.rpc.${v}.renew`],
    ['nudging another cluster', (v) => `fleet.v1.down.${v}.nudge`],
    ['nudging its own cluster', () => `fleet.v1.down.${me}.nudge`],
    ["writing into another's inbox", (v) => `_INBOX.${v}.guess`],
    ["writing into the hub's inbox", () => '_INBOX.guess'],
    ['listing streams', () => '$JS.API.STREAM.NAMES'],
    ['deleting a stream', () => '$JS.API.STREAM.DELETE.STATUS'],
    ['purging a stream', () => '$JS.API.STREAM.PURGE.KV_assign'],
    ['making a stream', () => '$JS.API.STREAM.CREATE.MINE'],
    ['making a consumer', () => '$JS.API.CONSUMER.CREATE.STATUS'],
    ["taking the hub's reports", () => '$JS.API.CONSUMER.MSG.NEXT.STATUS.hub'],
    ["acknowledging the hub's reports", () => '$JS.ACK.STATUS.hub.1.1.1.1.1'],
    ['handing in an account', () => '$SYS.REQ.CLAIMS.UPDATE'],
    ['asking the servers about themselves', () => '$SYS.REQ.SERVER.PING'],
    ['asking for connections', () => `$SYS.REQ.ACCOUNT.${broker.keys.agents.publicKey}.CONNZ`],
  ];

  it.each(deniedPublishes)('is denied %s', async (_name, subject) => {
    await isDenied(() => attacker.request(subject(victim), '{}', { timeout: 300 }));
  });

  const deniedSubscriptions: readonly (readonly [string, (victim: string) => string])[] = [
    ["another's down subjects", (v) => `fleet.v1.down.${v}.>`],
    ["everybody's down subjects", () => 'fleet.v1.down.*.assign'],
    ["another's inbox", (v) => `_INBOX.${v}.>`],
    ['all inboxes', () => '_INBOX.>'],
    ["other clusters' reports", () => 'fleet.v1.up.>'],
    ['renewals, to answer them in place of the hub', () => 'fleet.v1.rpc.*.renew'],
    ['reads of manifests, to answer them in place of the hub', (v) => `fleet.v1.get.${v}`],
    ['everything', () => '>'],
    ["the servers' events", () => '$SYS.>'],
    ["the hub's buckets", () => '$KV.>'],
  ];

  it.each(deniedSubscriptions)('is denied listening to %s', async (_name, subject) => {
    await isDenied(async () => {
      attacker.subscribe(subject(victim), { callback: () => undefined });
      await attacker.flush();
    });
  });

  it("is denied joining the queue group of another's subscription", async () => {
    await isDenied(async () => {
      attacker.subscribe(`fleet.v1.down.${victim}.>`, { queue: 'any', callback: () => undefined });
      await attacker.flush();
    });
  });

  it.each([
    ['manifest', (v: string) => `$KV.assign.${v}`],
    ['report', (v: string) => `fleet.v1.up.${v}.status.shop`],
    ['heartbeat', (v: string) => `fleet.v1.up.${v}.heartbeat`],
    ['renewal', (v: string) => `fleet.v1.rpc.${v}.renew`],
    ['bundle', () => `$KV.bundle.${digest.slice(0, 32)}.${digest.slice(32)}.0`],
    ['stream', () => '$JS.API.STREAM.PURGE.STATUS'],
    ['account', () => '$SYS.REQ.CLAIMS.UPDATE'],
  ])("cannot make the broker's acknowledgement of its own report overwrite another's %s", async (_name, reply) => {
    await publish(`fleet.v1.up.${me}.status.shop`, 'mine', { reply: reply(victim) });
    await publish(`fleet.v1.rpc.${me}.renew`, '', { reply: reply(victim) });
    await publish(`fleet.v1.get.${me}`, '', { reply: reply(victim) });
    expect(spied).toEqual([]);
    await victimIsUnharmed();
  });

  it('can at most nudge another by such a reply, with words that are not its own', async () => {
    await publish(`fleet.v1.up.${me}.status.shop`, 'mine', { reply: `fleet.v1.down.${victim}.assign` });
    expect(victimNudges).toBeLessThanOrEqual(1);
    await victimIsUnharmed();
  });

  it.each([
    { last_by_subj: '$KV.assign.*' },
    { next_by_subj: '$KV.assign.*' },
    { multi_last: ['$KV.assign.>'] },
    { seq: 1 },
    { batch: 10, next_by_subj: '>' },
  ])('cannot widen its read of its own manifest by a body: %j', async (body) => {
    const answers: string[] = [];
    const named = { ...body, ...('last_by_subj' in body ? { last_by_subj: `$KV.assign.${victim}` } : {}) };
    for (const each of [body, named]) {
      const many = await attacker.requestMany(`fleet.v1.get.${me}`, JSON.stringify(each), {
        maxWait: 150,
        strategy: 'timer',
      });
      for await (const answer of many) answers.push(answer.string());
    }
    expect(answers.join()).not.toContain(secret);
    await victimIsUnharmed();
  });

  it.each([
    ['*', '0'],
    ['*', '*'],
    ['*', '>'],
    ['>', '0'],
    ['>', '>'],
    [`*.${digest.slice(32)}`, '0'],
    [`${'*'.repeat(32)}*`, '0'],
    [`${digest.slice(0, 32)}`, '*'],
    [`${digest.slice(0, 31)}*`, '>'],
  ])('cannot read a bundle whose digest it does not know, by asking for %s chunk %s', async (guess, chunk) => {
    for (const prefix of ['fleet.v1.blob', 'fleet.v1.chunk', '$JS.API.DIRECT.GET.KV_bundle.$KV.bundle']) {
      const answer = await attacker.request(`${prefix}.${guess}.${chunk}`, '', { timeout: 300 }).catch(() => null);
      expect(answer?.string() ?? '').not.toContain('a bundle whose digest');
    }
    await victimIsUnharmed();
  });

  it.each([
    ['Nats-Rollup', 'all'],
    ['Nats-Rollup', 'sub'],
    ['Nats-Schedule-Target', 'VICTIM'],
    ['Nats-Trace-Dest', 'VICTIM'],
    ['Nats-Batch-Id', 'x'],
    ['Nats-TTL', '1s'],
    ['Nats-Marker-Reason', 'MaxAge'],
    ['KV-Operation', 'PURGE'],
    ['Nats-Stream-Source', 'KV_assign 1 > > >'],
  ])('cannot harm others by the header %s: %s', async (name, value) => {
    const hostile = headers();
    hostile.set(name, value.replace('VICTIM', `$KV.assign.${victim}`));
    if (name === 'Nats-Schedule-Target') hostile.set('Nats-Schedule', `@at ${new Date(Date.now() + 50).toISOString()}`);
    if (name === 'Nats-Batch-Id') {
      hostile.set('Nats-Batch-Sequence', '1');
      hostile.set('Nats-Batch-Commit', '1');
    }
    await publish(`fleet.v1.up.${me}.status.shop`, 'mine', { headers: hostile });
    await pause(100);
    expect(spied).toEqual([]);
    await victimIsUnharmed();
  });

  it("cannot suppress another's report by using its message id first", async () => {
    const same = headers();
    same.set('Nats-Msg-Id', 'guessed');
    await publish(`fleet.v1.up.${me}.status.shop`, 'mine', { headers: same });
    await publish(`fleet.v1.up.${me}.status.blog`, 'mine too', { headers: same });
    await victimIsUnharmed();
  });

  it('is cut off when a message is larger than an agent may send', async () => {
    const connection = await connectRaw(attackerCredential, attackerSeed);
    const socket = (connection as unknown as { protocol: { transport: { send(bytes: Uint8Array): void } } }).protocol
      .transport;
    // Past the client's own check.
    socket.send(bytes(`PUB fleet.v1.up.${me}.status.shop 300000\r\n${'x'.repeat(300_000)}\r\n`));
    const why = await connection.closed();
    expect(String(why)).toMatch(/maximum payload/i);
    await victimIsUnharmed();
  });

  it('has a report refused that is larger than a report may be', async () => {
    const answer = await attacker.request(`fleet.v1.up.${me}.status.shop`, new Uint8Array(100_000));
    expect(answer.json()).toMatchObject({ error: { err_code: 10054 } });
  });

  it('may hold 20 subscriptions and no more', async () => {
    const connection = await connectRaw(attackerCredential, attackerSeed);
    const errors: string[] = [];
    const watch = async () => {
      for await (const status of connection.status()) if (status.type === 'error') errors.push(status.error.message);
    };
    watch().catch(() => undefined);
    for (let n = 0; n < 25; n += 1) connection.subscribe(`_INBOX.${me}.${n}.>`, { callback: () => undefined });
    await connection.flush().catch(() => undefined);
    await eventually(() => errors.some((each) => /maximum subscriptions/i.test(each)), 'the limit');
    await connection.close();
  });

  it.each([
    ["another's credential without its key", async () => [await victimCredential(), makeAgentKey().seed]],
    [
      'a credential whose tag it changed',
      async () => {
        const claims = readJwt(attackerCredential);
        const forged = { ...claims, nats: { ...claims?.nats, tags: [`cluster:${victim}`] } };
        const [header, , signature] = attackerCredential.split('.');
        const body = Buffer.from(JSON.stringify(forged)).toString('base64url');
        return [`${header}.${body}.${signature}`, attackerSeed];
      },
    ],
    [
      'a credential that it signed by its own key',
      async () => {
        const key = nkeyFromSeed(attackerSeed);
        const tags = [`cluster:${victim}`];
        const nats = { type: 'user', issuer_account: broker.keys.agents.publicKey, tags };
        return [signJwt(key, { sub: key.publicKey, name: 'x', iat: 1, nats }), attackerSeed];
      },
    ],
    [
      'a credential of another operator with the same names',
      async () => {
        const { publicKey, seed } = makeAgentKey();
        const others = { ...makeBusKeys(), agents: broker.keys.agents };
        return [agentUserJwt(others, victim, publicKey, Math.floor(Date.now() / 1000), 3600), seed];
      },
    ],
    ['no credential', async () => ['', attackerSeed]],
  ])('is not let in with %s', async (_name, forge) => {
    const [credential, seed] = await forge();
    await expect(connectRaw(credential ?? '', seed ?? '')).rejects.toThrow(/authorization|closed|reset/i);
  });

  async function victimCredential(): Promise<string> {
    return await hub.mintCredential(victim, makeAgentKey().publicKey);
  }

  it("has no rights left when a signature of the agents' signing key gives more than its scope", async () => {
    const { publicKey, seed } = makeAgentKey();
    const nats = {
      type: 'user',
      issuer_account: broker.keys.agents.publicKey,
      tags: [`cluster:${me}`],
      pub: { allow: ['>'] },
      sub: { allow: ['>'] },
      subs: -1,
      data: -1,
      payload: -1,
    };
    const iat = Math.floor(Date.now() / 1000);
    const wide = signJwt(broker.keys.agentSigner, { sub: publicKey, name: 'wide', iat, nats });
    await expect(connectRaw(wide, seed)).rejects.toThrow(/authorization/i);
  });

  it('sees nothing in the clear before TLS', async () => {
    const received = await new Promise<string>((resolve) => {
      const socket = connectTcp(broker.nats.port, '127.0.0.1');
      let data = '';
      socket.on('data', (chunk) => (data += chunk.toString('latin1')));
      socket.on('close', () => resolve(data));
      socket.on('error', () => resolve(data));
      socket.write('CONNECT {}\r\nPING\r\n');
      setTimeout(() => socket.destroy(), 300);
    });
    expect(received).not.toMatch(/INFO|PONG|nonce/);
  });

  it("gives the hub's user in the system account no more than it needs", async () => {
    const user = makeNkey('user');
    const iat = Math.floor(Date.now() / 1000);
    const system = await connectRaw(systemUserJwt(broker.keys, user.publicKey, iat), user.seed);
    await expect(system.request('$SYS.REQ.SERVER.PING.CONNZ', '', { timeout: 300 })).rejects.toThrow(/permission/i);
    await system.close();
  });

  it.each(['*', '>', 'A', 'x y', '\u0000', 'ä'.repeat(40)])(
    'cannot hand the hub a report on an application of the name %j',
    async (name) => {
      const seen: StatusMessage[] = [];
      const consumer = await hub.consumeStatus(async (batch) => void seen.push(...batch));
      // Past the client's own check.
      attacker.publish(`fleet.v1.up.${me}.status.${name.replace(' ', '_')}`, 'x');
      await attacker.request(`fleet.v1.up.${me}.status.fine`, 'x');
      try {
        await eventually(() => seen.some((each) => each.application === 'fine'), 'the good report', 3_000);
      } finally {
        await consumer.stop();
      }
      expect(seen.map((each) => each.application).filter((each) => !/^[a-z0-9-]{1,63}$/.test(each))).toEqual([]);
      await victimIsUnharmed();
    },
  );

  it('left the victim able to report', async () => {
    const seen: StatusMessage[] = [];
    const { bus } = await joinAgent(broker, hub, victim);
    const consumer = await hub.consumeStatus(async (batch) => void seen.push(...batch));
    await bus.publishStatus('shop', bytes('the next report'));
    await hub.drainStatus();
    await consumer.stop();
    const victims = seen.filter((each) => each.cluster === victim).map((each) => text(each.body));
    expect(victims).toEqual(['the next report']);
  });
});
