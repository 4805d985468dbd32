import { deepStrictEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection, PublishOptions } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import type { AgentBus, HeartbeatMessage, HubBus, StatusMessage } from '#ports';
import { bytes, eventually, joinAgent, pause, text } from '#ports/contract-suites/bus-broker';
import { hubUserJwt } from '../../libs/bus/src/accounts.js';
import { makeAgentKey } from '../../libs/bus/src/agent-key.js';
import { splitUrls, tlsOptions } from '../../libs/bus/src/client-options.js';
import { connectHubBus } from '../../libs/bus/src/connect-hub-bus.js';
import { nkeyFromSeed, makeNkey } from '../../libs/bus/src/nkey.js';
import { RealBroker, silent } from '../../libs/bus/src/real-broker.suite.js';

export const MANIFEST = 'the victim has this manifest';
export const REPORT = 'the victim reported this';
export const BUNDLE = 'a bundle whose digest the attacker does not know';
export const DIGEST = createHash('sha256').update(BUNDLE).digest('hex');
/** How many reports the hub of the scene keeps of one cluster. */
export const QUOTA = 200;

/** One agent that was taken over, a victim and a bystander, a hub, and somebody who listens in the hub's own account. */
export class HostileScene {
  readonly me = randomUUID();
  readonly victim = randomUUID();
  readonly bystander = randomUUID();
  hub!: HubBus;
  attacker!: NatsConnection;
  seed = '';
  credential = '';
  victimBus!: AgentBus;
  bystanderBus!: AgentBus;
  spy!: NatsConnection;
  manager!: JetStreamManager;
  /** What the server said to the attacker. */
  complaints: string[] = [];
  /** Subjects on which the hub's account heard something that nobody had a right to say. */
  spied: string[] = [];
  heartbeats: HeartbeatMessage[] = [];
  renewed: string[] = [];
  gone: string[] = [];
  victimNudges = 0;
  /** How often the hub, and the victim, lost their connection. */
  lost = 0;

  private constructor(readonly broker: RealBroker) {}

  static async open(): Promise<HostileScene> {
    const scene = new HostileScene(await RealBroker.open());
    await scene.prepare();
    return scene;
  }

  async close(): Promise<void> {
    await this.attacker?.close();
    await this.spy?.close();
    await this.hub?.close();
    await this.broker.close();
  }

  /** Before each attempt: a connection that works, and nothing seen. */
  async begin(): Promise<void> {
    if (this.attacker === undefined || this.attacker.isClosed()) {
      this.attacker = await this.connectAs(this.credential, this.seed);
      this.watch(this.attacker, this.complaints);
    }
    this.complaints.length = 0;
    this.spied = [];
    this.heartbeats = [];
    this.renewed = [];
    this.gone = [];
    this.victimNudges = 0;
    this.lost = 0;
  }

  /** After each attempt: everything that the victim and the hub have is as it was, seen from the hub's side. */
  async unharmed(): Promise<void> {
    await this.spy.flush();
    await pause(20);
    deepStrictEqual(this.spied, []);
    equal(text((await this.hub.getManifest(this.victim))?.envelope), MANIFEST);
    equal(await this.lastReport(this.victim, 'shop'), REPORT);
    equal(await this.hub.hasBundle(DIGEST), true);
    equal(this.lost, 0, 'the hub or the victim was cut off');
    equal(this.hub.connected() && this.victimBus.connected(), true);
    deepStrictEqual(
      this.heartbeats.filter(({ cluster }) => cluster === this.victim),
      [],
    );
    ok(!this.renewed.includes(this.victim));
  }

  /** Fails unless the server denied what `act` tried. */
  async denied(act: () => unknown): Promise<void> {
    await Promise.resolve(act()).catch(() => undefined);
    await this.attacker.flush().catch(() => undefined);
    await eventually(() => /permissions violation/i.test(this.complaints.join()), 'the denial');
  }

  async deniedPublish(subject: string): Promise<void> {
    await this.denied(async () => await this.attacker.request(subject, '{}', { timeout: 300 }));
  }

