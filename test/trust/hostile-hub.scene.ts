import { deepStrictEqual, ok } from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import { hubUserJwt } from '../../libs/bus/src/accounts.js';
import { splitUrls, tlsOptions } from '../../libs/bus/src/client-options.js';
import { makeNkey, nkeyFromSeed } from '../../libs/bus/src/nkey.js';
import { RealBroker } from '../../libs/bus/src/real-broker.suite.js';
import {
  type JsonObject,
  makeBundle,
  type Manifest,
  type ManifestApplication,
  sha256,
  type SignedManifest,
} from '#domain';
import type { JoinAnswer } from '#contract';
import { createLogger } from '#kit';
import { openFakeCluster } from '#kube/fake';
import type { Agent } from '../../apps/agent/src/agent-options.js';
import { startAgent } from '../../apps/agent/src/start-agent.js';
import { configMap } from '../agent/samples.js';
import { TinyHub } from '../agent/tiny-hub.js';

export const APPLICATION = 'shop';
const WITHIN_MS = 30_000;

interface LogLine {
  readonly code?: string;
  readonly why?: string;
  readonly msg?: string;
}

/**
 * A real agent on a real nats-server, with an honest hub that has released something, and whoever owns that server: everything
 * of the hub's account is open to it, but for the key that signs manifests.
 */
export class HostileHubScene {
  readonly log: LogLine[] = [];
  private agent: Agent | null = null;
  private value = 0;
  private readonly cluster = openFakeCluster({ readyMs: 0 });

  private constructor(
    readonly broker: RealBroker,
    readonly hub: TinyHub,
    /** The server's owner: a user of the hub's own account. */
    readonly raw: NatsConnection,
  ) {}

  static async open(): Promise<HostileHubScene> {
    const broker = await RealBroker.open();
    const { nats, certificates, keys } = broker;
    const hub = await TinyHub.start(await broker.openHub(), { urls: [nats.url], ca: certificates.caPem });
    const user = makeNkey('user');
    const key = nkeyFromSeed(user.seed);
    const raw = await connect({
      servers: splitUrls(nats.url),
      tls: tlsOptions(certificates.caPem),
      authenticator: (nonce) => ({
        jwt: hubUserJwt(keys, user.publicKey, Math.floor(Date.now() / 1000)),
        sig: key.sign(Buffer.from(nonce ?? '')).toString('base64url'),
      }),
      reconnect: false,
    });
    const scene = new HostileHubScene(broker, hub, raw);
    for (const name of ['flotilla-system', 'shop']) {
      const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
      await scene.cluster.kube.request({ method: 'POST', path: '/api/v1/namespaces', body });
    }
    await scene.startAgent();
    await scene.release();
    return scene;
  }

  async startAgent(): Promise<void> {
    this.agent = await startAgent({
      kube: this.cluster.kube,
      hub: { url: this.hub.url, token: this.hub.token },
      version: '0.0.0-test',
      logger: createLogger({
        level: 'debug',
        format: 'json',
        output: { write: (line: string) => this.log.push(JSON.parse(line) as LogLine) },
      }),
      timing: { retryMs: 50, retryMaxMs: 200, reconnectSpreadMs: 0 },
    });
  }

  async stopAgent(): Promise<void> {
    await this.agent?.stop();
    this.agent = null;
  }

  /** The sequence that the agent holds. */
  get sequence(): number {
    return this.agent?.state().sequence ?? 0;
  }

  /** What the honest hub releases next, and that the agent obeys. */
  async release(objects: readonly JsonObject[] = this.objects(this.value + 1)): Promise<ManifestApplication> {
    const told = await this.hub.assign(APPLICATION, objects, { namespace: 'shop' });
    await this.hub.until(
      APPLICATION,
      (each) => each.generation === told.generation && each.phase === 'healthy',
      WITHIN_MS,
    );
    this.value += 1;
    return told;
  }

