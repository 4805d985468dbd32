import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createLogger, findProgram, kustomize } from '#kit';
import { writeSuiteFiles } from '#ports/contract-suites/renderer-contract-suite';
import { openRenderer } from './render.js';

const log = createLogger({ level: 'silent' });
const secret = 'hunter2-of-a-manifest';
const map = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {a: b}\n`;
const sealed = `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: ${secret}}\n`;

/** What kustomize itself refuses, or the walk before it, with what is said of it. */
const broken: readonly (readonly [
  what: string,
  message: RegExp,
  kustomization: string,
  files?: Readonly<Record<string, string>>,
])[] = [
  ['two objects of one name', /^dev: .*ConfigMap.*\ba\b/, 'resources: [a.yaml, b.yaml]', { 'b.yaml': map('a') }],
  [
    'an object without a name',
    /^dev: .*b\.yaml/,
    'resources: [b.yaml]',
    { 'b.yaml': 'apiVersion: v1\nkind: Secret\n' },
  ],
  ['an object without a kind', /^dev: .*b\.yaml/, 'resources: [b.yaml]', { 'b.yaml': 'metadata: {name: b}\n' }],
  ['a file that is no YAML', /^dev: .*b\.yaml/, 'resources: [b.yaml]', { 'b.yaml': `a: [${secret}\n` }],
  ['a file that is not there', /^dev\/kustomization\.yaml: resources names "b\.yaml"/, 'resources: [b.yaml]'],
  [
    'a folder without a kustomization',
    /^dev\/sub holds no kustomization/,
    'resources: [sub]',
    { 'sub/a.yaml': map('a') },
  ],
  ['a file as a component', /^dev: .*a\.yaml/, 'components: [a.yaml]'],
  [
    'a component among its resources',
    /^dev: .*sub/,
    'resources: [sub]',
    { 'sub/kustomization.yaml': 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n' },
  ],
  [
    'a patch of an object that is not there',
    /^dev: .*nope/,
    `resources: [a.yaml]\npatches: [{patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: nope}}'}]`,
  ],
  [
    'a patch that fits nothing of it',
    /^dev: .*\/data\/nope/,
    'resources: [a.yaml]\npatches: [{target: {kind: ConfigMap}, patch: "- {op: remove, path: /data/nope}"}]',
  ],
  [
    'a patch of a Secret that does not fit',
    /^dev: /,
    `resources: [s.yaml]\npatches: [{target: {kind: Secret}, patch: "- {op: test, path: /stringData/password, value: other-${secret}}"}]`,
    { 's.yaml': sealed },
  ],
  [
    'a generator of a file that is not there',
    /configMapGenerator\.files names "nope"/,
    'configMapGenerator: [{name: a, files: [nope]}]',
  ],
  [
    'a generator of a folder',
    /configMapGenerator\.files names "sub", which is a folder/,
    'configMapGenerator: [{name: a, files: [sub]}]',
    { 'sub/a': '' },
  ],
  [
    'a generator that merges into nothing',
    /^dev: .*merge/,
    'configMapGenerator: [{name: b, behavior: merge, literals: [a=b]}]',
  ],
  ['a generator with one key twice', /^dev: .*\ba\b/, 'configMapGenerator: [{name: b, literals: [a=b, a=c]}]'],
  ['a literal that is no pair', /^dev: /, `secretGenerator: [{name: b, literals: [${secret}]}]`],
  [
    'an environment file with one key twice',
    /^dev: .*repeats the key/,
    'secretGenerator: [{name: b, envs: [e.env]}]',
    { 'e.env': `A=${secret}\nA=${secret}\n` },
  ],
  [
    'a replacement from nowhere',
    /^dev: .*nothing selected/,
    'resources: [a.yaml]\nreplacements: [{source: {kind: Secret, name: s}, targets: [{select: {kind: ConfigMap}, fieldPaths: [data.a]}]}]',
  ],
  [
    'a replacement into nowhere',
    /^dev: .*data\.nope/,
    'resources: [a.yaml]\nreplacements: [{source: {kind: ConfigMap, name: a, fieldPath: data.a}, targets: [{select: {kind: ConfigMap}, fieldPaths: [data.nope]}]}]',
  ],
  [
    'a replacement by a part of a Secret that it has not',
    /^dev: .*out of bounds for value \(hidden\)/,
    'resources: [s.yaml]\nreplacements: [{source: {kind: Secret, name: s, fieldPath: stringData.password, options: {delimiter: u, index: 9}}, targets: [{select: {kind: Secret}, fieldPaths: [metadata.name]}]}]',
    { 's.yaml': sealed },
  ],
  [
    'an object that kustomize cannot print',
    /^dev: \(hidden\): yaml: control characters/,
    'resources: [s.yaml]',
    { 's.yaml': sealed.replace(secret, `"${secret}\\x7f"`) },
  ],
  [
    'a file above its folder for a generator',
    /^dev: .*security/,
    'configMapGenerator: [{name: b, files: [../other]}]',
    { '../other': 'x' },
  ],
  [
    'a base that is a parent',
    /names itself again|cycle/,
    'resources: [sub]',
    { 'sub/kustomization.yaml': 'resources: [../]\n' },
  ],
  ['a label that is none', /^dev: /, 'resources: [a.yaml]\nlabels: [{pairs: {a: [b]}}]'],
  ['an order that is none', /^dev: .*order/, 'resources: [a.yaml]\nsortOptions: {order: alphabetical}'],
  [
    'a plugin that nobody has',
    /^dev: .*Nope/,
    'resources: [a.yaml]\ntransformers: [t.yaml]',
    { 't.yaml': 'apiVersion: example.org/v1\nkind: Nope\nmetadata: {name: n}\n' },
  ],
];

describe('a kustomization that cannot be rendered', () => {
  let kustomizePath: string;
  let folder: string;

  beforeAll(async () => {
    kustomizePath = (await findProgram(kustomize, { log })).path;
  }, 120_000);
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'flotilla-broken-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it.each(broken)(
    'is told by where it is wrong, and no more of what is in it: %s',
    async (_what, message, kustomization, files = {}) => {
      const all = { 'a.yaml': map('a'), ...files, 'kustomization.yaml': `${kustomization}\n` };
      const placed = Object.entries(all).map(([name, text]) => [path.posix.join('dev', name), text] as const);
      await writeSuiteFiles(folder, Object.fromEntries(placed));
      const renderer = openRenderer({ kustomizePath, log });
      const error: unknown = await renderer
        .render({ folder, path: 'dev', renderer: 'auto' })
        .catch((each: unknown) => each);
      expect(error).toMatchObject({ kind: 'rejected', message: expect.stringMatching(message) });
      expect((error as Error).message).not.toContain(secret);
      expect((error as Error).message).not.toContain(folder);
      expect((error as Error).message.length).toBeLessThan(1000);
    },
    60_000,
  );

  it('tells nothing of a line that is no text', async () => {
    await writeSuiteFiles(folder, { 'dev/kustomization.yaml': 'secretGenerator: [{name: b, envs: [e.env]}]\n' });
    await writeFile(path.join(folder, 'dev/e.env'), Buffer.concat([Buffer.of(0xff), Buffer.from(`A=${secret}\n`)]));
    const renderer = openRenderer({ kustomizePath, log });
    const error: unknown = await renderer
      .render({ folder, path: 'dev', renderer: 'auto' })
      .catch((each: unknown) => each);
    expect((error as Error).message).toMatch(/^dev: .*e\.env\]: a line has invalid UTF-8 bytes\.$/);
  });
});