  async deniedSubscribe(subject: string, queue?: string): Promise<void> {
    await this.denied(() => {
      this.attacker.subscribe(subject, { ...(queue !== undefined && { queue }), callback: () => undefined });
    });
  }

  async publish(subject: string, body: string | Uint8Array = 'forged', options: PublishOptions = {}): Promise<void> {
    this.attacker.publish(subject, body, options);
    await this.attacker.flush();
    // What the broker itself says to a reply subject comes a moment after its word to us.
    await pause(60);
  }

  /** The words of whoever answers; '' where nobody does. */
  async ask(subject: string, body: string | Uint8Array = ''): Promise<string> {
    const answer = await this.attacker.request(subject, body, { timeout: 400 }).catch(() => null);
    return answer === null || (answer.headers?.code ?? 0) !== 0 ? '' : answer.string();
  }

  async connectAs(credential: string, seed: string, more: Record<string, unknown> = {}): Promise<NatsConnection> {
    const key = nkeyFromSeed(seed);
    return await connect({
      servers: splitUrls(this.broker.nats.url),
      tls: tlsOptions(this.broker.certificates.caPem),
      authenticator: (nonce) => ({
        jwt: credential,
        sig: key.sign(Buffer.from(nonce ?? '')).toString('base64url'),
        ...more,
      }),
      inboxPrefix: `_INBOX.${this.me}`,
      reconnect: false,
    });
  }

  /** Fails where the server lets it in. */
  async refused(credential: string, seed: string, more: Record<string, unknown> = {}): Promise<void> {
    const connection = await this.connectAs(credential, seed, more).catch((error: unknown) => String(error));
    if (typeof connection !== 'string') await connection.close();
    match(typeof connection === 'string' ? connection : 'it was let in', /authorization|closed|reset|invalid/i);
  }

  /** A connection of the attacker's with a list of what the server says to it. */
  async second(): Promise<{ readonly connection: NatsConnection; readonly errors: string[] }> {
    const connection = await this.connectAs(this.credential, this.seed);
    const errors: string[] = [];
    this.watch(connection, errors);
    return { connection, errors };
  }

  /** Writes bytes to the server past the client's own checks; answers why the connection ended. */
  async sendRaw(raw: string | Uint8Array): Promise<string> {
    const { connection } = await this.second();
    const { transport } = (connection as unknown as { protocol: { transport: { send(raw: Uint8Array): void } } })
      .protocol;
    transport.send(typeof raw === 'string' ? bytes(raw) : raw);
    return String(await connection.closed());
  }

  /** From a thread of its own, as fast as it goes, for that long and until `least` were sent. Answers how many were. */
  async flood(
    subject: string,
    size: number,
    ms: number,
    { names = false, least = 500 }: { readonly names?: boolean; readonly least?: number } = {},
  ): Promise<number> {
    const worker = new Worker(new URL('flood-worker.mjs', import.meta.url), {
      workerData: {
        server: splitUrls(this.broker.nats.url)[0],
        ca: this.broker.certificates.caPem,
        credential: this.credential,
        seed: this.seed,
        inboxPrefix: `_INBOX.${this.me}`,
        ...{ subject, size, ms, names, least: size > 10_000 ? 64 : least },
      },
    });
    return await new Promise((resolve, reject) => {
      worker.once('message', (sent: number) => resolve(sent));
      worker.once('error', reject);
    });
  }

  /** That the bystander is served meanwhile: it is nudged, reads its manifest, reports, and is heard. */
  async bystanderIsServed(): Promise<void> {
    const { bystander, bystanderBus: bus, hub } = this;
    const word = randomUUID();
    const before = await hub.getManifest(bystander);
    let nudged = 0;
    bus.onNudge(() => void (nudged += 1));
    await hub.putManifest(bystander, bytes(word), before?.revision ?? 0);
    await eventually(() => nudged > 0, 'the nudge of the bystander', 30_000);
    equal(text(await bus.fetchManifest()), word);
    await bus.publishStatus('shop', bytes(word));
    equal(await this.lastReport(bystander, 'shop'), word);
    bus.publishHeartbeat(bytes(word));
    const isHeard = ({ cluster, body }: HeartbeatMessage): boolean => cluster === bystander && text(body) === word;
    await eventually(() => this.heartbeats.some(isHeard), 'the heartbeat of the bystander', 30_000);
  }