  objects(value: number, more: Readonly<Record<string, string>> = {}): readonly JsonObject[] {
    return [configMap('settings', { value: String(value), ...more })];
  }

  /** What the honest hub would sign next: with the forger's object in place of the present one. */
  async forged(changes: Partial<Manifest> = {}): Promise<Manifest> {
    const present = this.hub.manifest();
    const [[name, told] = [APPLICATION, undefined]] = Object.entries(present.applications);
    if (told === undefined) throw new Error('nothing is assigned');
    const evil = await this.plant([configMap('settings', { value: 'forged' })]);
    const applications = { [name]: { ...told, ...evil, generation: told.generation + 1 } };
    return { ...present, sequence: present.sequence + 1, applications, ...changes };
  }

  /** Puts objects on the bus as a bundle, as the bus's owner can; answers what a manifest says of it. */
  async plant(objects: readonly JsonObject[]): Promise<Pick<ManifestApplication, 'digest' | 'chunks'>> {
    const bundle = makeBundle(objects);
    if (!bundle.ok) throw new Error(bundle.errors[0]?.message);
    return { digest: bundle.digest, chunks: await this.hub.bus.putBundle(bundle.digest, gzipSync(bundle.json)) };
  }

  async plantText(json: string): Promise<Pick<ManifestApplication, 'digest' | 'chunks'>> {
    const digest = sha256(json);
    return { digest, chunks: await this.hub.bus.putBundle(digest, gzipSync(json)) };
  }

