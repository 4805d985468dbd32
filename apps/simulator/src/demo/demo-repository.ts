import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { pathToFileURL } from 'node:url';
import { writeFileAtomically } from '#kit';

const run = promisify(execFile);

/** A Git identity and no settings of the user's: the demo's commits are the demo's. */
const GIT_ENV = {
  GIT_AUTHOR_NAME: 'Flotilla demo',
  GIT_AUTHOR_EMAIL: 'demo@flotilla.example',
  GIT_COMMITTER_NAME: 'Flotilla demo',
  GIT_COMMITTER_EMAIL: 'demo@flotilla.example',
  GIT_CONFIG_NOSYSTEM: '1',
};

async function git(folder: string, ...args: string[]): Promise<void> {
  await run('git', args, { cwd: folder, env: { ...process.env, ...GIT_ENV } });
}

/**
 * Makes the sample repository where it is missing: the template's files as one commit on `main`. It is made beside and renamed, so
 * that a demo that was stopped in the middle does not leave half a repository. Returns its folder.
 */
export async function ensureRepository(template: string, folder: string): Promise<string> {
  if (await stat(path.join(folder, '.git')).catch(() => null)) return folder;
  const part = `${folder}.part`;
  await rm(part, { recursive: true, force: true });
  await mkdir(path.dirname(folder), { recursive: true });
  await cp(template, part, { recursive: true });
  await git(part, 'init', '--quiet', '--initial-branch=main');
  // So that a person's own commits work on a machine where Git knows no name.
  await git(part, 'config', 'user.name', GIT_ENV.GIT_AUTHOR_NAME);
  await git(part, 'config', 'user.email', GIT_ENV.GIT_AUTHOR_EMAIL);
  await git(part, 'config', 'commit.gpgsign', 'false');
  await git(part, 'add', '--all');
  await git(part, 'commit', '--quiet', '--message', 'The shop: a base and three overlays');
  await rename(part, folder);
  return folder;
}

/** Writes the fleet's file for this machine: the template with the repository's folder in it. */
export async function writeFleetFile(template: string, file: string, repository: string): Promise<void> {
  const text = await readFile(template, 'utf8');
  await writeFileAtomically(file, text.replaceAll('file:///DEMO_REPOSITORY', pathToFileURL(repository).href), {
    mode: 0o644,
  });
}
