import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createLogger, findProgram, kustomize } from '#kit';
import type { Renderer } from '#ports';
import { describeRendererContract, writeSuiteFiles } from '#ports/contract-suites/renderer-contract-suite';
import { openRenderer } from './render.js';
import { openKustomize } from './run-kustomize.js';
import { RENDER_LIMITS } from './run-program.js';

const log = createLogger({ level: 'silent' });
let kustomizePath = '';

beforeAll(async () => {
  kustomizePath = (await findProgram(kustomize, { log })).path;
}, 120_000);

describeRendererContract('the real kustomize', async () => openRenderer({ kustomizePath, log }));

const web = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 1}\n';
const configMap = (name: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {a: b}\n`;

describe('rendering', () => {
  let folder: string;
  let server: Server;
  let requests: string[];
  let address: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'flotilla-render-'));
    requests = [];
    server = createServer((request, response) => {
      requests.push(request.url ?? '');
      response.end(configMap('fetched'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const bound = server.address();
    address = `http://127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true, force: true });
  });

  const open = (limits = {}): Renderer => openRenderer({ kustomizePath, log, limits });
  const render = (renderer: Renderer = open(), overlay = 'dev') =>
    renderer.render({ folder, path: overlay, renderer: 'auto' });

  it('names the file in what kustomize itself finds wrong, and not the scratch folder', async () => {
    await writeSuiteFiles(folder, {
      'dev/kustomization.yaml': 'resources: [web.yaml]\npatches: [{path: patch.yaml}]\n',
      'dev/web.yaml': web,
      'dev/patch.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: other}\n',
    });
    const error: unknown = await render().catch((each: unknown) => each);
    expect(error).toMatchObject({ kind: 'rejected', code: 'kustomize-failed' });
    expect((error as Error).message).toMatch(/^dev: .*other/);
    expect((error as Error).message).not.toContain(folder);
  });

  it('names the file of YAML that kustomize cannot read', async () => {
    await writeSuiteFiles(folder, {
      'dev/kustomization.yaml': 'resources: [web.yaml]\n',
      'dev/web.yaml': 'kind: [Deployment\n',
    });
    await expect(render()).rejects.toMatchObject({
      code: 'kustomize-failed',
      message: expect.stringContaining('web.yaml'),
    });
  });

  it('gives generators nothing of the hub’s environment', async () => {
    process.env['FLOTILLA_TEST_SECRET'] = 'hunter2';
    await writeSuiteFiles(folder, {
      'dev/kustomization.yaml': 'configMapGenerator: [{name: a, envs: [e]}]\n',
      'dev/e': 'FLOTILLA_TEST_SECRET\nHOME\n',
    });
    const { objects } = await render();
    delete process.env['FLOTILLA_TEST_SECRET'];
    expect(JSON.stringify(objects)).not.toContain('hunter2');
  });

  it('ends a render that takes too long', async () => {
    const slow = path.join(folder, 'slow');
    await writeFile(slow, '#!/bin/sh\ncase $1 in version) echo v5.8.1;; *) exec sleep 20;; esac\n', { mode: 0o755 });
    await writeSuiteFiles(folder, { 'dev/kustomization.yaml': 'resources: []\n' });
    const began = Date.now();
    await expect(render(openRenderer({ kustomizePath: slow, log, limits: { timeoutMs: 300 } }))).rejects.toMatchObject({
      kind: 'rejected',
      code: 'timed-out',
    });
    expect(Date.now() - began).toBeLessThan(15_000);
  });

  it('ends a render that prints too much', async () => {
    const files: Record<string, string> = {};
    for (let index = 0; index < 50; index += 1) files[`dev/${index}.yaml`] = configMap(`m${index}`);
    await writeSuiteFiles(folder, {
      'dev/kustomization.yaml': `resources: [${Object.keys(files)
        .map((each) => each.slice(4))
        .join(', ')}]\n`,
      ...files,
    });
    expect((await render()).objects).toHaveLength(50);
    await expect(render(open({ maxOutputBytes: 1000 }))).rejects.toMatchObject({ code: 'output-too-large' });
  });

  it('ends a render that needs too much memory', async () => {
    const bomb = ['apiVersion: v1', 'kind: ConfigMap', 'metadata: {name: a}', 'a: &a [x, x, x, x, x, x, x, x, x]'];
    for (const [before = '', name = ''] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg', 'gh', 'hi', 'ij']) {
      bomb.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(', ')}]`);
    }
    await writeSuiteFiles(folder, { 'dev/kustomization.yaml': 'resources: [a.yaml]\n', 'dev/a.yaml': bomb.join('\n') });
    await expect(render(open({ maxMemoryBytes: 0.75 * 1024 ** 3 }))).rejects.toMatchObject({
      kind: 'rejected',
      code: 'kustomize-failed',
      message: expect.stringContaining('768 MiB of memory'),
    });
  });

  it('reads no more plain manifests than allowed', async () => {
    await writeSuiteFiles(folder, { 'dev/a.yaml': configMap('a'), 'dev/b.yaml': configMap('b') });
    await expect(render(open({ maxOutputBytes: 100 }))).rejects.toMatchObject({ code: 'output-too-large' });
  });

  it('takes the network from kustomize where the system allows, should the checks ever miss something', async () => {
    await writeSuiteFiles(folder, { 'dev/kustomization.yaml': `resources: [${address}/x.yaml]\n` });
    const program = await openKustomize(kustomizePath, RENDER_LIMITS, log);
    const output = await program.build(await realpath(folder), 'dev').catch(() => null);
    expect(requests).toHaveLength(program.isolated ? 0 : 1);
    expect(output === null).toBe(program.isolated);
  });

  it('says what it cannot run', async () => {
    await writeSuiteFiles(folder, { 'dev/kustomization.yaml': 'resources: []\n' });
    await expect(render(openRenderer({ kustomizePath: '/nowhere/kustomize', log }))).rejects.toMatchObject({
      kind: 'retryable',
      code: 'program-missing',
    });
  });

  it('renders a transformer, a component, a generator and a replacement as kustomize has them', async () => {
    await writeSuiteFiles(folder, {
      'dev/kustomization.yaml': [
        'resources: [../base]',
        'components: [../more]',
        'transformers: [labels.yaml]',
        'configMapGenerator: [{name: settings, files: [app.conf=conf/app.conf], literals: [A=b]}]',
        'patches: [{path: patch.yaml}, {target: {kind: Deployment}, patch: "- {op: add, path: /spec/paused, value: true}"}]',
        'replacements: [{path: replacement.yaml}]',
      ].join('\n'),
      'dev/labels.yaml':
        'apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: l}\nlabels: {team: a}\nfieldSpecs: [{path: metadata/labels, create: true}]\n',
      'dev/conf/app.conf': 'x = 1\n',
      'dev/patch.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n',
      'dev/replacement.yaml':
        'source: {kind: Deployment, name: web, fieldPath: spec.replicas}\ntargets: [{select: {kind: Extra}, fieldPaths: [spec.count], options: {create: true}}]\n',
      'base/kustomization.yaml': 'resources: [web.yaml]\n',
      'base/web.yaml': web,
      'more/kustomization.yaml':
        'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [extra.yaml]\n',
      'more/extra.yaml': 'apiVersion: example.org/v1\nkind: Extra\nmetadata: {name: x}\n',
    });
    const { objects } = await render();
    const byKind = Object.fromEntries(objects.map((each) => [each['kind'] as string, each]));
    expect(byKind['Deployment']).toMatchObject({
      metadata: { labels: { team: 'a' } },
      spec: { replicas: 3, paused: true },
    });
    expect(byKind['Extra']).toMatchObject({ spec: { count: 3 } });
    expect(byKind['ConfigMap']).toMatchObject({ data: { 'app.conf': 'x = 1\n', A: 'b' } });
  });

  it('renders the demo’s sample repository, each overlay in its own size', async () => {
    const sample = path.resolve(import.meta.dirname, '../../../deploy/demo/repository');
    const replicasOf = async (overlay: string): Promise<unknown> => {
      const { objects } = await open().render({ folder: sample, path: overlay, renderer: 'auto' });
      expect(objects.map((each) => each['kind']).sort()).toEqual([
        'ConfigMap',
        'Deployment',
        'Deployment',
        'Namespace',
        'Service',
      ]);
      return objects.flatMap((each) => (each['kind'] === 'Deployment' ? [each['spec']] : []));
    };
    expect(await replicasOf('overlays/dev')).toMatchObject([{ replicas: 1 }, { replicas: 1 }]);
    expect(await replicasOf('overlays/staging')).toMatchObject([{ replicas: 2 }, { replicas: 2 }]);
    expect(await replicasOf('overlays/prod')).toMatchObject([{ replicas: 5 }, { replicas: 3 }]);
  });

  it('gives equal objects for equal commits in any folder', async () => {
    const other = path.join(folder, 'other');
    await mkdir(other);
    const files = { 'dev/kustomization.yaml': 'configMapGenerator: [{name: a, literals: [A=b]}]\n' };
    await writeSuiteFiles(folder, files);
    await writeSuiteFiles(other, files);
    const here = await render();
    expect(await open().render({ folder: other, path: 'dev', renderer: 'auto' })).toEqual(here);
  });
});
