import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { buildIntoCache, RejectedError, toolCacheFolder } from '#kit';

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
/** For one program, in milliseconds: the slowest takes three minutes on two cores that it has for itself. */
const BUILD_LIMIT_MS = 1_800_000;

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
  if (version === undefined) throw new Error(`libs/control-plane/go.mod requires no ${module}`);
  return version;
}

function goBuild(target: string, main: string, kubernetes: string): readonly string[] {
  const [major, minor] = kubernetes.split('.');
  // Unset, every program calls itself v0.0.0.
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
  const { name, version, seconds } = recipe;
  const { folder } = await buildIntoCache({
    key: `${name}-${version}`,
    cacheFolder: toolCacheFolder(),
    log: { info: log },
    limitMs: BUILD_LIMIT_MS,
    isWhole: (where) =>
      access(join(where, name), constants.X_OK).then(
        () => true,
        () => false,
      ),
    async build(where) {
      await requireGo();
      const started = performance.now();
      log(`Building ${name} ${version}, once; this takes about ${seconds} s on two cores …`);
      const { code, output } = await runGo(recipe.build(join(where, name)), { GOBIN: where });
      if (code !== 0) throw new RejectedError('program-build-failed', `${name} ${version} did not build: ${output}`);
      log(`Built ${name} ${version} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
    },
  });
  return join(folder, name);
}

async function requireGo(): Promise<void> {
  const needed = `Go ${MINIMUM_GO.join('.')} or newer on PATH is needed to build the Kubernetes control plane that the demo and the tests run, once`;
  const { code, output } = await runGo(['env', 'GOVERSION']).catch(() => ({ code: 1, output: '' }));
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(output) ?? [];
  if (code !== 0 || major === undefined) throw new RejectedError('go-missing', `${needed}, and there is none.`);
  if (Number(major) === MINIMUM_GO[0] && Number(minor) < MINIMUM_GO[1]) {
    throw new RejectedError('go-missing', `${needed}, and the one there is ${output.trim()}.`);
  }
}

function runGo(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn('go', args, {
      cwd: moduleFolder(),
      // GOTOOLCHAIN: a Go that is too old shall say so and not download another one.
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off', GOTOOLCHAIN: 'local', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: BUILD_LIMIT_MS,
    });
    let output = '';
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const endWithUs = (): boolean => child.kill();
    process.once('exit', endWithUs);
    child.once('error', reject);
    child.once('close', (code) => {
      process.removeListener('exit', endWithUs);
      resolve({ code: code ?? 1, output });
    });
  });
}
