import { equal, match, ok } from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { type Certificates, ensureCertificates } from '#bus';
import { createLogger, type Resolve } from '#kit';
import type { ChartRepository, GitCredential } from '#ports';
import { type ChartSourceOptions, openChartSource } from '#source';

/** The name under which servers of a scene are reached; no resolver but the scene's own knows it. */
export const NAME = 'charts.example.test';
export const PASSWORD = 'a-token-that-is-for-one-host';
export const BASIC = `Basic ${Buffer.from(`hub:${PASSWORD}`).toString('base64')}`;

export interface ScenicServer {
  /** `charts.example.test:1234` */
  readonly host: string;
  readonly port: number;
  /** What was asked of it: path, and what was said to be let in. */
  readonly seen: { readonly url: string; readonly authorization: string | undefined }[];
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** How the hub looks at one chart. */
export interface Look extends Partial<ChartSourceOptions> {
  /** What each name means. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
  /** Which server the hub has a credential for. */
  readonly credentialFor?: string;
  readonly range?: string;
}

/** A hub's source of charts beside servers on 127.0.0.1, which count who asks them. */
export class HostileChartServerScene {
  private readonly servers: Server[] = [];
  private readonly log: string[] = [];

  private constructor(
    readonly folder: string,
    readonly certificates: Certificates,
  ) {}

  static async open(): Promise<HostileChartServerScene> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-chart-server-'));
    return new HostileChartServerScene(
      folder,
      await ensureCertificates(path.join(folder, 'tls'), { names: [NAME], ips: [] }),
    );
  }

  async close(): Promise<void> {
    await this.closeServers();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** What every attempt leaves behind: nothing outside the hub's folder for charts, no password in the log. */
  async isUnharmed(): Promise<void> {
    await this.closeServers();
    equal(this.log.join('').includes(PASSWORD), false);
    equal(readdirSync(this.folder).join(' '), 'tls');
  }

  async serve(handler: Handler): Promise<ScenicServer> {
    const seen: ScenicServer['seen'] = [];
    const tls = { cert: this.certificates.certPem, key: this.certificates.keyPem };
    const server = createServer(tls, (request, response) => {
      seen.push({ url: request.url ?? '', authorization: request.headers.authorization });
      response.on('error', () => undefined);
      handler(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.servers.push(server);
    const { port } = server.address() as AddressInfo;
    return { host: `${NAME}:${port}`, port, seen };
  }

  /** Looks at a chart as the hub does, in a folder of its own; answers its digest, or throws. */
  async look(chart: ChartRepository, { names = {}, credentialFor, range = '*', ...more }: Look = {}): Promise<string> {
    const folder = await mkdtemp(path.join(this.folder, 'hub-'));
    const resolve: Resolve = (hostname, _options, done) => {
      const addresses = names[hostname] ?? (hostname === NAME ? ['127.0.0.1'] : []);
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    };
    const credential: GitCredential = {
      ...{ kind: 'https', host: credentialFor ?? '', username: 'hub', password: PASSWORD },
      ca: this.certificates.caPem,
    };
    const source = openChartSource({
      folder: path.join(folder, 'charts'),
      log: createLogger({ level: 'trace', format: 'json', output: { write: (line: string) => this.log.push(line) } }),
      resolve,
      authorities: [this.certificates.caPem],
      timeoutMs: 20_000,
      credentials: async () => credential,
      ...more,
    });
    try {
      const pinned = await source.resolve({
        ...chart,
        ...(credentialFor !== undefined && { credential: 'it' }),
        range,
        prereleases: false,
      });
      return pinned.digest;
    } finally {
      source.close();
      // Neither a half of a pack, nor anything that was in one.
      const kept = readdirSync(folder, { recursive: true, encoding: 'utf8' });
      ok(
        kept.every((name) => /^charts(\/[0-9a-f]{32}(\/[0-9a-f]{64}\.tgz)?)?$/.test(name)),
        kept.join(' '),
      );
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** @returns the sentence that a user reads */
  async isRefused(chart: ChartRepository, look: Look, code: string, message: RegExp): Promise<string> {
    const error: unknown = await this.look(chart, look).then(
      (digest) => new Error(`it was read: ${digest}`),
      (reason: unknown) => reason,
    );
    ok(error instanceof Error);
    match(error.message, message);
    equal((error as { code?: unknown }).code, code);
    for (const secret of [PASSWORD, BASIC.slice(6)]) equal(error.message.includes(secret), false);
    equal(/[\p{Cc}\p{Cf}]/u.test(error.message), false);
    return error.message;
  }

  private async closeServers(): Promise<void> {
    for (const server of this.servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }
}
