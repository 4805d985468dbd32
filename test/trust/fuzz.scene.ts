import { equal } from 'node:assert/strict';
import https from 'node:https';
import { connect } from 'node:tls';
import fc from 'fast-check';
import type { WebhookAnswer, WebhookProvider } from '#contract';
import { createLogger } from '#kit';
import { PuppetAgent } from '../helpers/puppet-agent.js';
import { rolloutSettled, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { configMap, TestRepository } from '../helpers/test-repository.js';

export const SEED = Number(process.env['FLOTILLA_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** Is sent as a password, a key, a token and an address; whoever reads the log must find none of it. */
export const SECRET = 'ft_hunter2-hunter2-hunter2-hunter2-hunter2-hunt';

export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
}

export interface FuzzAnswer {
  readonly status: number;
  readonly text: string;
}

/** An agent that is silent, or an answer of its that is none, is not the hub's fault. */
const isOfAnAgent = /\/clusters\/[^/]*\/applications\/[^/]*\/(tree|diff|events)/;
/** An answer that comes later than this is none. */
const PATIENCE_MS = 60_000;

/** A whole hub with one application on one cluster, and what its log says. */
export class FuzzScene {
  readonly secrets = new Map<WebhookProvider, string>();
  private readonly agent: https.Agent;

  private constructor(
    readonly test: TestHub,
    readonly repository: TestRepository,
    private readonly puppet: PuppetAgent,
    private readonly log: readonly string[],
  ) {
    this.agent = new https.Agent({ keepAlive: true, ca: test.hub.caPem ?? '' });
  }

  static async open(): Promise<FuzzScene> {
    const log: string[] = [];
    const output = { write: (line: string) => void log.push(line) };
    const wide = '1000000';
    const test = await startTestHub(
      {
        FLOTILLA_RATE_CALLER: wide,
        FLOTILLA_RATE_ADDRESS: wide,
        FLOTILLA_RATE_AGENTS: wide,
        FLOTILLA_RATE_FAILURES: wide,
      },
      createLogger({ level: 'trace', format: 'json', output }),
    );
    const repository = await TestRepository.create({ 'web/c.yaml': configMap('c', '1') });
    const scene = new FuzzScene(test, repository, await PuppetAgent.join(test.api, 'dev-1', { env: 'dev' }), log);
    await scene.fill();
    return scene;
  }

  private async fill(): Promise<void> {
    const { api } = this.test;
    const kind = (name: string, metadata: string, spec: object): object => ({
      apiVersion: 'flotilla.dev/v1',
      kind: name,
      metadata: { name: metadata },
      spec,
    });
    const waves = [{ name: 'all', maxConcurrency: '100%', healthyFor: '0s' }];
    await api.post('/api/v1/apply', {
      documents: [
        kind('Source', 'shop', { url: this.repository.folder, interval: '1h' }),
        kind('Strategy', 'all', { waves }),
        kind('Application', 'web', { source: 'shop', path: 'web', strategy: 'all' }),
      ],
    });
    await rolloutSettled(api, 'web', 1);
    for (const provider of ['github', 'gitlab', 'gitea', 'bitbucket', 'generic'] as const) {
      const { secret } = await api.post<WebhookAnswer>('/api/v1/webhooks', { name: provider, provider });
      this.secrets.set(provider, secret);
    }
  }

  async close(): Promise<void> {
    this.agent.destroy();
    await this.puppet.close();
    await this.test.stop();
    await this.repository.remove();
  }

  /** Sends a request and reads the answer; of a stream only that it began. */
  send({ method, path, headers, body }: FuzzRequest): Promise<FuzzAnswer> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(this.test.hub.url);
      // Whatever the Host header says.
      const servername = 'localhost';
      const request = https.request({ hostname, port, servername, method, path, headers, agent: this.agent });
      // Node does not say of a GET how long its body is, and what is read of it as the next request is no answer to anything.
      if (method === 'GET' && body !== undefined) request.setHeader('content-length', Buffer.byteLength(body));
      request.setTimeout(PATIENCE_MS, () => request.destroy(new Error(`no answer to ${method} ${path}`)));
      request.once('error', reject);
      request.once('response', (response) => {
        const { statusCode: status = 0 } = response;
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.once('error', () => resolve({ status, text }));
        response.once('end', () => resolve({ status, text }));
        if (response.headers['content-type']?.startsWith('text/event-stream')) {
          resolve({ status, text });
          request.destroy();
        }
      });
      request.end(body);
    });
  }

  /** Bytes as they are, on a connection of their own; answers what came back before it ended or a while passed. */
  sendRaw(bytes: Uint8Array): Promise<string> {
    return new Promise((resolve) => {
      const { hostname, port } = new URL(this.test.hub.url);
      const socket = connect({ host: hostname, port: Number(port), ca: this.test.hub.caPem ?? '' });
      let text = '';
      const end = (): void => {
        socket.destroy();
        resolve(text);
      };
      socket.setTimeout(500, end);
      socket.on('error', end);
      socket.on('close', end);
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('secureConnect', () => socket.write(bytes));
    });
  }

  /**
   * Tries many, each made of the seed; the first that the hub fails at is told as small as it can be made.
   * @param seen statuses that must be among the answers: that many were let through the door, and that many were not
   * @returns all statuses that were answered
   */
  async tryMany(
    requests: fc.Arbitrary<FuzzRequest>,
    runs: number,
    seen: readonly number[],
  ): Promise<ReadonlySet<number>> {
    const statuses = new Set<number>();
    const property = fc.asyncProperty(requests, async (request) => {
      const answer = await this.send(request);
      statuses.add(answer.status);
      const isFailure = answer.status >= 500 && !(isOfAnAgent.test(request.path) && answer.status !== 500);
      if (isFailure)
        throw new Error(`${request.method} ${request.path}: ${answer.status} ${answer.text.slice(0, 500)}`);
    });
    await fc.assert(property, {
      seed: SEED,
      numRuns: runs,
      interruptAfterTimeLimit: 90_000,
      markInterruptAsFailure: false,
    });
    equal(seen.filter((each) => !statuses.has(each)).join(' '), '', `answers: ${[...statuses].join(' ')}`);
    return statuses;
  }

  /** It answers, keeps its database and its bus, has failed at nothing, and has told its log no secret. */
  async isUnharmed(): Promise<void> {
    equal((await this.send({ method: 'GET', path: '/readyz', headers: {} })).status, 200);
    const failed = this.log.filter((line) => /"level":"(error|fatal)"/.test(line));
    equal(failed.join('\n').slice(0, 3000), '');
    const text = this.log.join('');
    for (const secret of [SECRET, ...this.secrets.values()]) {
      equal(text.includes(secret), false, `the log holds ${secret.slice(0, 6)}…`);
    }
    const { applications } = await this.test.api.get<{ applications: unknown }>('/api/v1/fleet');
    equal(typeof applications, 'object');
  }

  /** What the hub's first admin sends with each request. */
  async admin(): Promise<string> {
    return `Bearer ${await this.token()}`;
  }

  private async token(): Promise<string> {
    const { token } = await this.test.api.post<{ token: string }>('/api/v1/tokens', { name: 'fuzz', role: 'admin' });
    return token;
  }
}
