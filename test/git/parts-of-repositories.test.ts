import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { jest, afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ensureCertificates } from '#bus';
import { createLogger } from '#kit';
import type { GitCredential } from '#ports';
import { type OpenGitSource, openGitSource } from '#source';
import { makeTestRepository, type TestRepository } from '../../libs/source/src/test-repository.js';
import { startHttpsGitServer } from './https-git-server.js';
import { startSshGitServer } from './ssh-git-server.js';

// Dozens of processes each, on a machine that may have other things to do.
jest.setTimeout(120_000);
const PASSWORD = 'token-0123456789-of-the-hub';

describe('a repository on a host that hands out parts', () => {
  let folder: string;
  let server: Awaited<ReturnType<typeof startHttpsGitServer>>;
  let credential: GitCredential;
  let repositories: TestRepository[];
  let mirrors: string;
  let git: OpenGitSource;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-parts-'));
    const certificates = await ensureCertificates(path.join(folder, 'certificates'), { names: [], ips: [] });
    server = await startHttpsGitServer({ certificates, root: os.tmpdir(), username: 'hub', password: PASSWORD });
    credential = { kind: 'https', host: server.host, username: 'hub', password: PASSWORD, ca: certificates.caPem };
  }, 60_000);
  afterAll(async () => {
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    repositories = [];
    mirrors = await mkdtemp(path.join(folder, 'mirrors-'));
    git = openGitSource({
      folder: mirrors,
      allowLocalAddresses: true,
      allowLocal: true,
      log: createLogger({ level: 'silent' }),
      credentials: async () => credential,
    });
  });
  afterEach(async () => {
    git.close();
    for (const each of repositories) await each.remove();
  });

  const make = async (): Promise<TestRepository> => {
    const made = await makeTestRepository();
    repositories.push(made);
    return made;
  };
  const urlOf = ({ path: at }: TestRepository): string =>
    `https://${server.host}/${path.relative(os.tmpdir(), at)}/.git`;
  const sourceOf = (repository: TestRepository) => ({ url: urlOf(repository), credential: 'it' });
  const mirrorFolder = async (): Promise<string> => {
    const name = (await readdir(mirrors)).find((each) => each.endsWith('.git'));
    return path.join(mirrors, name ?? 'none');
  };
  /** What the mirror itself holds, asked of git beside it. */
  const inMirror = async (id: string): Promise<boolean> => {
    const [repository] = repositories;
    const told = await repository?.git(['--git-dir', await mirrorFolder(), 'cat-file', '-e', id]).catch(() => 'no');
    return told === '';
  };
  const packsAsked = (): number =>
    server.seen.filter(({ path: at, authorization }) => authorization && at.endsWith('/git-upload-pack')).length;
  const out = (name = 'out'): string => path.join(mirrors, name);

  it('is fetched without its past and without files, and of these only what an export needs comes, at once', async () => {
    const repository = await make();
    const files: Record<string, string> = { 'big/picture': 'x'.repeat(100_000) };
    for (let index = 0; index < 40; index += 1) files[`apps/a${index}/deploy.yaml`] = `number: ${index}\n`;
    const first = await repository.commit({ files: { ...files, past: 'gone by now' } });
    const second = await repository.commit({ files });
    const source = sourceOf(repository);
    await git.resolve({ ...source, ref: 'main' });
    expect(await inMirror(second)).toBe(true);
    expect(await inMirror(first)).toBe(false);
    expect(await inMirror(`${second}:big/picture`)).toBe(false);
    expect(await git.treeIds({ ...source, sha: second }, ['apps/a1/deploy.yaml'])).toEqual([
      await repository.git(['rev-parse', `${second}:apps/a1/deploy.yaml`]),
    ]);

    const before = packsAsked();
    await git.export({ ...source, sha: second }, out(), ['apps']);
    // Each fetch asks twice: for what there is, and for what it wants.
    expect(packsAsked() - before).toBeLessThanOrEqual(2);
    expect(readFileSync(path.join(out(), 'apps/a7/deploy.yaml'), 'utf8')).toBe('number: 7\n');
    expect(existsSync(path.join(out(), 'big'))).toBe(false);
    expect(await inMirror(`${second}:big/picture`)).toBe(false);

    const asked = packsAsked();
    await git.export({ ...source, sha: second }, out('again'), ['apps']);
    expect(packsAsked()).toBe(asked);
    await git.export({ ...source, sha: second }, out('whole'));
    expect(await inMirror(`${second}:big/picture`)).toBe(true);
  });

  it('is deepened where history is asked for, and what has no trees then gets them', async () => {
    const repository = await make();
    const shas: string[] = [];
    for (const a of ['1', '2', '3', '4']) shas.push(await repository.commit({ files: { 'd/a': a, 'd/e/f': a } }));
    const [first = '', second = '', , last = ''] = shas;
    const source = sourceOf(repository);
    await git.resolve({ ...source, ref: 'main' });
    expect(await inMirror(first)).toBe(false);
    expect(await git.isAncestor({ ...source, sha: last }, first)).toBe(true);
    expect(await inMirror(first)).toBe(true);
    expect(await inMirror(`${second}^{tree}`)).toBe(false);
    await git.export({ ...source, sha: second }, out());
    expect(readFileSync(path.join(out(), 'd/e/f'), 'utf8')).toBe('2');
    // A tree of the past comes back, which the server holds for known.
    const back = await repository.commit({ files: { 'd/a': '1', 'd/e/f': '1', new: '1' } });
    expect(await git.resolve({ ...source, ref: 'main', after: last })).toEqual(
      expect.not.objectContaining({ rewritten: true }),
    );
    await git.export({ ...source, sha: back }, out('back'));
    expect(readFileSync(path.join(out('back'), 'd/e/f'), 'utf8')).toBe('1');
    expect(await git.isAncestor({ ...source, sha: back }, 'f'.repeat(40))).toBe(false);
  });

  it('is brought anew from a host that has lost a part of its own memory, and after the mirror was damaged', async () => {
    const repository = await make();
    const sha = await repository.commit({ files: { a: '1', 'd/b': '2' } });
    const source = sourceOf(repository);
    await git.export({ ...source, sha }, out());
    const packs = path.join(await mirrorFolder(), 'objects/pack');
    for (const name of await readdir(packs)) await rm(path.join(packs, name));
    await git.export({ ...source, sha }, out('again'));
    expect((await readdir(out('again'))).sort()).toEqual(['a', 'd']);
  });

  it('is fetched whole where the server knows no parts', async () => {
    const repository = await make();
    await repository.git(['config', 'uploadpack.allowFilter', 'false']);
    const sha = await repository.commit({ files: { a: '1' } });
    const source = sourceOf(repository);
    await git.resolve({ ...source, ref: 'main' });
    expect(await inMirror(`${sha}:a`)).toBe(true);
    await git.export({ ...source, sha }, out());
    expect(readFileSync(path.join(out(), 'a'), 'utf8')).toBe('1');
  });

  it('is made anew and whole where the server hands out no files by their ids, as by the old protocol', async () => {
    const repository = await make();
    const sha = await repository.commit({ files: { a: '1', 'd/b': '2' } });
    // Of this sshd nobody's environment gets to git, and so no version of the protocol.
    const ssh = await startSshGitServer(path.join(mirrors, 'sshd'));
    const lines: string[] = [];
    const folderOfIt = path.join(mirrors, 'over-ssh');
    const { host, clientKey, knownHosts } = ssh;
    const old = openGitSource({
      folder: folderOfIt,
      allowLocalAddresses: true,
      log: createLogger({ level: 'info', format: 'json', output: { write: (line: string) => lines.push(line) } }),
      credentials: async () => ({ kind: 'ssh', host, privateKey: clientKey, knownHosts }),
    });
    try {
      const source = { url: `ssh://${ssh.user}@${host}${repository.path}/.git`, credential: 'it' };
      await old.resolve({ ...source, ref: 'main' });
      expect(lines.join('')).toBe('');
      await old.export({ ...source, sha }, out());
      expect(readFileSync(path.join(out(), 'd/b'), 'utf8')).toBe('2');
      expect(lines.join('')).toContain('the server hands out whole repositories only');
      const next = await repository.commit({ files: { a: '3' } });
      expect(await old.resolve({ ...source, ref: 'main', after: sha })).toMatchObject({ sha: next });
      await old.export({ ...source, sha: next }, out('next'));
      expect(readFileSync(path.join(out('next'), 'a'), 'utf8')).toBe('3');
      expect(lines).toHaveLength(1);
    } finally {
      old.close();
      await ssh.close();
    }
  });

  describe('with submodules', () => {
    /** Makes a commit with a submodule; answers its id. */
    async function commitWith(parent: TestRepository, at: string, id: string, gitmodules: string): Promise<string> {
      await parent.commit({ files: { 'apps/a': '1', '.gitmodules': gitmodules } });
      await parent.git(['update-index', '--add', '--cacheinfo', `160000,${id},${at}`]);
      await parent.git(['commit', '--quiet', '-m', 'With a submodule']);
      return parent.git(['rev-parse', 'HEAD']);
    }
    const moduleText = (at: string, url: string): string => `[submodule "x"]\n\tpath = ${at}\n\turl = ${url}\n`;
    const nameOf = ({ path: at }: TestRepository): string => path.basename(path.dirname(at));

    it('has them at the commit that is pinned, those within them too, where the source takes them', async () => {
      const [parent, child, grandchild] = [await make(), await make(), await make()];
      const innermost = await grandchild.commit({ files: { deep: '3' } });
      const inner = await commitWith(child, 'more', innermost, moduleText('more', `${urlOf(grandchild)}`));
      await child.commit({ files: { later: 'not pinned' } });
      // ../../ of /<parent>/shop/.git is the folder of all repositories.
      const relative = `../../../${nameOf(child)}/shop/.git`;
      const sha = await commitWith(parent, 'lib/charts', inner, moduleText('lib/charts', relative));
      const source = { ...sourceOf(parent), sha };
      await git.export({ ...source, submodules: true }, out());
      const written = await readdir(out(), { recursive: true });
      expect(written.sort()).toEqual([
        ...['.gitmodules', 'apps', 'apps/a', 'lib', 'lib/charts', 'lib/charts/.gitmodules', 'lib/charts/apps'],
        ...['lib/charts/apps/a', 'lib/charts/more', 'lib/charts/more/deep'],
      ]);
      const within = await git.treeIds(source, ['lib/charts', 'lib/charts/apps', 'apps']);
      expect(within.slice(0, 2)).toEqual([inner, inner]);
      await expect(git.export(source, out('refused'))).rejects.toMatchObject({
        code: 'submodule-refused',
        message: expect.stringMatching(/^"lib\/charts" is a submodule, .*spec\.submodules: true/),
      });
      expect(await readdir(out('refused')).catch(() => [])).toEqual([]);
    });

    it('refuses one at another host, which is not asked', async () => {
      const parent = await make();
      const pinned = await parent.commit({ files: { a: '1' } });
      const sha = await commitWith(parent, 'sub', pinned, moduleText('sub', 'https://git.elsewhere.example/x.git'));
      await expect(git.export({ ...sourceOf(parent), sha, submodules: true }, out())).rejects.toMatchObject({
        kind: 'rejected',
        code: 'submodule-refused',
        message: expect.stringMatching(
          /^"sub" is a submodule, and on git\.elsewhere\.example, not on localhost:\d+ as/,
        ),
      });
      expect(await readdir(out()).catch(() => [])).toEqual([]);
    });

    it('refuses one at another port of its host, behind which another server listens', async () => {
      const parent = await make();
      const pinned = await parent.commit({ files: { a: '1' } });
      const asked: string[] = [];
      const other = createServer((socket) => {
        asked.push(socket.remoteAddress ?? '');
        socket.destroy();
      }).listen(0, '127.0.0.1');
      await once(other, 'listening');
      try {
        const { port } = other.address() as AddressInfo;
        const sha = await commitWith(parent, 'sub', pinned, moduleText('sub', `https://localhost:${port}/x.git`));
        await expect(git.export({ ...sourceOf(parent), sha, submodules: true }, out())).rejects.toMatchObject({
          code: 'submodule-refused',
          message: expect.stringMatching(/^"sub" is a submodule, and on localhost:\d+, not on localhost:\d+ as/),
        });
        expect(asked).toEqual([]);
        expect(await readdir(out()).catch(() => [])).toEqual([]);
      } finally {
        other.close();
      }
    });

    it('refuses one that has itself within itself, one that no .gitmodules knows, and a source on this disk', async () => {
      const parent = await make();
      const inner = await parent.commit({ files: { a: '1' } });
      let sha = inner;
      for (let depth = 0; depth < 6; depth += 1) {
        sha = await commitWith(parent, 'self', sha, moduleText('self', `../.git`));
      }
      const source = sourceOf(parent);
      const exported = (from: object) => git.export({ ...source, sha, submodules: true, ...from }, out());
      await expect(exported({})).rejects.toMatchObject({
        code: 'submodule-refused',
        message: expect.stringMatching(/^"self\/self\/self\/self\/self" is a submodule, more than 4 deep/),
      });
      sha = await commitWith(parent, 'other', inner, moduleText('elsewhere', '../.git'));
      await expect(exported({})).rejects.toMatchObject({
        message: expect.stringMatching(/^"other" .*no address for it/),
      });
      await expect(exported({ url: parent.path, credential: undefined })).rejects.toMatchObject({
        code: 'submodule-refused',
      });
      // Not a text that git itself would read.
      sha = await commitWith(parent, 'sub', inner, '[submodule "x"\n\tpath = sub\n');
      await expect(exported({})).rejects.toMatchObject({
        code: expect.stringMatching(/submodule-refused|source-unre/),
      });
    });
  });
});
