import { setTimeout as sleep } from 'node:timers/promises';
import { connectAgentBus, makeAgentKey, signByAgentKey, type OpenAgentBus } from '#bus';
import { joinProofText, type JoinAnswer, type RegisterAnswer } from '#contract';
import type { AgentReport, Manifest, ManifestApplication } from '#domain';
import { createLogger } from '#kit';
import type { TestApi } from './test-api.js';

/** What a puppet says of an application that it was told to run; null: it says nothing. */
export type Script = (application: string, told: ManifestApplication) => Partial<AgentReport> | null;

/** Healthy at once, as fast as the bus is. */
export const healthy: Script = (_application, told) => ({ phase: 'healthy', steadyMs: told.healthyForMs });

const RETRY_MS = 250;

/** An agent without a cluster: it joins and speaks for real, and says what the test has it say. */
export class PuppetAgent {
  script: Script;
  /** Every assignment it was given, in order. */
  readonly told: { readonly application: string; readonly given: ManifestApplication }[] = [];
  /** The generation that it heard of, and the one that it has answered. */
  private readonly heard = new Map<string, number>();
  private readonly answered = new Map<string, number>();
  private isToLook = false;
  private isLooking = false;
  private isClosed = false;
  private beat: NodeJS.Timeout | undefined;
  private seq = 0;
  private sequence = 0;

  private constructor(
    readonly name: string,
    readonly answer: JoinAnswer,
    readonly bus: OpenAgentBus,
    script: Script,
  ) {
    this.script = script;
  }

  static async join(
    api: TestApi,
    name: string,
    labels: Record<string, string>,
    script: Script = healthy,
  ): Promise<PuppetAgent> {
    const { token } = await api.post<RegisterAnswer>('/api/v1/clusters', { name, labels });
    return PuppetAgent.joinBy(api, name, token, script);
  }

  /** With the token of a cluster that somebody has registered. */
  static async joinBy(api: TestApi, name: string, token: string, script: Script = healthy): Promise<PuppetAgent> {
    const { publicKey, seed } = makeAgentKey();
    const answer = await api.post<JoinAnswer>('/api/v1/join', {
      token,
      publicKey,
      proof: signByAgentKey(seed, joinProofText(token)),
      protocol: 1,
      version: '0.0.0-puppet',
      facts: { 'kubernetes.version': 'v1.36.3' },
    });
    const bus = await connectAgentBus({
      url: answer.nats.urls.join(','),
      cluster: answer.cluster,
      credential: () => answer.credential,
      seed,
      caPem: answer.nats.ca,
      log: createLogger({ level: 'silent' }),
      reconnectDelayMs: () => 50,
    });
    const puppet = new PuppetAgent(name, answer, bus, script);
    bus.onNudge(() => puppet.look());
    bus.onReconnect(() => puppet.look());
    puppet.look();
    puppet.beat = setInterval(() => puppet.heartbeat(), 500);
    return puppet;
  }

  /** The manifest as it stands on the bus, unverified: the hub's signature has tests of its own. */
  async manifest(): Promise<Manifest | null> {
    const bytes = await this.bus.fetchManifest();
    if (!bytes) return null;
    const { payload } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { payload: string };
    return JSON.parse(payload) as Manifest;
  }

  heartbeat(): void {
    const beat = {
      protocol: 1,
      cluster: this.answer.cluster,
      sequence: this.sequence,
      boot: 1,
      version: '0.0.0-puppet',
    };
    this.bus.publishHeartbeat(Buffer.from(JSON.stringify(beat)));
  }

  async report(application: string, told: ManifestApplication, more: Partial<AgentReport>): Promise<void> {
    this.seq += 1;
    const report: AgentReport = {
      protocol: 1,
      cluster: this.answer.cluster,
      application,
      generation: told.generation,
      digest: told.digest,
      runs: told.digest,
      phase: 'progressing',
      steadyMs: 0,
      breaks: 0,
      boot: 1,
      seq: this.seq,
      objects: 1,
      findings: [],
      ...more,
    };
    await this.bus.publishStatus(application, Buffer.from(JSON.stringify(report)));
  }

  close(): Promise<void> {
    this.isClosed = true;
    clearInterval(this.beat);
    return this.bus.close();
  }

  private look(): void {
    this.isToLook = true;
    if (!this.isLooking) this.obeyUntilDone().catch(() => undefined);
  }

  /** An agent's report is not lost because the bus was away for a moment. */
  private async obeyUntilDone(): Promise<void> {
    this.isLooking = true;
    while (this.isToLook && !this.isClosed) {
      this.isToLook = false;
      try {
        await this.obey();
      } catch {
        this.isToLook = true;
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
    this.isLooking = false;
  }

  private async obey(): Promise<void> {
    const manifest = await this.manifest();
    this.sequence = manifest?.sequence ?? 0;
    this.heartbeat();
    for (const [application, given] of Object.entries(manifest?.applications ?? {})) {
      if (this.answered.get(application) === given.generation) continue;
      if (this.heard.get(application) !== given.generation) this.told.push({ application, given });
      this.heard.set(application, given.generation);
      const words = this.script(application, given);
      if (words) await this.report(application, given, words);
      this.answered.set(application, given.generation);
    }
  }
}
