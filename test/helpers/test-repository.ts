import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const IDENTITY = {
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@flotilla.example',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@flotilla.example',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
};

/** A real Git repository that a test commits to. */
export class TestRepository {
  private constructor(readonly folder: string) {}

  static async create(files: Readonly<Record<string, string>>): Promise<TestRepository> {
    const repository = new TestRepository(await mkdtemp(path.join(tmpdir(), 'flotilla-repository-')));
    await repository.git('init', '--quiet', '--initial-branch=main');
    await repository.commit('first', files);
    return repository;
  }

  async git(...args: string[]): Promise<string> {
    const { stdout } = await run('git', args, { cwd: this.folder, env: { ...process.env, ...IDENTITY } });
    return stdout.trim();
  }

  /** Writes files (null: removes) and commits; answers the commit's id. */
  async commit(message: string, files: Readonly<Record<string, string | null>>): Promise<string> {
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(this.folder, name);
      if (content === null) await rm(file, { recursive: true, force: true });
      else {
        await mkdir(path.dirname(file), { recursive: true });
        await writeFile(file, content);
      }
    }
    await this.git('add', '--all');
    await this.git('commit', '--quiet', '--allow-empty', '--message', message);
    return this.git('rev-parse', 'HEAD');
  }

  /** Commits a symbolic link. */
  async link(name: string, target: string): Promise<void> {
    await mkdir(path.dirname(path.join(this.folder, name)), { recursive: true });
    await symlink(target, path.join(this.folder, name));
    await this.git('add', '--all');
    await this.git('commit', '--quiet', '--message', `link ${name}`);
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

/** A ConfigMap as YAML text. */
export const configMap = (name: string, value: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  value: ${JSON.stringify(value)}\n`;
