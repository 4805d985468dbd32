import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { configMap } from '../helpers/test-repository.js';

export type Files = Readonly<Record<string, string>>;

/** A bare repository, as a server has it, and a clone that pushes to it. */
export interface RenderRepository {
  readonly url: string;
  push(message: string, files: Files): Promise<void>;
}

export async function makeRenderRepository(folder: string, name: string, files: Files): Promise<RenderRepository> {
  const bare = path.join(folder, `${name}.git`);
  const clone = path.join(folder, name);
  const git = (cwd: string, ...args: string[]): void => {
    const identity = ['-c', 'user.name=Bench', '-c', 'user.email=bench@flotilla.example'];
    execFileSync('git', [...identity, ...args], { cwd, stdio: 'pipe' });
  };
  const push = async (message: string, changed: Files): Promise<void> => {
    for (const [file, text] of Object.entries(changed)) {
      await mkdir(path.dirname(path.join(clone, file)), { recursive: true });
      await writeFile(path.join(clone, file), text);
    }
    git(clone, 'add', '--all');
    git(clone, 'commit', '--quiet', '--message', message);
    git(clone, 'push', '--quiet', 'origin', 'main');
  };
  git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', bare);
  git(folder, 'init', '--quiet', '--initial-branch=main', clone);
  git(clone, 'remote', 'add', 'origin', bare);
  await push('first', files);
  return { url: bare, push };
}

/** A base and an overlay for each environment, as kustomize has them. */
export function overlays(environments: readonly string[], version: number): Files {
  return {
    'base/kustomization.yaml': 'resources: [deployment.yaml, service.yaml, settings.yaml]\n',
    'base/deployment.yaml': deployment('web', version),
    'base/service.yaml':
      'apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n',
    'base/settings.yaml': configMap('settings', String(version)),
    ...Object.fromEntries(
      environments.map((env) => [
        `overlays/${env}/kustomization.yaml`,
        `resources: [../../base]\nnamePrefix: ${env}-\nreplicas: [{name: web, count: ${env.length}}]\n`,
      ]),
    ),
  };
}

/** A folder that kustomize renders, with one workload in it. */
export function workload(folder: string, name: string, version: number): Files {
  return {
    [`${folder}/kustomization.yaml`]: `resources: [deployment.yaml, settings.yaml]\ncommonAnnotations: {version: "${version}"}\n`,
    [`${folder}/deployment.yaml`]: deployment(name, version),
    [`${folder}/settings.yaml`]: configMap(`${name}-settings`, String(version)),
  };
}

function deployment(name: string, version: number): string {
  return [
    'apiVersion: apps/v1',
    'kind: Deployment',
    `metadata: {name: ${name}}`,
    'spec:',
    '  replicas: 1',
    `  selector: {matchLabels: {app: ${name}}}`,
    '  template:',
    `    metadata: {labels: {app: ${name}}}`,
    `    spec: {containers: [{name: main, image: "registry.example/${name}:1.${version}"}]}`,
    '',
  ].join('\n');
}
