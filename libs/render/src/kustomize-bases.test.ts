import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createLogger, findProgram, kustomize, RejectedError } from '#kit';
import type { RemoteBase, Renderer, RenderInput } from '#ports';
import { writeSuiteFiles } from '#ports/contract-suites/renderer-contract-suite';
import { createFakeRenderer } from './fake-renderer.js';
import { openRenderer } from './render.js';

const log = createLogger({ level: 'silent' });
const map = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {a: b}\n`;
const shop = 'https://example.org/team/shop';

describe('a kustomization of several repositories', () => {
  let kustomizePath: string;
  let scratch: string;
  let folder: string;
  let asked: RemoteBase[];

  beforeAll(async () => {
    kustomizePath = (await findProgram(kustomize, { log })).path;
  }, 120_000);
  beforeEach(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), 'flotilla-bases-test-'));
    folder = path.join(scratch, 'commit');
    await mkdir(path.join(scratch, 'work'));
    asked = [];
    await writeSuiteFiles(path.join(scratch, 'shop'), {
      'kustomization.yaml': 'resources: [base]\n',
      'base/kustomization.yaml': 'resources: [web.yaml]\n',
      'base/web.yaml': map('web'),
      'monitored/kustomization.yaml':
        'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [monitor.yaml]\n',
      'monitored/monitor.yaml': map('monitor'),
      'linked/kustomization.yaml': 'resources: [elsewhere]\n',
      'linked/elsewhere': { symlink: '../base' },
      'again/kustomization.yaml': 'resources: ["git@example.org:team/other.git//sub", ../base]\n',
      'broken/kustomization.yaml': 'resources: [nope.yaml]\n',
      'escaping/kustomization.yaml': 'resources: [../../commit/dev]\n',
      'circle/kustomization.yaml': `resources: [${shop}//circle]\n`,
      'fetching/kustomization.yaml': 'resources: ["https://example.org/unknown/unknown//base"]\n',
      'failing/kustomization.yaml': 'resources: [../base]\npatches: [{path: patch.yaml}]\n',
      'failing/patch.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: none}\n',
      'linked-out/kustomization.yaml': 'resources: [../../commit]\n',
    });
    await writeSuiteFiles(path.join(scratch, 'other'), {
      'sub/kustomization.yaml': 'configMapGenerator: [{name: made, files: [conf]}]\n',
      'sub/conf': 'x\n',
    });
  });
  afterEach(() => rm(scratch, { recursive: true, force: true }));

  const folders: Readonly<Record<string, string>> = {
    [shop]: 'shop',
    'https://example.org/team/shop.git': 'shop',
    'ssh://git@example.org/team/other.git': 'other',
  };
  const baseOf: NonNullable<RenderInput['baseOf']> = async (base) => {
    asked.push(base);
    const name = folders[base.url];
    if (base.ref === 'gone') throw new RejectedError('remote-base', 'no source of that repository follows gone');
    return name === undefined || base.ref === 'other' ? null : { folder: path.join(scratch, name) };
  };
  const real = (): Renderer => openRenderer({ kustomizePath, log, scratchFolder: path.join(scratch, 'work') });
  const render = async (files: Readonly<Record<string, string>>, renderer = real(), known = true) => {
    await writeSuiteFiles(folder, files);
    return renderer.render({ folder, path: 'dev', renderer: 'auto', ...(known && { baseOf }) });
  };
  const dev = (text: string): Record<string, string> => ({ 'dev/kustomization.yaml': text });
  const names = (objects: readonly object[]): readonly string[] =>
    objects.map((each) => (each as { metadata: { name: string } }).metadata.name);
  const refusal = async (text: string): Promise<Error & { code: string }> => {
    const error: unknown = await render(dev(text)).catch((each: unknown) => each);
    expect(error).toBeInstanceOf(RejectedError);
    expect((error as Error).message).not.toContain(scratch);
    expect(await readdir(path.join(scratch, 'work'))).toEqual([]);
    return error as Error & { code: string };
  };

  it('reads a base of a declared source from its pinned commit, by the real program and the fake', async () => {
    const files = {
      ...dev(`namePrefix: dev-\nresources: ["${shop}//base?ref=v1", own.yaml]\n`),
      'dev/own.yaml': map('own'),
      'dev/README.md': 'not read',
      'dev/more/unread.yaml': map('unread'),
    };
    for (const renderer of [real(), createFakeRenderer()]) {
      const { objects, reads } = await render(files, renderer);
      expect(names(objects).toSorted()).toEqual(['dev-own', 'dev-web']);
      expect(reads).toEqual(
        ['Kustomization', 'kustomization.yaml', 'kustomization.yml', 'own.yaml'].map((each) => `dev/${each}`),
      );
      await rm(folder, { recursive: true });
    }
    expect(asked).toEqual([
      { url: shop, ref: 'v1' },
      { url: shop, ref: 'v1' },
    ]);
    expect(await readdir(path.join(scratch, 'work'))).toEqual([]);
  });

  it('asks once for each repository and ref, and renders what it would with the base copied in', async () => {
    const text = (base: string): string =>
      `resources: [${base}base, ${base}linked]\nnameSuffix: -x\ncomponents: [${base}monitored]\n`;
    const there = await render({
      'dev/kustomization.yaml': `resources: [a, b]\n`,
      'dev/a/kustomization.yaml': text(`${shop}.git//`).replace(`, ${shop}.git//linked`, ''),
      'dev/b/kustomization.yaml': `resources: ["git::${shop}.git//linked"]\nnamePrefix: b-\n`,
    });
    expect(names(there.objects).toSorted()).toEqual(['b-web', 'monitor-x', 'web-x']);
    expect(asked).toEqual([{ url: `${shop}.git` }]);
    expect(there.reads).toEqual([
      'dev/Kustomization',
      'dev/a',
      'dev/b',
      'dev/kustomization.yaml',
      'dev/kustomization.yml',
    ]);
  });

  it('follows a base of a base into a third repository', async () => {
    const { objects } = await render(dev(`resources: [${shop}//again]\n`));
    expect(
      names(objects)
        .map((each) => each.replace(/-[a-z0-9]{10}$/, '-HASH'))
        .toSorted(),
    ).toEqual(['made-HASH', 'web']);
    expect(asked.map(({ url }) => url)).toEqual([shop, 'ssh://git@example.org/team/other.git']);
  });

  it('takes the root of a repository where no folder is named', async () => {
    expect(names((await render(dev(`resources: [${shop}]\n`))).objects)).toEqual(['web']);
  });

  it('takes its own repository by a URL for what it is', async () => {
    const mine = 'https://example.org/team/mine';
    const renderer = real();
    await writeSuiteFiles(folder, {
      ...dev(`resources: [${mine}//base, ../base/more]\n`),
      'base/kustomization.yaml': 'resources: [a.yaml]\n',
      'base/a.yaml': map('a'),
      'base/more/kustomization.yaml': 'resources: [b.yaml]\n',
      'base/more/b.yaml': map('b'),
    });
    const input = { folder, path: 'dev', renderer: 'auto' as const, baseOf: async () => ({ folder }) };
    const { objects, reads } = await renderer.render(input);
    expect(names(objects)).toEqual(['a', 'b']);
    expect(reads).toContain('base/a.yaml');
  });

  it('leaves the commits as they are', async () => {
    const text = `resources: [${shop}//base]\n`;
    await render(dev(text));
    expect(await readFile(path.join(folder, 'dev/kustomization.yaml'), 'utf8')).toBe(text);
    expect(await readdir(path.join(scratch, 'shop', 'base'))).toEqual(['kustomization.yaml', 'web.yaml']);
  });

  it.each([
    [
      'of no declared source',
      'resources: ["https://example.org/team/none//base"]',
      'remote-base',
      /declare a Source of https:\/\/example\.org\/team\/none, public or with this one's credential; nothing/,
    ],
    ['of another ref', `resources: ["${shop}//base?ref=other"]`, 'remote-base', /declare a Source of \S+ at "other"/],
    [
      'of a ref that a source is asked for in vain',
      `resources: ["${shop}//base?ref=gone"]`,
      'remote-base',
      /^dev\/kustomization\.yaml: resources: no source/,
    ],
    [
      'with a password in its URL',
      'resources: ["https://me:hunter2@example.org/a/b//c"]',
      'remote-base',
      /^((?!hunter2).)*$/,
    ],
    ['whose folder is not there', `resources: [${shop}//nope]`, 'kustomize-failed', /"nope" is not there/],
    [
      'whose folder is a file',
      `resources: [${shop}//base/web.yaml]`,
      'kustomize-failed',
      /"base\/web\.yaml" is a file/,
    ],
    ['whose folder leaves it', `resources: ["${shop}//../commit"]`, 'path-escapes', /leaves the repository/],
    [
      'that is broken',
      `resources: [${shop}//broken]`,
      'kustomize-failed',
      /^example\.org\/team\/shop: broken\/kustomization\.yaml: .*nope/,
    ],
    ['that leaves its own', `resources: [${shop}//escaping]`, 'path-escapes', /^example\.org\/team\/shop: escaping/],
    ['that names itself', `resources: [${shop}//circle]`, 'kustomize-failed', /names itself again/],
    [
      'that names one of no declared source',
      `resources: [${shop}//fetching]`,
      'remote-base',
      /^example\.org\/team\/shop: fetching.*unknown/,
    ],
    ['that kustomize cannot take', `resources: [${shop}//failing]`, 'kustomize-failed', /^dev: .*none/],
    ['for a patch', `patches: [{path: "${shop}//patch.yaml"}]`, 'remote-base', /copy it in/],
    [
      'for a file of a generator',
      `configMapGenerator: [{name: a, files: ["${shop}//conf"]}]`,
      'remote-base',
      /copy it in/,
    ],
    ['for a transformer', `transformers: ["${shop}//base"]`, 'remote-base', /copy it in/],
    ['of a file', 'resources: ["file:///etc"]', 'remote-base', /copy it in/],
    ['by odd letters', `resources: ["${shop}//ba%73e"]`, 'remote-base', /copy it in/],
  ])('refuses a base %s', async (_what, text, code, message) => {
    const error = await refusal(`${text}\n`);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  it('refuses more repositories than anybody needs', async () => {
    const many = Array.from({ length: 21 }, (_, index) => `"${shop}//base?ref=v${index}"`);
    expect((await refusal(`resources: [${many.join(', ')}]\n`)).message).toMatch(/20/);
  });

  it('refuses every base where nobody is asked', async () => {
    await expect(render(dev(`resources: [${shop}//base]\n`), real(), false)).rejects.toMatchObject({
      code: 'remote-base',
    });
  });
});