  async lastReport(cluster: string, application: string): Promise<string | undefined> {
    const query = { last_by_subj: `fleet.v1.up.${cluster}.status.${application}` };
    const stored = await this.manager.streams.getMessage('STATUS', query);
    return text(stored?.data) ?? undefined;
  }

  /** What a hub takes from the stream of reports while `act` goes on, until `isEnough`. */
  async reportsDuring(
    act: () => Promise<unknown>,
    isEnough: (seen: readonly StatusMessage[]) => boolean,
  ): Promise<readonly StatusMessage[]> {
    const seen: StatusMessage[] = [];
    const consumer = await this.hub.consumeStatus(async (batch) => void seen.push(...batch));
    try {
      await act();
      await eventually(() => isEnough(seen), 'the report that ends it', 20_000);
    } finally {
      await consumer.stop();
    }
    return seen;
  }

  /** Nobody's words are in what the attacker was given. */
  knowsNothing(words: string): void {
    doesNotMatch(words, /the victim|whose digest/);
  }

  private async prepare(): Promise<void> {
    const { broker, me, victim, bystander } = this;
    this.hub = await connectHubBus({
      url: broker.nats.url,
      keys: broker.keys,
      caPem: broker.certificates.caPem,
      log: silent,
      reportsPerCluster: QUOTA,
    });
    const { hub } = this;
    await hub.putManifest(victim, bytes(MANIFEST), 0);
    await hub.putManifest(me, bytes('the attacker has this one'), 0);
    await hub.putBundle(DIGEST, bytes(BUNDLE));
    this.victimBus = (await joinAgent(broker, hub, victim)).bus;
    this.bystanderBus = (await joinAgent(broker, hub, bystander)).bus;
    this.victimBus.onNudge(() => void (this.victimNudges += 1));
    for (const each of [hub, this.victimBus, this.bystanderBus]) each.onReconnect(() => void (this.lost += 1));
    await this.victimBus.publishStatus('shop', bytes(REPORT));
    hub.onHeartbeat((message) => void this.heartbeats.push(message));
    hub.onDisconnect((cluster) => void this.gone.push(cluster));
    hub.onRenew(async (cluster) => {
      this.renewed.push(cluster);
      return `a credential for ${cluster}`;
    });
    const { publicKey, seed } = makeAgentKey();
    this.seed = seed;
    this.credential = await hub.mintCredential(me, publicKey);
    const user = makeNkey('user');
    this.spy = await this.connectAs(
      hubUserJwt(broker.keys, user.publicKey, Math.floor(Date.now() / 1000)),
      user.seed,
      // It listens in the hub's account, so its inbox may be anywhere.
    );
    this.manager = await jetstreamManager(this.spy);
    // Not `>`: it would look to the server like somebody who waits for what hubs that went away had asked for.
    const watched = [`fleet.v1.up.${victim}.>`, `fleet.v1.rpc.${victim}.>`, `fleet.v1.down.${victim}.>`];
    for (const subject of [
      ...watched,
      `fleet.v1.down.${me}.>`,
      '$KV.assign.*',
      '$KV.bundle.>',
      '$KV.revoked.*',
      '_INBOX.guess',
    ]) {
      this.spy.subscribe(subject, {
        callback: (_error, message) => {
          // The bystander's manifests are written by the hub.
          if (message.subject !== `$KV.assign.${bystander}`) this.spied.push(message.subject);
        },
      });
    }
    await this.spy.flush();
  }

  private watch(connection: NatsConnection, into: string[]): void {
    const watch = async (): Promise<void> => {
      for await (const status of connection.status()) if (status.type === 'error') into.push(status.error.message);
    };
    watch().catch((error: unknown) => into.push(String(error)));
  }
}
