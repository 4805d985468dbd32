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
import type { GitCredential } from '#ports';
import { type GitSourceOptions, openGitSource } from '#source';
import { makeTestRepository, type TestRepository } from '../../libs/source/src/test-repository.js';
import { serveRepositories } from '../git/https-git-server.js';
import { startSshGitServer } from '../git/ssh-git-server.js';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** The name under which servers of a scene are reached; no resolver but the scene's own knows it. */
export const NAME = 'git.example.test';
export const PASSWORD = 'a-token-that-is-for-one-host';
/** Nobody is there: an address for documentation. */
export const ELSEWHERE = '203.0.113.5';

export interface ScenicServer {
  readonly port: number;
  /** What was asked of it: path, and what was said to be let in. */
  readonly seen: { readonly url: string; readonly authorization: string | undefined }[];
}

/** How the hub looks at one source. */
export interface Look extends Partial<GitSourceOptions> {
  /** What each name means, one answer a question; the last one again and again. */
  readonly names?: Readonly<Record<string, readonly (readonly string[])[]>>;
  readonly credential?: GitCredential;
  /** main unless told. */
  readonly ref?: string;
}

/** A hub's Git source beside servers on 127.0.0.1, which count who asks them. */
export class HostileGitServerScene {
  private readonly servers: Server[] = [];
  private readonly log: string[] = [];
  /** Names that the hub asked its resolver for. */
  readonly asked: string[] = [];

  private constructor(
    readonly folder: string,
    readonly repository: TestRepository,
    readonly sha: string,
    readonly certificates: Certificates,
    readonly ssh: Awaited<ReturnType<typeof startSshGitServer>>,
  ) {}

  static async open(): Promise<HostileGitServerScene> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-git-server-'));
    const repository = await makeTestRepository();
    const sha = await repository.commit({ files: { 'a.yaml': 'a: 1\n' } });
    const certificates = await ensureCertificates(path.join(folder, 'tls'), { names: [NAME], ips: [] });
    const ssh = await startSshGitServer(path.join(folder, 'sshd'));
    return new HostileGitServerScene(folder, repository, sha, certificates, ssh);
  }

  async close(): Promise<void> {
    await this.closeServers();
    await this.ssh.close();
    await this.repository.remove();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** What every attempt leaves behind: no key, no half of a clone, no password in the log. */
  async isUnharmed(): Promise<void> {
    await this.closeServers();
    equal(this.log.join('').includes(PASSWORD), false);
    this.asked.length = 0;
  }

  /** A server; answers as a Git host does what the handler leaves. */
  async serve(handler: (request: IncomingMessage, response: ServerResponse) => boolean = () => false) {
    const seen: ScenicServer['seen'] = [];
    const tls = { cert: this.certificates.certPem, key: this.certificates.keyPem };
    const server = createServer(tls, (request, response) => {
      seen.push({ url: request.url ?? '', authorization: request.headers.authorization });
      response.on('error', () => undefined);
      if (!handler(request, response)) serveRepositories(request, response, this.repository.folder);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.servers.push(server);
    return { port: (server.address() as AddressInfo).port, seen } satisfies ScenicServer;
  }

  /** What lets in at a server under a name, with the authority that its certificate is of. */
  credential(host: string): GitCredential {
    return { kind: 'https', host, username: 'hub', password: PASSWORD, ca: this.certificates.caPem };
  }

  /** Looks at a source as the hub does; answers its commit, or throws. */
  async look(url: string, { names = {}, credential, ref = 'main', ...more }: Look = {}): Promise<string> {
    const folder = await mkdtemp(path.join(this.folder, 'mirrors-'));
    const left = new Map(Object.entries(names).map(([name, answers]) => [name, [...answers]]));
    const resolve: Resolve = (hostname, _options, done) => {
      this.asked.push(hostname);
      const answers = left.get(hostname);
      const addresses = (answers !== undefined && answers.length > 1 ? answers.shift() : answers?.[0]) ?? [];
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    };
    const source = openGitSource({
      folder,
      log: createLogger({ level: 'trace', format: 'json', output: { write: (line: string) => this.log.push(line) } }),
      resolve,
      timeoutMs: 20_000,
      ...(credential && { credentials: async () => credential }),
      ...more,
    });
    try {
      const { sha } = await source.resolve({ url, ref, ...(credential && { credential: 'it' }) });
      return sha;
    } finally {
      source.close();
      const kept = readdirSync(folder).filter((name) => name !== 'home' && !/^[0-9a-f]{32}\.git$/.test(name));
      equal(kept.join(' '), '');
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** @returns the sentence that a user reads */
  async isRefused(url: string, look: Look, code: string, message: RegExp): Promise<string> {
    const error: unknown = await this.look(url, look).then(
      (sha) => new Error(`it was read: ${sha}`),
      (reason: unknown) => reason,
    );
    ok(error instanceof Error);
    match(error.message, message);
    equal((error as { code?: unknown }).code, code);
    equal(error.message.includes(PASSWORD), false);
    return error.message;
  }

  private async closeServers(): Promise<void> {
    for (const server of this.servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }
}
