import { spawn } from 'node:child_process';
import { access, mkdir, readFile, readdir, rename, rm, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { moduleFolder } from './module-folder.js';

/**
 * The programs of a Kubernetes control plane, built from source into the tool cache
 * (`${XDG_CACHE_HOME:-~/.cache}/flotilla/tools/<name>-<version>/<name>`): once per machine and version, about five minutes on two cores.
 */
export type ProgramName = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kubectl' | 'kwok';

/** Where each program lies. */
export type ProgramPaths = Readonly<Record<ProgramName, string>>;

interface Recipe {
  readonly name: ProgramName;
  readonly version: string;
  /** Seconds that a build with empty Go caches took on two cores. */
  readonly seconds: number;
  /** Arguments of `go` that leave the program at `target`, run in the folder of go.mod. */
  readonly build: (target: string) => readonly string[];
}

const KWOK_VERSION = '0.8.0';
const MINIMUM_GO = [1, 26] as const;
/** A lock that nobody has touched for this long belongs to a process that is gone or asleep. */
const LOCK_STALE_MS = 30_000;

/** Finds the programs in the tool cache and builds those that are missing; `log` is told of each build before it starts. */
export async function buildControlPlane(
  log: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
): Promise<ProgramPaths> {
  const paths: Partial<Record<ProgramName, string>> = {};
  for (const recipe of await recipes()) paths[recipe.name] = await findOrBuild(recipe, log);
  return paths as ProgramPaths;
}

/** The Kubernetes version of go.mod, as `1.36.3`. */
export async function kubernetesVersion(): Promise<string> {
  return versionIn(await readFile(join(moduleFolder(), 'go.mod'), 'utf8'), 'k8s.io/kubernetes');
}

async function recipes(): Promise<readonly Recipe[]> {
  const goMod = await readFile(join(moduleFolder(), 'go.mod'), 'utf8');
  const kubernetes = versionIn(goMod, 'k8s.io/kubernetes');
  const ofKubernetes = (name: ProgramName, seconds: number): Recipe => ({
    name,
    version: kubernetes,
    seconds,
    build: (target) => goBuild(target, `k8s.io/kubernetes/cmd/${name}`, kubernetes),
  });
  return [
    {
      name: 'etcd',
      version: versionIn(goMod, 'go.etcd.io/etcd/server/v3'),
      seconds: 35,
      build: (target) => goBuild(target, 'go.etcd.io/etcd/server/v3', kubernetes),
    },
    ofKubernetes('kube-apiserver', 155),
    ofKubernetes('kube-controller-manager', 45),
    ofKubernetes('kube-scheduler', 5),
    ofKubernetes('kubectl', 15),
    {
      name: 'kwok',
      version: KWOK_VERSION,
      seconds: 60,
      // Not a tool of go.mod: it stands on another minor of client-go. The target's folder is set as GOBIN.
      build: () => ['install', '-trimpath', '-ldflags', '-s -w', `sigs.k8s.io/kwok/cmd/kwok@v${KWOK_VERSION}`],
    },
  ];
}

function versionIn(goMod: string, module: string): string {
  const version = new RegExp(`^\\s*${module.replaceAll('.', '\\.')} v(\\S+)`, 'm').exec(goMod)?.[1];
  if (version === undefined) throw new Error(`test/kubernetes/control-plane/go.mod requires no ${module}`);
  return version;
}

function goBuild(target: string, main: string, kubernetes: string): readonly string[] {
  const [major, minor] = kubernetes.split('.');
  // Unset, every program calls itself v0.0.0, and the API server then refuses to emulate a version at all.
  const stamps = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((holder) => [
    `-X ${holder}.gitVersion=v${kubernetes}`,
    `-X ${holder}.gitMajor=${major ?? ''}`,
    `-X ${holder}.gitMinor=${minor ?? ''}`,
    `-X ${holder}.gitTreeState=clean`,
  ]);
  const flags = ['-trimpath', '-mod=readonly', '-buildvcs=false', '-ldflags', ['-s', '-w', ...stamps].join(' ')];
  return ['build', ...flags, '-o', target, main];
}

async function findOrBuild(recipe: Recipe, log: (line: string) => void): Promise<string> {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const folder = join(cache, 'flotilla', 'tools', `${recipe.name}-${recipe.version}`);
  const program = join(folder, recipe.name);
  if (await exists(program)) return program;
  await mkdir(folder, { recursive: true });
  const release = await lock(join(folder, 'building'), () => {
    log(`${recipe.name} ${recipe.version}: another process is building it, waiting for that`);
  });
  try {
    if (!(await exists(program))) await build(recipe, folder, program, log);
  } finally {
    await release();
  }
  return program;
}

async function build(recipe: Recipe, folder: string, program: string, log: (line: string) => void): Promise<void> {
  await requireGo();
  const started = performance.now();
  log(`${recipe.name} ${recipe.version}: building it into ${folder}, once, about ${recipe.seconds} s on two cores`);
  for (const left of await readdir(folder)) {
    if (left.startsWith('unfinished-')) await rm(join(folder, left), { recursive: true, force: true });
  }
  const unfinished = join(folder, `unfinished-${process.pid}`);
  await mkdir(unfinished);
  const { code, output } = await runGo(recipe.build(join(unfinished, recipe.name)), { GOBIN: unfinished });
  if (code !== 0) throw new Error(`${recipe.name} ${recipe.version} did not build:\n${output}`);
  // The rename is what makes it visible: a build that was killed leaves nothing that looks finished.
  await rename(join(unfinished, recipe.name), program);
  await rm(unfinished, { recursive: true });
  log(`${recipe.name} ${recipe.version}: built in ${Math.round((performance.now() - started) / 1000)} s`);
}

async function requireGo(): Promise<void> {
  const needed = `Go ${MINIMUM_GO.join('.')} or later on PATH builds the Kubernetes control plane of the tests`;
  const { code, output } = await runGo(['env', 'GOVERSION']).catch(() => ({ code: 1, output: '' }));
  if (code !== 0) throw new Error(`${needed}, and there is none: install it from https://go.dev/dl or your system.`);
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(output) ?? [];
  if (Number(major) === MINIMUM_GO[0] && Number(minor) < MINIMUM_GO[1]) {
    throw new Error(`${needed}, and the one there is ${output.trim()}: install a newer one.`);
  }
}

function runGo(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn('go', args, {
      cwd: moduleFolder(),
      // GOTOOLCHAIN: a Go that is too old shall say so and not download another one.
      env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOTOOLCHAIN: 'local', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** Waits until this process alone holds the file `path`; the answer gives it back. */
async function lock(path: string, onWait: () => void): Promise<() => Promise<void>> {
  for (let waited = false; ; waited = true) {
    try {
      await writeFile(path, `${process.pid}\n`, { flag: 'wx' });
      break;
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
    if (await isAbandoned(path)) {
      // Two waiters may both come here, and then both build: a waste, and harmless, as the result is renamed into place.
      await unlink(path).catch(() => undefined);
      continue;
    }
    if (!waited) onWait();
    await sleep(300);
  }
  const touch = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, LOCK_STALE_MS / 6);
  return async () => {
    clearInterval(touch);
    await unlink(path).catch(() => undefined);
  };
}

async function isAbandoned(path: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > LOCK_STALE_MS) return true;
    const holder = Number(await readFile(path, 'utf8'));
    // An empty file is one that its holder is about to write.
    if (Number.isInteger(holder) && holder > 0) process.kill(holder, 0);
    return false;
  } catch (error) {
    return hasCode(error, 'ESRCH');
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