describe('what an overlay reads', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'flotilla-reads-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it.each([
    ['a folder of plain manifests', { 'dev/a.yaml': map('a') }, ['dev']],
    ['plain manifests of the root', { 'a.yaml': map('a'), 'dev/README.md': '' }, ['.'], '.'],
    [
      'a plain manifest elsewhere',
      { 'dev/a.yaml': { symlink: '../real.yaml' }, 'real.yaml': map('a') },
      ['dev', 'real.yaml'],
    ],
    ['an overlay that is a symlink', { dev: { symlink: 'x/y' }, 'x/y/a.yaml': map('a') }, ['dev', 'x/y']],
    [
      'a base and its overlay, and nothing beside them',
      {
        'dev/kustomization.yaml': 'resources: [../base]\n',
        'base/kustomization.yaml': 'resources: [a.yaml]\n',
        'base/a.yaml': map('a'),
        'other/a.yaml': map('b'),
      },
      ['base', 'dev'],
    ],
    [
      'single files where a folder has folders',
      {
        'dev/kustomization.yml': 'resources: [../base, sub/a.yaml]\n',
        'dev/sub/a.yaml': map('b'),
        'dev/sub/b.yaml': '',
        'base/kustomization.yaml': 'resources: [a.yaml]\n',
        'base/a.yaml': map('a'),
      },
      ['base', 'dev/Kustomization', 'dev/kustomization.yaml', 'dev/kustomization.yml', 'dev/sub/a.yaml'],
    ],
    [
      'the symlinks on the way to a base',
      {
        'dev/kustomization.yaml': 'resources: [../up/base]\n',
        up: { symlink: 'down' },
        'down/base': { symlink: '../real' },
        'real/kustomization.yaml': 'resources: [a.yaml]\n',
        'real/a.yaml': map('a'),
      },
      ['dev', 'down/base', 'real', 'up'],
    ],
  ])('is %s', async (_what, files, reads, overlay = 'dev') => {
    await writeSuiteFiles(folder, files);
    expect((await createFakeRenderer().render({ folder, path: overlay, renderer: 'auto' })).reads).toEqual(reads);
  });
});
