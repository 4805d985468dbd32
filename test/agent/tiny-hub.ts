import { generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { verifyNkey } from '#bus';
import {
  type Ask,
  type ApplicationAsk,
  type ApplicationAskKind,
  type JoinAnswer,
  joinProofText,
  joinRequestSchema,
  renewProofText,
  renewRequestSchema,
} from '#contract';
import {
  type AgentReport,
  type Heartbeat,
  type JsonObject,
  makeBundle,
  type Manifest,
  type ManifestApplication,
  PROTOCOL_VERSION,
  type SignedManifest,
  type TrustDocument,
} from '#domain';
import type { HubBus } from '#ports';

/** What a hub is to agents, and no more: it lets them join, signs manifests and hears their reports. */
export class TinyHub {
  readonly token = `fj_${'t'.repeat(43)}`;
  readonly cluster: string = randomUUID();
  readonly reports: AgentReport[] = [];
  readonly heartbeats: Heartbeat[] = [];
  readonly joins: { readonly publicKey: string; readonly facts: Readonly<Record<string, string>> }[] = [];
  sequence = 0;
  credentialSeconds = 3600;
  protocol = PROTOCOL_VERSION;
  renewals = 0;
  /** Of them, those that came over the bus. */
  busRenewals = 0;
  /** What renewals are answered in place of the truth. */
  forged: { readonly answer?: Partial<JoinAnswer>; readonly onBus?: string } = {};
  /** In every manifest from then on. */
  trust: TrustDocument | null = null;
  private revision = 0;
  private applications: Record<string, ManifestApplication> = {};
  private readonly key = generateKeyPairSync('ed25519');
  private server: Server | null = null;
  private waiting: (() => void)[] = [];

  private constructor(
    readonly bus: HubBus,
    private readonly nats: JoinAnswer['nats'],
  ) {}

  static async start(
    bus: HubBus,
    nats: JoinAnswer['nats'] = { urls: ['nats://127.0.0.1:1'], ca: '' },
  ): Promise<TinyHub> {
    const hub = new TinyHub(bus, nats);
    await hub.listen();
    await bus.consumeStatus(async (batch) => {
      for (const { body } of batch) hub.reports.push(JSON.parse(Buffer.from(body).toString()) as AgentReport);
      hub.wake();
    });
    bus.onHeartbeat(({ body }) => {
      hub.heartbeats.push(JSON.parse(Buffer.from(body).toString()) as Heartbeat);
      hub.wake();
    });
    bus.onRenew(async (cluster) => {
      hub.renewals += 1;
      hub.busRenewals += 1;
      if (hub.forged.onBus !== undefined) return hub.forged.onBus;
      return await bus.mintCredential(cluster, hub.joins.at(-1)?.publicKey ?? '', hub.credentialSeconds);
    });
    return hub;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server?.address() as AddressInfo).port}`;
  }

  get keys(): JoinAnswer['manifestKeys'] {
    return { k1: this.key.publicKey.export({ type: 'spki', format: 'pem' }).toString() };
  }

  /** Assigns objects to the cluster, as the next generation unless told otherwise. */
  async assign(
    application: string,
    objects: readonly JsonObject[] | null,
    terms: Partial<ManifestApplication> & { readonly namespace: string },
  ): Promise<ManifestApplication> {
    const assignment = await this.stage(application, objects, terms);
    await this.publish();
    return assignment;
  }

  /** The same up to what the agent hears of: the next `publish` tells it. */
  async stage(
    application: string,
    objects: readonly JsonObject[] | null,
    terms: Partial<ManifestApplication> & { readonly namespace: string },
  ): Promise<ManifestApplication> {
    const generation = (this.applications[application]?.generation ?? 0) + 1;
    let assignment: ManifestApplication;
    const common = { generation, healthyForMs: 0, maxDeletions: 100, drift: 'correct' as const };
    if (objects === null) {
      assignment = { ...common, release: null, revision: '', digest: '', chunks: 0, ...terms };
    } else {
      const bundle = makeBundle(objects);
      if (!bundle.ok) throw new Error(bundle.errors[0]?.message);
      const chunks = await this.bus.putBundle(bundle.digest, gzipSync(bundle.json));
      const { digest } = bundle;
      assignment = { ...common, release: generation, revision: 'a'.repeat(40), digest, chunks, ...terms };
    }
    this.applications = { ...this.applications, [application]: assignment };
    return assignment;
  }

  async forget(application: string): Promise<void> {
    const { [application]: _gone, ...rest } = this.applications;
    this.applications = rest;
    await this.publish();
  }

  manifest(changes: Partial<Manifest> = {}): Manifest {
    const { sequence, cluster, applications, trust } = this;
    return { protocol: PROTOCOL_VERSION, cluster, sequence, applications, ...(trust && { trust }), ...changes };
  }

  sign(manifest: Manifest | Ask, privateKey = this.key.privateKey): SignedManifest {
    const payload = JSON.stringify(manifest);
    return { payload, keyId: 'k1', signature: sign(null, Buffer.from(payload), privateKey).toString('base64url') };
  }

  /** Asks the agent, and resolves with what it answers. */
  async ask(kind: ApplicationAskKind, application: string): Promise<unknown> {
    const ask = this.makeAsk(kind, application);
    return await this.sendAsk(ask.id, this.sign(ask));
  }

  makeAsk(ask: ApplicationAskKind, application: string): ApplicationAsk {
    return { protocol: PROTOCOL_VERSION, cluster: this.cluster, id: randomBytes(16).toString('hex'), ask, application };
  }

  async sendAsk(id: string, envelope: SignedManifest, timeoutMs = 20_000): Promise<unknown> {
    const bytes = Buffer.from(JSON.stringify(envelope));
    return JSON.parse(Buffer.from(await this.bus.ask(this.cluster, id, bytes, { timeoutMs })).toString()) as unknown;
  }

  async put(envelope: SignedManifest): Promise<void> {
    await this.place(Buffer.from(JSON.stringify(envelope)));
  }

  /** Any bytes, where the agent looks for its manifest. */
  async place(bytes: Uint8Array): Promise<void> {
    const result = await this.bus.putManifest(this.cluster, bytes, this.revision);
    if (!result.ok) throw new Error('the manifest was written by somebody else');
    this.revision = result.revision;
  }

  /** The manifest was deleted past this hub. */
  forgetRevision(): void {
    this.revision = 0;
  }

  async publish(): Promise<void> {
    this.sequence += 1;
    await this.put(this.sign(this.manifest()));
  }

  latest(application: string): AgentReport | undefined {
    return this.reports.filter((report) => report.application === application).at(-1);
  }

  /** Waits for the latest report of an application to be so. */
  async until(application: string, isSo: (report: AgentReport) => boolean, limitMs = 15_000): Promise<AgentReport> {
    return await this.eventually(
      () => {
        const report = this.latest(application);
        return report !== undefined && isSo(report) ? report : undefined;
      },
      () => `last report of ${application}: ${JSON.stringify(this.latest(application))}`,
      limitMs,
    );
  }

  async eventually<T>(question: () => T | undefined, told: () => string, limitMs = 15_000): Promise<T> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const answer = question();
      if (answer !== undefined) return answer;
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`not within ${limitMs} ms; ${told()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 200));
        this.waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  async close(): Promise<void> {
    await this.bus.close();
    await new Promise<void>((resolve) => {
      this.server?.close(() => resolve());
      this.server?.closeAllConnections();
    });
  }

  private wake(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const each of waiting) each();
  }

  private async listen(): Promise<void> {
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const body: unknown = JSON.parse(Buffer.concat(parts).toString());
        const answer = request.url === '/api/v1/join' ? this.join(body) : this.renew(body);
        answer.then(
          (result) => {
            response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result));
          },
          (error: Error) => {
            response.writeHead(403, { 'content-type': 'application/problem+json' });
            response.end(JSON.stringify({ title: 'Forbidden', detail: error.message, status: 403 }));
          },
        );
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.server = server;
  }

  private async join(body: unknown): Promise<JoinAnswer> {
    const { token, publicKey, proof, facts } = joinRequestSchema.parse(body);
    if (token !== this.token) throw new Error('the join token is unknown or spent');
    if (!verifyNkey(publicKey, Buffer.from(joinProofText(token)), proof)) throw new Error('the proof is wrong');
    const first = this.joins[0];
    if (first !== undefined && first.publicKey !== publicKey) throw new Error('the join token is spent');
    this.joins.push({ publicKey, facts });
    return await this.answer(publicKey);
  }

  private async renew(body: unknown): Promise<JoinAnswer> {
    const { cluster, publicKey, at, proof } = renewRequestSchema.parse(body);
    if (!verifyNkey(publicKey, Buffer.from(renewProofText(cluster, at)), proof)) throw new Error('the proof is wrong');
    this.renewals += 1;
    return { ...(await this.answer(publicKey)), ...this.forged.answer };
  }

  private async answer(publicKey: string): Promise<JoinAnswer> {
    return {
      cluster: this.cluster,
      name: 'test',
      protocol: this.protocol,
      nats: this.nats,
      credential: await this.bus.mintCredential(this.cluster, publicKey, this.credentialSeconds),
      manifestKeys: this.keys,
      heartbeatMs: 60_000,
    };
  }
}
