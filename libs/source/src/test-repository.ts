import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface TestCommit {
  /** The whole tree, by path. */
  readonly files: Readonly<Record<string, string | { readonly symlink: string }>>;
  readonly branch?: string;
  readonly author?: string;
  readonly subject?: string;
  readonly committedAt?: string;
  /** A public key that `makeKey` answered. */
  readonly signedWith?: string;
}

/** A real repository on the disk for tests, with nobody's git configuration in it. */
export async function makeTestRepository() {
  const folder = await mkdtemp(path.join(tmpdir(), 'flotilla-repository-'));
  const repository = path.join(folder, 'shop');
  await mkdir(repository);
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@example.org',
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.org',
  };
  const git = async (args: readonly string[], more: Record<string, string> = {}): Promise<string> => {
    const { stdout } = await run('git', ['-c', 'gc.auto=0', ...args], { cwd: repository, env: { ...env, ...more } });
    return stdout.trim();
  };
  await git(['init', '--quiet', '--initial-branch=main']);
  // As every Git host has it.
  await git(['config', 'uploadpack.allowFilter', 'true']);
  const keyFiles = new Map<string, string>();
  const signing = (key: string | undefined): string[] =>
    key === undefined ? [] : ['-c', 'gpg.format=ssh', '-c', `user.signingkey=${keyFiles.get(key) ?? ''}`];

  return {
    /** Holds everything, for what else a test needs a place for. */
    folder,
    path: repository,
    git,
    /** Makes an SSH key, and answers its public half. */
    async makeKey(): Promise<string> {
      const file = path.join(folder, `key-${keyFiles.size}`);
      await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'a key', '-f', file]);
      const key = (await readFile(`${file}.pub`, 'utf8')).trim();
      keyFiles.set(key, file);
      return key;
    },
    async commit({ files, branch = 'main', author, subject = 'A change', ...more }: TestCommit): Promise<string> {
      const { committedAt, signedWith } = more;
      await git(['symbolic-ref', 'HEAD', `refs/heads/${branch}`]);
      await git(['rm', '-r', '-q', '--cached', '--ignore-unmatch', '.']);
      const work = path.join(folder, 'work');
      await rm(work, { recursive: true, force: true });
      await mkdir(work);
      for (const [name, content] of Object.entries(files)) {
        await mkdir(path.dirname(path.join(work, name)), { recursive: true });
        if (typeof content === 'string') await writeFile(path.join(work, name), content, { mode: 0o755 });
        else await symlink(content.symlink, path.join(work, name));
      }
      await git(['--work-tree', work, 'add', '--all', '--force', '.']);
      const when = committedAt ?? '2026-01-01T00:00:00Z';
      await git(
        [
          ...signing(signedWith),
          '--work-tree',
          work,
          'commit',
          ...(signedWith === undefined ? [] : ['--gpg-sign']),
          '--allow-empty',
          '--quiet',
          '-m',
          subject,
          ...(author === undefined ? [] : ['--author', author]),
        ],
        { GIT_COMMITTER_DATE: when, GIT_AUTHOR_DATE: when },
      );
      return git(['rev-parse', 'HEAD']);
    },
    async tag(name: string, sha: string, signedWith?: string): Promise<void> {
      const kind = signedWith === undefined ? '--annotate' : '--sign';
      await git([...signing(signedWith), 'tag', '--force', kind, '-m', `Release ${name}`, name, sha]);
    },
    async deleteRef(name: string): Promise<void> {
      await git(['update-ref', '-d', `refs/heads/${name}`]);
      await git(['update-ref', '-d', `refs/tags/${name}`]);
    },
    async setReachable(reachable: boolean): Promise<void> {
      const away = `${repository}-away`;
      await (reachable ? rename(away, repository) : rename(repository, away));
    },
    async remove(): Promise<void> {
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type TestRepository = Awaited<ReturnType<typeof makeTestRepository>>;
