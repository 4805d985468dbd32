import { deepStrictEqual } from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import pg from 'pg';
import { ensureBusKeys, ensureCertificates } from '#bus';
import type { ClusterView, TargetView } from '#contract';
import type { SignedManifest } from '#domain';
import { hubUserJwt } from '../../libs/bus/src/accounts.js';
import { splitUrls, tlsOptions } from '../../libs/bus/src/client-options.js';
import { makeNkey, nkeyFromSeed } from '../../libs/bus/src/nkey.js';
import { SimulatedClusters } from '../helpers/simulated-clusters.js';
import { eventually, rolloutSettled, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { configMap, TestRepository } from '../helpers/test-repository.js';

const WITHIN_MS = 60_000;
const PREY = 'prey';
const MAP = '/api/v1/namespaces/shop/configmaps/settings';

/**
 * A whole hub with its own database and bus, two real agents on simulated clusters, and somebody who may write to both database
 * and bus as he likes, but holds none of the hub's key files.
 */
export class HostileDatabaseScene {
  private release = 1;
  private value = 'first';

  private constructor(
    readonly test: TestHub,
    readonly repository: TestRepository,
    readonly clusters: SimulatedClusters,
    readonly database: pg.Client,
  ) {}

  static async open(): Promise<HostileDatabaseScene> {
    const test = await startTestHub();
    const repository = await TestRepository.create({
      'shop/n.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n',
      'shop/c.yaml': configMap('settings', 'first'),
    });
    const clusters = await SimulatedClusters.start(test, [{ name: PREY }, { name: 'other' }]);
    const database = new pg.Client({ connectionString: test.databaseUrl });
    await database.connect();
    const scene = new HostileDatabaseScene(test, repository, clusters, database);
    const object = (kind: string, name: string, spec: object): object => ({
      apiVersion: 'flotilla.dev/v1',
      kind,
      metadata: { name },
      spec,
    });
    const wave = { name: 'all', maxConcurrency: '100%', healthyFor: '0s', soak: '0s' };
    await test.api.post('/api/v1/apply', {
      documents: [
        object('Source', 'shop', { url: repository.folder, interval: '24h' }),
        object('Strategy', 'at-once', { waves: [{ ...wave, ackTimeout: '10m', progressDeadline: '10m' }] }),
        object('Application', 'shop', { source: 'shop', path: 'shop', strategy: 'at-once', namespace: 'shop' }),
      ],
    });
    await rolloutSettled(test.api, 'shop', 1, WITHIN_MS);
    return scene;
  }

  get prey(): string {
    return this.clusters.uid(PREY);
  }

  get other(): string {
    return this.clusters.uid('other');
  }

  /** What runs in the cluster. */
  async runs(): Promise<string | undefined> {
    const { body } = await this.clusters.request(PREY, { method: 'GET', path: MAP });
    return (body['data'] as { value?: string } | undefined)?.value;
  }

  /** Somebody honest pushes something, and it gets to the cluster. */
  async honestRelease(): Promise<void> {
    this.release += 1;
    this.value = `honest ${this.release}`;
    await this.repository.commit(this.value, { 'shop/c.yaml': configMap('settings', this.value) });
    await this.test.api.post('/api/v1/sources/shop/sync');
    await rolloutSettled(this.test.api, 'shop', this.release, WITHIN_MS);
    await eventually(
      'it is in the cluster',
      () => this.runs(),
      (value) => value === this.value,
      WITHIN_MS,
    );
  }

  async runsWhatIsHonest(): Promise<void> {
    deepStrictEqual(await this.runs(), this.value);
  }

  /** Digest of the bundle of a release. */
  async digest(release: number): Promise<string> {
    const found = await this.test.hub.store.read.releases.get('shop', release);
    return Object.values(found?.overlays ?? {})[0]?.digest ?? '';
  }

  get lastRelease(): number {
    return this.release;
  }

  /** The manifest of a cluster as it is on the bus, or null. */
  async manifest(cluster: string): Promise<SignedManifest | null> {
    return this.onBus(async (raw) => {
      const answer = await raw.request(`$JS.API.DIRECT.GET.KV_assign.$KV.assign.${cluster}`);
      return answer.headers?.code === 404 ? null : answer.json<SignedManifest>();
    });
  }

  /** Puts something in the place of a cluster's manifest. */
  async putManifest(cluster: string, document: SignedManifest): Promise<void> {
    await this.onBus(async (raw) => {
      await jetstream(raw).publish(`$KV.assign.${cluster}`, JSON.stringify(document));
    });
  }

  async purge(stream: string): Promise<void> {
    await this.onBus(async (raw) => {
      await raw.request(`$JS.API.STREAM.PURGE.${stream}`);
    });
  }

  /** A new cluster joins, which must be given the present release; answers why its agent refuses that. */
  async refusalOfNewcomer(name: string): Promise<string> {
    await this.clusters.add({ name });
    const target = await eventually(
      'the newcomer refuses',
      async () => {
        const { items } = await this.test.api.get<{ items: TargetView[] }>('/api/v1/rollouts/shop/targets?limit=100');
        return items.find(({ cluster }) => cluster === name);
      },
      (each) => (each?.message ?? '') !== '',
      WITHIN_MS,
    );
    return target?.message ?? '';
  }

  /** Waits until the agent has looked at its manifest once more. */
  async newHeartbeat(): Promise<void> {
    const seenAt = async (): Promise<string> =>
      (await this.test.api.get<ClusterView>(`/api/v1/clusters/${PREY}`)).seenAt ?? '';
    const before = await seenAt();
    await eventually('a heartbeat', seenAt, (at) => at !== before, WITHIN_MS);
  }

  /** The sequence that the agent holds. */
  get held(): number {
    return this.clusters.agent(PREY).agents.get(PREY)?.state().sequence ?? 0;
  }

  async close(): Promise<void> {
    await this.database.end();
    await this.clusters.stop();
    await this.test.stop();
    await this.repository.remove();
  }

  /** As a user of the hub's own account, by the keys of the bus alone. */
  private async onBus<T>(act: (raw: NatsConnection) => Promise<T>): Promise<T> {
    const at = (name: string): string => path.join(this.test.folder, 'data', name);
    const keys = await ensureBusKeys(at('keys'));
    const { caPem } = await ensureCertificates(at('tls'), { names: [], ips: [] });
    const port = (await readFile(at('nats/port'), 'utf8')).trim();
    const user = makeNkey('user');
    const key = nkeyFromSeed(user.seed);
    const raw = await connect({
      servers: splitUrls(`tls://127.0.0.1:${port}`),
      tls: tlsOptions(caPem),
      authenticator: (nonce) => ({
        jwt: hubUserJwt(keys, user.publicKey, Math.floor(Date.now() / 1000)),
        sig: key.sign(Buffer.from(nonce ?? '')).toString('base64url'),
      }),
      reconnect: false,
    });
    try {
      return await act(raw);
    } finally {
      await raw.close();
    }
  }
}
