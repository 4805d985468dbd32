import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { JsonObject } from '#domain';
import { createLogger, findProgram, kustomize } from '#kit';
import type { RenderPatch } from '#ports';
import { parseObjects } from './parse-yaml.js';
import { openRenderer } from './render.js';

const log = createLogger({ level: 'silent' });
const secret = 'hunter2-of-a-manifest';

const objects = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {tier: front}}
spec:
  replicas: 1
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: web, image: "web:1.0", env: [{name: A, value: "1"}, {name: B, value: "2"}]}
        - {name: log, image: "log:1.0"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker, namespace: jobs, annotations: {odd: "on"}}
spec: {replicas: 1, template: {spec: {containers: [{name: work, image: "work:1.0"}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: web, creationTimestamp: null}
spec: {ports: [{port: 80}], selector: {app: web}}
---
apiVersion: v1
kind: Secret
metadata: {name: keys}
stringData: {password: ${secret}, odd: "\\u2028 \\U0001F600 0644 \\t ü", long: ${'x'.repeat(5000)}}
---
apiVersion: example.org/v1
kind: Odd
metadata: {name: odd}
spec: {nothing: null, empty: {}, none: [], float: 1.5, large: 9007199254740991, text: ["on", "0o17", "1e3", "~", "", "- x", "a: b"]}
`;

type Patch = Omit<RenderPatch, 'field'>;
const deployments = { kind: 'Deployment' };
const add = (at: string, value: unknown = true): string => JSON.stringify([{ op: 'add', path: at, value }]);
const strategic = (kind: string, name: string, spec: string): string =>
  `apiVersion: ${kind === 'Deployment' ? 'apps/v1' : 'v1'}\nkind: ${kind}\nmetadata: {name: ${name}}\n${spec}\n`;

/** All that kustomize takes. */
const good: readonly (readonly [what: string, ...patches: Patch[]])[] = [
  ['operations on one object', { target: { ...deployments, name: 'web' }, patch: add('/spec/paused') }],
  ['operations on several objects', { target: deployments, patch: '- {op: replace, path: /spec/replicas, value: 3}' }],
  ['operations as YAML over several lines', { target: deployments, patch: '- op: remove\n  path: /spec/replicas\n' }],
  ['a test that holds', { target: { kind: 'Service' }, patch: '- {op: test, path: /spec/ports/0/port, value: 80}' }],
  [
    'a copy and a move',
    {
      target: { name: 'web', kind: 'Deployment' },
      patch:
        '- {op: copy, from: /metadata/labels/tier, path: /metadata/labels/a~1b}\n- {op: move, from: /spec/replicas, path: /spec/minReadySeconds}',
    },
  ],
  ['a name that is an expression', { target: { ...deployments, name: 'w.*' }, patch: add('/spec/paused') }],
  [
    'a group and a version',
    { target: { group: 'example.org', version: 'v1' }, patch: add('/spec/more', [1, null, 'x']) },
  ],
  ['a namespace', { target: { namespace: 'jobs' }, patch: add('/spec/paused') }],
  ['labels', { target: { labelSelector: 'tier in (front, back),!gone' }, patch: add('/spec/paused') }],
  ['annotations', { target: { annotationSelector: 'odd=on' }, patch: add('/spec/paused') }],
  ['any object', { target: {}, patch: add('/metadata/annotations', { all: 'of them' }) }],
  [
    'a part of an object that it names itself',
    {
      patch: strategic(
        'Deployment',
        'web',
        'spec: {replicas: 5, template: {spec: {containers: [{name: web, env: [{name: B, value: changed}, {name: C, value: new}]}]}}}',
      ),
    },
  ],
  [
    'a part with what is taken away',
    {
      patch: strategic(
        'Deployment',
        'web',
        'spec: {replicas: null, template: {spec: {containers: [{name: log, $patch: delete}]}}}',
      ),
    },
  ],
  ['a part that replaces', { patch: strategic('Service', 'web', 'spec: {selector: {$patch: replace, app: other}}') }],
  [
    'parts of two objects',
    {
      patch: `${strategic('Deployment', 'web', 'spec: {paused: true}')}---\n${strategic('Service', 'web', 'spec: {type: NodePort}')}`,
    },
  ],
  [
    'a part for a target',
    { target: { kind: 'Deployment' }, patch: strategic('Any', 'any', 'spec: {template: {spec: {hostNetwork: true}}}') },
  ],
  ['an object that is taken away', { patch: strategic('Service', 'web', '$patch: delete') }],
  ['targets that are taken away', { target: deployments, patch: strategic('Any', 'any', '$patch: delete') }],
  [
    'a kind that nobody has a schema of',
    {
      target: { kind: 'Odd' },
      patch:
        'apiVersion: example.org/v1\nkind: Odd\nmetadata: {name: odd}\nspec: {empty: {a: b}, none: [c], float: 2.5}\n',
    },
  ],
  [
    'one after the other',
    { target: deployments, patch: add('/metadata/labels', { now: 'there' }) },
    { target: { labelSelector: 'now=there' }, patch: add('/metadata/labels/then', 'this') },
    { patch: strategic('Deployment', 'web', 'metadata: {labels: {then: that}}') },
  ],
  [
    'one that takes an object away, and one for others',
    { target: { kind: 'Service' }, patch: strategic('Any', 'any', '$patch: delete') },
    { target: deployments, patch: add('/spec/paused') },
  ],
  ['nothing', { target: deployments, patch: '# nothing\n' }],
  ['a secret', { target: { kind: 'Secret' }, patch: add('/stringData/more', 'ü\u2028😀 on 0644') }],
];

/** All that is a mistake, with what is said. */
const bad: readonly (readonly [what: string, message: RegExp, ...patches: Patch[]])[] = [
  [
    'a target that nothing has',
    /^spec\.patches\[0\]: its target is no object that was rendered\.$/,
    { target: { kind: 'Ingress' }, patch: add('/a') },
  ],
  [
    'a target that nothing has, behind one that hits',
    /^spec\.patches\[1\]: its target is no object/,
    { target: deployments, patch: add('/spec/paused') },
    { target: { kind: 'Deployment', name: 'we' }, patch: add('/spec/paused') },
  ],
  [
    'an object that is not there',
    /^spec\.patches\[0\]: no resource matches .*nope/,
    { patch: strategic('Deployment', 'nope', 'spec: {}') },
  ],
  [
    'an object of another namespace',
    /^spec\.patches\[0\]: .*worker/,
    { patch: strategic('Deployment', 'worker', 'spec: {}') },
  ],
  ['operations without a target', /^spec\.patches\[0\]: must specify a target/, { patch: add('/spec/paused') }],
  [
    'a path that is not there',
    /^spec\.patches\[1\]: .*\/spec\/nope/,
    { target: deployments, patch: add('/spec/paused') },
    { target: deployments, patch: '- {op: remove, path: /spec/nope}' },
    { target: deployments, patch: add('/x') },
  ],
  [
    'a test that fails',
    /^spec\.patches\[2\]: .*test/i,
    { target: deployments, patch: add('/spec/a') },
    { target: deployments, patch: add('/spec/b') },
    { target: { kind: 'Secret' }, patch: '- {op: test, path: /stringData/password, value: other}' },
    { target: deployments, patch: add('/spec/c') },
  ],
  [
    'an operation that nobody knows',
    /^spec\.patches\[0\]: /,
    { target: deployments, patch: '- {op: increase, path: /spec/replicas, value: 1}' },
  ],
  ['YAML that does not parse', /^spec\.patches\[0\]: .*parse/, { target: deployments, patch: 'spec: [' }],
  ['a part that has no name', /^spec\.patches\[0\]: .*parse/, { target: deployments, patch: 'spec: {replicas: 2}' }],
  ['an expression that does not end', /^spec\.patches\[0\]: .*regex/, { target: { name: 'web(' }, patch: add('/a') }],
  [
    'a selector that is none',
    /^spec\.patches\[0\]: .*parse/,
    { target: { labelSelector: 'a in (b' }, patch: add('/a') },
  ],
  [
    'a list where an object is',
    /^spec\.patches\[0\]: /,
    { patch: strategic('Secret', 'keys', `stringData: [${secret}]`) },
  ],
  [
    'an object without an end to its aliases',
    /^spec\.patches\[0\]: /,
    {
      patch: `a: &a [x]\n${[...'bcdefghij'].map((name, index) => `${name}: &${name} [${`*${'abcdefghi'[index] ?? ''}, `.repeat(9)}]`).join('\n')}`,
    },
  ],
];

describe('an application’s own patches', () => {
  let kustomizePath: string;
  let scratch: string;
  let folder: string;

  beforeAll(async () => {
    kustomizePath = (await findProgram(kustomize, { log })).path;
    scratch = await mkdtemp(path.join(tmpdir(), 'flotilla-patches-'));
    folder = path.join(scratch, 'commit');
    await mkdir(path.join(folder, 'plain'), { recursive: true });
    await mkdir(path.join(folder, 'built'));
    await mkdir(path.join(scratch, 'work'));
    await writeFile(path.join(folder, 'plain', 'all.yaml'), objects);
    await writeFile(path.join(folder, 'built', 'all.yaml'), objects);
    await writeFile(path.join(folder, 'built', 'kustomization.yaml'), 'resources: [all.yaml]\nnamePrefix: x-\n');
  }, 120_000);
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  const numbered = (patches: readonly Patch[]): readonly RenderPatch[] =>
    patches.map((each, index) => ({ ...each, field: `spec.patches[${index}]` }));
  const render = (patches: readonly Patch[], overlay = 'plain') =>
    openRenderer({ kustomizePath, log, scratchFolder: path.join(scratch, 'work') }).render({
      folder,
      path: overlay,
      renderer: 'auto',
      patches: numbered(patches),
    });

  async function byHand(patches: readonly Patch[]): Promise<readonly JsonObject[]> {
    const hand = await mkdtemp(path.join(scratch, 'hand-'));
    await writeFile(path.join(hand, 'all.yaml'), objects);
    const kustomization = { resources: ['all.yaml'], sortOptions: { order: 'fifo' }, patches };
    await writeFile(path.join(hand, 'kustomization.yaml'), JSON.stringify(kustomization));
    const { stdout } = await promisify(execFile)(kustomizePath, ['build', hand]);
    return parseObjects(stdout, 'by hand');
  }

  it.each(good)(
    'are as kustomize has them: %s',
    async (_what, ...patches) => {
      const { objects: patched, tool, warnings } = await render(patches);
      expect(patched).toEqual(await byHand(patches));
      expect({ tool, warnings }).toEqual({ tool: 'yaml', warnings: [] });
      expect(await readdir(path.join(scratch, 'work'))).toEqual([]);
    },
    60_000,
  );

  it.each(bad)(
    'are refused, named by their place, and tell nothing of what they are for: %s',
    async (_what, message, ...patches) => {
      const error: unknown = await render(patches).catch((each: unknown) => each);
      expect(error).toMatchObject({ kind: 'rejected', code: 'patch-failed', message: expect.stringMatching(message) });
      expect((error as Error).message).not.toContain(scratch);
      expect((error as Error).message).not.toContain(secret);
      expect(await readdir(path.join(scratch, 'work'))).toEqual([]);
    },
    60_000,
  );

  it('may be lists of YAML in brackets, which kustomize by itself takes for JSON', async () => {
    const target = { kind: 'Service' };
    const { objects: patched } = await render([
      { target, patch: ' [{op: replace, path: /spec/ports/0/port, value: 81}]' },
    ]);
    expect(patched).toEqual(await byHand([{ target, patch: '- {op: replace, path: /spec/ports/0/port, value: 81}' }]));
  });

  it('have the time that a render has, and say that it was theirs', async () => {
    const slow = path.join(scratch, 'slow');
    await writeFile(slow, '#!/bin/sh\ncase $1 in version) echo v5.8.1;; *) exec sleep 20;; esac\n', { mode: 0o755 });
    const renderer = openRenderer({ kustomizePath: slow, log, limits: { timeoutMs: 300 } });
    const patches = numbered([{ target: deployments, patch: add('/a') }]);
    await expect(renderer.render({ folder, path: 'plain', renderer: 'auto', patches })).rejects.toMatchObject({
      code: 'timed-out',
      message: expect.stringMatching(/^spec\.patches: /),
    });
  });

  it('leave what they are not for exactly as it was rendered', async () => {
    const { objects: patched } = await render([{ target: { kind: 'Service' }, patch: add('/spec/type', 'NodePort') }]);
    const others = (list: readonly JsonObject[]): readonly JsonObject[] =>
      list.filter((each) => each['kind'] !== 'Service');
    expect(others(patched)).toEqual(others(parseObjects(objects, 'all.yaml')));
  });

  it('come after the kustomization, and see its names', async () => {
    const patch = strategic('Deployment', 'x-web', 'spec: {replicas: 9}');
    const { objects: patched, tool } = await render([{ patch }], 'built');
    expect(patched).toContainEqual(expect.objectContaining({ spec: expect.objectContaining({ replicas: 9 }) }));
    expect(tool).toMatch(/^kustomize v5/);
  });

  it('are not passed by with the annotation of what kustomize leaves out', async () => {
    await mkdir(path.join(folder, 'local'));
    const local =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: local, annotations: {config.kubernetes.io/local-config: "true"}}\n';
    await writeFile(path.join(folder, 'local', 'all.yaml'), `${local}---\n${objects}`);
    await expect(render([{ target: deployments, patch: add('/spec/paused') }], 'local')).rejects.toMatchObject({
      code: 'patch-failed',
      message: expect.stringMatching(/^spec\.patches: .*ConfigMap local has the annotation/),
    });
  });

  it('are refused where what was rendered cannot be patched, and not one of them is blamed', async () => {
    await mkdir(path.join(folder, 'twice'));
    const map = `apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: "${secret}\\u007f"}\n`;
    await writeFile(path.join(folder, 'twice', 'all.yaml'), map);
    const error: unknown = await render([{ target: { kind: 'Secret' }, patch: add('/x') }], 'twice').catch(
      (each: unknown) => each,
    );
    expect(error).toMatchObject({ code: 'patch-failed', message: expect.stringMatching(/^spec\.patches: what was/) });
    expect((error as Error).message).not.toContain(secret);
  });
});
