import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Certificates, ensureCertificates } from '#bus';
import { createLogger, RejectedError } from '#kit';
import type { GitCredential } from '#ports';
import { type OpenGitSource, openGitSource } from '#source';
import { makeTestRepository } from '../../libs/source/src/test-repository.js';
import { startHttpsGitServer } from './https-git-server.js';
import { startSshGitServer } from './ssh-git-server.js';

const PASSWORD = 'token-0123456789-of-the-hub';

describe('a private repository', () => {
  let repository: Awaited<ReturnType<typeof makeTestRepository>>;
  let certificates: Certificates;
  let sha: string;
  let folder: string;
  let git: OpenGitSource;
  let log: string[];
  const known = new Map<string, GitCredential>();

  beforeAll(async () => {
    repository = await makeTestRepository();
    sha = await repository.commit({ files: { 'a.yaml': 'a: 1\n' } });
    certificates = await ensureCertificates(path.join(repository.folder, 'certificates'), { names: [], ips: [] });
  });
  afterAll(() => repository.remove());

  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla mirrors '));
    log = [];
    known.clear();
    git = openGitSource({
      folder,
      allowLocalAddresses: true,
      log: createLogger({ level: 'trace', format: 'json', output: { write: (line: string) => log.push(line) } }),
      credentials: async (name) => {
        const found = known.get(name);
        if (found === undefined) throw new RejectedError('credential-missing', `There is no credential "${name}".`);
        return found;
      },
    });
  });
  afterEach(async () => {
    git.close();
    // Neither a key nor a password stays on the disk or gets into the log.
    expect(readdirSync(folder).filter((name) => name.startsWith('access-'))).toEqual([]);
    expect(log.join('')).not.toContain(PASSWORD);
    expect(log.join('')).not.toContain('PRIVATE KEY');
    await rm(folder, { recursive: true, force: true });
  });

  const messageOf = async (promise: Promise<unknown>): Promise<string> => {
    const error = await promise.then(
      () => new Error('it went well'),
      (reason: unknown) => reason as Error,
    );
    expect(error.message).not.toContain(PASSWORD);
    expect(error.message).not.toContain(Buffer.from(`hub:${PASSWORD}`).toString('base64'));
    return error.message;
  };

  describe('over HTTPS', () => {
    let server: Awaited<ReturnType<typeof startHttpsGitServer>>;
    const https = (more: Partial<Extract<GitCredential, { kind: 'https' }>> = {}): GitCredential => ({
      kind: 'https',
      host: server.host,
      username: 'hub',
      password: PASSWORD,
      ca: certificates.caPem,
      ...more,
    });
    beforeEach(async () => {
      server = await startHttpsGitServer({
        certificates,
        root: repository.folder,
        username: 'hub',
        password: PASSWORD,
      });
    });
    afterEach(() => server.close());
    const url = (): string => `https://${server.host}/shop/.git`;

    it('is read and exported with its credential, which is in no argument, URL or file of the mirror', async () => {
      known.set('shop', https());
      expect(await git.resolve({ url: url(), ref: 'main', credential: 'shop' })).toMatchObject({ sha });
      const target = path.join(folder, 'out');
      await git.export({ url: url(), sha, credential: 'shop' }, target);
      expect(readFileSync(path.join(target, 'a.yaml'), 'utf8')).toBe('a: 1\n');
      const mirror = readdirSync(folder).find((name) => name.endsWith('.git')) ?? '';
      expect(readFileSync(path.join(folder, mirror, 'config'), 'utf8')).not.toContain('hub');
      expect(server.seen.every(({ path: asked }) => !asked.includes(PASSWORD))).toBe(true);
    });

    it('is told to nobody who names no credential, or another, though it is mirrored', async () => {
      known.set('shop', https());
      await git.resolve({ url: url(), ref: 'main', credential: 'shop' });
      await expect(git.resolve({ url: url(), ref: sha })).rejects.toMatchObject({ code: 'source-unreachable' });
      await expect(git.resolve({ url: url(), ref: sha, credential: 'other' })).rejects.toMatchObject({
        code: 'credential-missing',
      });
      known.set('wrong', https({ password: `${PASSWORD}-once` }));
      const message = await messageOf(git.resolve({ url: url(), ref: sha, credential: 'wrong' }));
      expect(message).toContain('Authentication failed');
      expect(message).toContain('not let in: Basic (hidden) (hub:(hidden))');
    });

    it('is read with what the credential holds now, not with what it held', async () => {
      known.set('shop', https({ password: 'a-password-that-is-old' }));
      await messageOf(git.resolve({ url: url(), ref: 'main', credential: 'shop' }));
      known.set('shop', https());
      expect(await git.resolve({ url: url(), ref: 'main', credential: 'shop' })).toMatchObject({ sha });
    });

    it('is not read where the certificate is of an authority that nobody named', async () => {
      const { ca: _ca, ...anybodys } = https() as Extract<GitCredential, { kind: 'https' }>;
      known.set('shop', anybodys);
      expect(await messageOf(git.resolve({ url: url(), ref: 'main', credential: 'shop' }))).toMatch(/certificate/i);
      expect(server.seen).toEqual([]);
    });

    it('on another host than its credential is for is not even asked', async () => {
      known.set('shop', https({ host: 'github.com' }));
      const message = await messageOf(git.resolve({ url: url(), ref: 'main', credential: 'shop' }));
      expect(message).toBe(
        `the credential "shop" is for github.com alone, and spec.url is on ${server.host}: use another one.`,
      );
      expect(server.seen).toEqual([]);
    });
  });

  describe('over SSH', () => {
    let server: Awaited<ReturnType<typeof startSshGitServer>>;
    beforeAll(async () => {
      server = await startSshGitServer(path.join(repository.folder, 'sshd'));
    });
    afterAll(() => server?.close());
    const ssh = (more: Partial<Extract<GitCredential, { kind: 'ssh' }>> = {}): GitCredential => ({
      kind: 'ssh',
      host: server.host,
      privateKey: server.clientKey,
      knownHosts: server.knownHosts,
      ...more,
    });
    const url = (): string => `ssh://${server.user}@${server.host}${repository.path}/.git`;

    it('is read and exported with its key, from a folder with spaces in its name', async () => {
      known.set('shop', ssh());
      expect(await git.resolve({ url: url(), ref: 'main', credential: 'shop' })).toMatchObject({ sha });
      await git.export({ url: url(), sha, credential: 'shop' }, path.join(folder, 'out'));
      expect(existsSync(path.join(folder, 'out/a.yaml'))).toBe(true);
    });

    it("is not read from a host whose key is another than the credential's", async () => {
      known.set('shop', ssh({ knownHosts: server.otherKnownHosts }));
      const message = await messageOf(git.resolve({ url: url(), ref: 'main', credential: 'shop' }));
      expect(message).toMatch(/host key|IDENTIFICATION HAS CHANGED/i);
    });

    it('is not read with a key that the host does not know, nor with those of whoever runs the hub', async () => {
      known.set('shop', ssh({ privateKey: server.strangerKey }));
      expect(await messageOf(git.resolve({ url: url(), ref: 'main', credential: 'shop' }))).toContain(
        'Permission denied',
      );
      known.set('plain', { kind: 'https', host: server.host, username: 'hub', password: PASSWORD });
      expect(await messageOf(git.resolve({ url: url(), ref: 'main', credential: 'plain' }))).toBe(
        'the credential "plain" is for https, and spec.url is ssh: make them agree.',
      );
    });
  });
});
