import { spawn } from 'node:child_process';
import os from 'node:os';
import { RejectedError } from '../errors.js';
import { isAtLeast, readVersion } from './program-version.js';
import { runBriefly } from './run-briefly.js';

/** Go's version, or undefined where there is none. */
export async function findGo(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const { output, problem } = await runBriefly('go', ['env', 'GOVERSION'], { env: goEnvironment(env) });
  return problem === undefined ? readVersion(output.replace('go', ' ')) : undefined;
}

export interface GoBuild {
  readonly package: string;
  /** Without the `v`. */
  readonly version: string;
  /** Where the executable goes. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds until it is given up. */
  readonly limitMs: number;
}

/** `go install` of one package at one version. Throws a RejectedError `program-build-failed` with the end of what Go said. */
export async function buildWithGo({ package: name, version, folder, env, limitMs }: GoBuild): Promise<void> {
  const child = spawn('go', ['install', '-trimpath', `${name}@v${version}`], {
    cwd: folder,
    env: { ...goEnvironment(env), GOBIN: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let tail = '';
  const keep = (chunk: Buffer): void => {
    tail = (tail + chunk.toString()).slice(-4_096);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const endWithUs = (): boolean => child.kill('SIGTERM');
  process.once('exit', endWithUs);
  const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
  const problem = await new Promise<string | undefined>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) =>
      resolve(code === 0 ? undefined : signal === null ? tail : `${tail} (${signal})`),
    );
  });
  clearTimeout(limit);
  process.removeListener('exit', endWithUs);
  if (problem === undefined) return;
  const said = problem.replace(/\s+/g, ' ').trim().slice(-600);
  throw new RejectedError('program-build-failed', `go install ${name}@v${version} failed: ${said}`);
}

/** The caller's own, without what would make Go build for another machine, from another folder's module, or fetch another Go. */
function goEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const result: NodeJS.ProcessEnv = {
    ...env,
    GOTOOLCHAIN: 'local',
    GO111MODULE: 'on',
    GOWORK: 'off',
    CGO_ENABLED: '0',
  };
  for (const name of ['GOOS', 'GOARCH', 'GOFLAGS', 'GOBIN']) delete result[name];
  // Go refuses to work without a home for its own cache; services often have none.
  if (!result['HOME']) result['HOME'] = os.homedir();
  return result;
}

export function isGoNewEnough(version: string | undefined, minimum: string): version is string {
  return version !== undefined && isAtLeast(version, minimum);
}
