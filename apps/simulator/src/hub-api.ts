import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

import { type ClusterView, clusterViewSchema, pageOf, registerAnswerSchema } from '#contract';
import { messageOf, RejectedError, RetryableError } from '#kit';
import type { z } from 'zod';

export interface HubApiOptions {
  readonly url: string;
  /** PEM of the authority that the hub's certificate is held to. */
  readonly ca?: string;
  /** An admin's token. */
  readonly token: string;
}

const pageSchema = pageOf(clusterViewSchema.pick({ name: true, state: true }));
const tokenSchema = registerAnswerSchema.pick({ token: true });
const timeoutMs = 30_000;
const maxAnswerBytes = 16 * 1024 * 1024;

/** What of the hub's API it takes to register clusters. */
export class HubApi {
  private readonly connections: HttpAgent | HttpsAgent;

  constructor(private readonly options: HubApiOptions) {
    const common = { keepAlive: true, maxSockets: 16 };
    const isSecure = new URL(options.url).protocol === 'https:';
    const ca = options.ca === undefined ? {} : { ca: options.ca };
    this.connections = isSecure ? new HttpsAgent({ ...common, ...ca }) : new HttpAgent(common);
  }

  /** Names of the clusters that the hub knows, with their states. */
  async clusters(): Promise<Map<string, ClusterView['state']>> {
    const known = new Map<string, ClusterView['state']>();
    let after: string | undefined;
    do {
      const query = new URLSearchParams({ limit: '1000', ...(after === undefined ? {} : { after }) });
      const page = await this.ask('GET', `/api/v1/clusters?${query.toString()}`, undefined, pageSchema);
      for (const { name, state } of page.items) known.set(name, state);
      after = page.next;
    } while (after !== undefined);
    return known;
  }

  /** Registers a cluster; answers its join token. */
  async register(name: string, labels: Readonly<Record<string, string>>): Promise<string> {
    return (await this.ask('POST', '/api/v1/clusters', { name, labels }, tokenSchema)).token;
  }

  /** A new join token for a cluster that is registered already. */
  async invite(name: string): Promise<string> {
    return (await this.ask('POST', `/api/v1/clusters/${encodeURIComponent(name)}/token`, {}, tokenSchema)).token;
  }

  /** The agent's manifest, as the line of an invitation fetches it. */
  async manifest(token: string): Promise<string> {
    const { status, text } = await this.send('GET', `/api/v1/install/${token}`, undefined);
    if (status === 200) return text;
    throw new RejectedError('hub-refused', `The hub does not give the agent's manifest: status ${status}`, { status });
  }

  close(): void {
    this.connections.destroy();
  }

  private async ask<T extends z.ZodType>(
    method: string,
    path: string,
    body: object | undefined,
    schema: T,
  ): Promise<z.output<T>> {
    const { status, text } = await this.send(method, path, body === undefined ? undefined : JSON.stringify(body));
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      throw new RetryableError(
        'hub-unreachable',
        `What answers at ${this.options.url} is no hub: its answer is no JSON.`,
      );
    }
    if (status >= 300) {
      const detail =
        typeof parsed === 'object' && parsed !== null && 'detail' in parsed
          ? String(parsed.detail)
          : `status ${status}`;
      throw new RejectedError('hub-refused', `The hub refused ${method} ${path.split('?')[0] ?? path}: ${detail}`, {
        status,
      });
    }
    const answer = schema.safeParse(parsed);
    if (answer.success) return answer.data;
    const [issue] = answer.error.issues;
    throw new RejectedError(
      'hub-refused',
      `The hub's answer is not understood: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}.`,
    );
  }

  private async send(
    method: string,
    path: string,
    body: string | undefined,
  ): Promise<{ status: number; text: string }> {
    const url = new URL(path, this.options.url);
    const make = url.protocol === 'https:' ? httpsRequest : httpRequest;
    try {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        const outgoing = make(url, {
          method,
          agent: this.connections,
          signal: AbortSignal.timeout(timeoutMs),
          headers: {
            authorization: `Bearer ${this.options.token}`,
            accept: 'application/json',
            ...(body === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
          },
        });
        outgoing.once('response', resolve);
        outgoing.on('error', reject);
        outgoing.end(body);
      });
      const parts: Buffer[] = [];
      let size = 0;
      for await (const chunk of response as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > maxAnswerBytes) throw new Error(`the answer is larger than ${maxAnswerBytes} bytes`);
        parts.push(chunk);
      }
      return { status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') };
    } catch (error) {
      throw new RetryableError(
        'hub-unreachable',
        `The hub at ${url.origin} did not answer: ${messageOf(error, 200)}`,
        undefined,
        {
          cause: error,
        },
      );
    }
  }
}
