import { equal, match, ok } from 'node:assert/strict';
import pg from 'pg';
import { connectAgentBus, makeAgentKey, signByAgentKey, type OpenAgentBus } from '#bus';
import { joinProofText, renewProofText, type JoinAnswer, type RegisterAnswer } from '#contract';
import { PROTOCOL_VERSION } from '#domain';
import { createLogger } from '#kit';
import type { StoredCluster } from '#ports';
import type { TestApi } from '../helpers/test-api.js';
import { eventually, startTestHub, type TestHub } from '../helpers/test-hub.js';

export type Key = ReturnType<typeof makeAgentKey>;

export interface Told {
  readonly status: number;
  readonly text: string;
  readonly code: string;
}

const silent = createLogger({ level: 'silent' });

/** A hub with the doors by which agents come in, and whoever stands before them. */
export class JoinScene {
  private readonly buses: OpenAgentBus[] = [];
  private count = 0;

  private constructor(
    readonly hub: TestHub,
    readonly nobody: TestApi,
    readonly database: pg.Client,
    private readonly lines: string[],
  ) {}

  static async open(): Promise<JoinScene> {
    const lines: string[] = [];
    const output = { write: (line: string) => void lines.push(line) };
    const hub = await startTestHub({}, createLogger({ level: 'trace', format: 'json', output }));
    const database = new pg.Client({ connectionString: hub.databaseUrl });
    await database.connect();
    return new JoinScene(hub, hub.api.as(''), database, lines);
  }

  get log(): string {
    return this.lines.join('');
  }

  async close(): Promise<void> {
    await Promise.all(this.buses.map((bus) => bus.close()));
    await this.database.end();
    this.nobody.close();
    await this.hub.stop();
  }

  name(): string {
    this.count += 1;
    return `cluster-${this.count}`;
  }

  register(name = this.name(), labels: Record<string, string> = {}): Promise<RegisterAnswer> {
    return this.hub.api.post<RegisterAnswer>('/api/v1/clusters', { name, labels });
  }

  invite(name: string): Promise<RegisterAnswer> {
    return this.hub.api.post<RegisterAnswer>(`/api/v1/clusters/${name}/token`, {});
  }

  remove(name: string, workloads = 'leave'): Promise<Told> {
    return this.send(this.hub.api, 'DELETE', `/api/v1/clusters/${name}?workloads=${workloads}`);
  }

  /** What somebody sends who may know the token, and holds `key`. */
  join(token: string, key: Key, more: object = {}): Promise<Told> {
    return this.post('/api/v1/join', {
      token,
      publicKey: key.publicKey,
      proof: signByAgentKey(key.seed, joinProofText(token)),
      protocol: PROTOCOL_VERSION,
      version: '0.0.0-test',
      facts: {},
      ...more,
    });
  }

  renew(cluster: string, key: Key, more: { at?: number; signer?: Key; of?: string } = {}): Promise<Told> {
    const { at = Date.now(), signer = key, of = cluster } = more;
    const proof = signByAgentKey(signer.seed, renewProofText(of, at));
    return this.post('/api/v1/renew', { cluster, publicKey: key.publicKey, at, proof });
  }

  post(route: string, body: object): Promise<Told> {
    return this.send(this.nobody, 'POST', route, JSON.stringify(body));
  }

  async send(api: TestApi, method: string, route: string, body?: string): Promise<Told> {
    const { status, text } = await api.raw(method, route, body);
    let code = '';
    try {
      code = (JSON.parse(text) as { code?: string }).code ?? '';
    } catch {
      // No JSON: a manifest.
    }
    return { status, text, code };
  }

  /** A cluster whose rightful agent is in, with that agent's key. */
  async member(
    labels: Record<string, string> = {},
  ): Promise<{ name: string; key: Key; answer: JoinAnswer; token: string }> {
    const { token, cluster } = await this.register(this.name(), labels);
    const key = makeAgentKey();
    return { name: cluster.name, key, token, answer: await this.joined(token, key) };
  }

  async joined(token: string, key: Key): Promise<JoinAnswer> {
    const { status, text } = await this.join(token, key);
    equal(status, 200, text);
    return JSON.parse(text) as JoinAnswer;
  }

  async stored(uid: string): Promise<StoredCluster> {
    const cluster = await this.hub.hub.store.read.clusters.get(uid);
    ok(cluster);
    return cluster;
  }

  /** A connection with that credential; it says once the server has refused it. */
  async connect(
    { cluster, nats, credential }: JoinAnswer,
    { seed }: Key,
  ): Promise<{ refused: () => boolean; bus: OpenAgentBus }> {
    let refused = false;
    const opened = connectAgentBus({
      url: nats.urls.join(','),
      cluster,
      credential: () => credential,
      seed,
      caPem: nats.ca,
      log: silent,
      reconnectDelayMs: () => 50,
      onAuthExpired: () => (refused = true),
    });
    const bus = await opened;
    this.buses.push(bus);
    return { bus, refused: () => refused };
  }

  /** The server lets that credential in no more. */
  async isLockedOut({ refused, bus }: { refused: () => boolean; bus: OpenAgentBus }): Promise<void> {
    await eventually('it is locked out', async () => refused() && !bus.connected(), Boolean, 60_000);
  }

  is(told: Told, status: number, code: string | RegExp): void {
    equal(told.status, status, told.text);
    if (typeof code === 'string') equal(told.code, code, told.text);
    else match(told.code, code, told.text);
  }
}
