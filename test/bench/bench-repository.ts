import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { configMap } from '../helpers/test-repository.js';

/** A bare repository, as a server has it, and a clone that pushes one ConfigMap to it. */
export interface BenchRepository {
  readonly url: string;
  push(number: number): Promise<void>;
}

export async function makeBenchRepository(folder: string, application: string): Promise<BenchRepository> {
  const bare = path.join(folder, `${application}.git`);
  const clone = path.join(folder, application);
  const git = (cwd: string, ...args: string[]): void => {
    execFileSync('git', ['-c', 'user.name=Bench', '-c', 'user.email=bench@flotilla.example', ...args], {
      cwd,
      stdio: 'pipe',
    });
  };
  git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', bare);
  await mkdir(path.join(clone, application), { recursive: true });
  git(clone, 'init', '--quiet', '--initial-branch=main');
  git(clone, 'remote', 'add', 'origin', bare);
  const push = async (number: number): Promise<void> => {
    await writeFile(path.join(clone, application, 'settings.yaml'), configMap('settings', `change ${number}`));
    git(clone, 'add', '--all');
    git(clone, 'commit', '--quiet', '--message', `change ${number}`);
    git(clone, 'push', '--quiet', 'origin', 'main');
  };
  await push(0);
  return { url: bare, push };
}

/** Declares a source and an application of it, all of its clusters at once. */
export function declareApplication(name: string, url: string, matchLabels: Readonly<Record<string, string>>): object {
  const object = (kind: string, spec: object): object => ({
    apiVersion: 'flotilla.dev/v1',
    kind,
    metadata: { name },
    spec,
  });
  const wave = { name: 'all', maxConcurrency: '100%', maxFailures: 0, healthyFor: '0s', soak: '0s' };
  return {
    documents: [
      object('Source', { url, interval: '24h' }),
      object('Strategy', { waves: [{ ...wave, ackTimeout: '30m', progressDeadline: '30m' }] }),
      object('Application', { source: name, path: name, strategy: name, placement: { selector: { matchLabels } } }),
    ],
  };
}