  /** The gzipped bundle as it is on the bus. */
  async readBundle({ digest, chunks }: Pick<ManifestApplication, 'digest' | 'chunks'>): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (let chunk = 0; chunk < chunks; chunk += 1) {
      const key = `$KV.bundle.${digest.slice(0, 32)}.${digest.slice(32)}.${chunk}`;
      parts.push((await this.raw.request(`$JS.API.DIRECT.GET.KV_bundle.${key}`)).data);
    }
    return Buffer.concat(parts);
  }

  /** Has the hub sign a manifest of these applications, though it has not assigned them. */
  async sneak(applications: Manifest['applications']): Promise<void> {
    this.hub.sequence += 1;
    await this.hub.put(this.hub.sign(this.hub.manifest({ applications })));
  }

  /** Nudges the agent, and waits until it has looked: its heartbeat tells. */
  async looks(): Promise<void> {
    const before = this.hub.heartbeats.length;
    this.raw.publish(`fleet.v1.down.${this.hub.cluster}.nudge`);
    await this.hub.eventually(
      () => (this.hub.heartbeats.length > before ? true : undefined),
      () => 'the agent did not look',
      WITHIN_MS,
    );
  }

  /** How often the agent reads its manifest while this is done, and until it has come to rest. */
  async countReads(act: () => Promise<void>): Promise<number> {
    const before = this.hub.heartbeats.length;
    await act();
    for (let last = -1; last < this.hub.heartbeats.length;) {
      last = this.hub.heartbeats.length;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    return this.hub.heartbeats.length - before;
  }

  /** What the agent answers to a question that is put to it past the hub; waits until an honest one after it is answered. */
  async answersTo(make: () => object): Promise<readonly string[]> {
    const answers: string[] = [];
    const heard = this.raw.subscribe(`fleet.v1.up.${this.hub.cluster}.answer.*`, {
      callback: (_error, { subject }) => void answers.push(subject.split('.').at(-1) ?? ''),
    });
    await this.raw.flush();
    this.raw.publish(`fleet.v1.down.${this.hub.cluster}.ask`, JSON.stringify(make()));
    await this.raw.flush();
    const honest = this.hub.makeAsk('tree', APPLICATION);
    await this.hub.sendAsk(honest.id, this.hub.sign(honest), WITHIN_MS);
    // What was asked first is answered beside it at the latest.
    await new Promise((resolve) => setTimeout(resolve, 200));
    heard.unsubscribe();
    return answers.filter((id) => id !== honest.id);
  }

  /** The agent's credential is revoked, and it asks for another: at the hub's address, which answers it this too. */
  async answersRenewal(answer: Partial<JoinAnswer>): Promise<void> {
    const { hub } = this;
    const before = hub.renewals;
    hub.forged = { answer };
    try {
      await hub.bus.revokeCredential(hub.joins[0]?.publicKey ?? '');
      await this.isConnected(() => hub.renewals > before);
    } finally {
      hub.forged = {};
    }
  }

  /** The agent holds a credential for three seconds, and is given this where it renews it on the bus. */
  async answersBusRenewal(onBus: string): Promise<void> {
    const { hub } = this;
    const before = hub.busRenewals;
    hub.credentialSeconds = 3;
    await this.answersRenewal({});
    hub.forged = { onBus };
    hub.credentialSeconds = 3600;
    await this.isConnected(() => hub.busRenewals > before);
    const after = hub.renewals;
    // Until what it held ends, and what it was given is refused.
    await this.isConnected(() => hub.renewals > after);
    hub.forged = {};
  }

  private async isConnected(and: () => boolean): Promise<void> {
    await this.hub.eventually(
      () => (and() && this.agent?.state().connected === true ? true : undefined),
      () => `connected: ${this.agent?.state().connected}, renewals: ${this.hub.renewals}`,
      WITHIN_MS,
    );
  }

  async liftLimits(stream: string): Promise<void> {
    const manager = await jetstreamManager(this.raw);
    await manager.streams.update(stream, { max_msg_size: 1024 * 1024 });
  }

  /** Puts other bytes in a bundle's place on the bus. */
  async replaceBundle(digest: string, bytes: Uint8Array): Promise<void> {
    await this.hub.bus.deleteBundle(digest);
    await this.hub.bus.putBundle(digest, bytes);
  }

  /** Puts this where the agent looks for its manifest, and waits until the agent says why it does not count. */
  async isRefused(document: SignedManifest | Uint8Array, why: RegExp): Promise<void> {
    const seen = this.log.length;
    const bytes = document instanceof Uint8Array ? document : Buffer.from(JSON.stringify(document));
    await this.hub.place(bytes);
    await this.says(why, seen);
  }

  /** Waits for a line of the agent's log since `seen`. */
  async says(why: RegExp, seen: number): Promise<void> {
    await this.hub.eventually(
      () => this.log.slice(seen).find((line) => why.test(line.why ?? '')),
      () =>
        JSON.stringify(
          this.log
            .slice(seen)
            .filter(({ why: said }) => said)
            .slice(-5),
        ),
      WITHIN_MS,
    );
  }

  /** Waits until the agent tells the hub that it refuses what it was given. */
  async tellsRefusal(generation: number, why: RegExp): Promise<void> {
    await this.hub.until(
      APPLICATION,
      (each) => each.generation === generation && each.phase === 'refused' && why.test(each.message ?? ''),
      WITHIN_MS,
    );
  }

  /** What is in the cluster is what the honest hub released last, nothing else was made, and its next release is obeyed. */
  async isUnharmed(): Promise<void> {
    this.runsWhatIsHonest();
    await this.release();
    this.runsWhatIsHonest();
    ok(this.sequence === this.hub.sequence, 'the agent holds the honest manifest');
  }

  runsWhatIsHonest(): void {
    const maps = this.cluster.cluster
      .objects('configmaps')
      .filter((each) => (each['metadata'] as { namespace?: string }).namespace === 'shop')
      .map((each) => [(each['metadata'] as { name: string }).name, (each['data'] as { value?: string }).value]);
    deepStrictEqual(maps, [['settings', String(this.value)]]);
  }

  async close(): Promise<void> {
    await this.stopAgent();
    await this.raw.close();
    await this.hub.close();
    await this.broker.close();
    this.cluster.kube.close();
    this.cluster.cluster.close();
  }
}
