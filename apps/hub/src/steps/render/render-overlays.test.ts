import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeFakeBus } from '#bus';
import { applicationSpecSchema } from '#contract';
import { overlayName, type JsonObject, type Overlay } from '#domain';
import { RejectedError, RetryableError } from '#kit';
import type { GitSource, Renderer, RenderInput, StoredRelease } from '#ports';
import { createFakeRenderer } from '#render';
import { createFakeGitSource, type FakeGitSource } from '#source';
import { createFakeStore } from '#store';
import { BundleShelf } from './bundle-shelf.js';
import { DeclaredSources } from './declared-sources.js';
import type { Rendering } from './render-overlays.js';
import { makeRenderStep, type RenderStep } from './render-step.suite.js';

const URL = 'https://git.example.com/shop.git';
const CONFIG = 'https://git.example.com/config.git';
const map = (name: string, value: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  value: ${value}\n`;

describe('the render step', () => {
  let git: FakeGitSource;
  let asked: string[][];
  let exported: number;
  /** As they counted: what is rendered again with more of the commit is one. */
  let rendered: RenderInput[];
  let tried: RenderInput[];
  let folder: string;
  let step: RenderStep;
  let store: ReturnType<typeof createFakeStore>;
  let revisions: Record<string, string>;

  beforeEach(async () => {
    git = createFakeGitSource();
    asked = [];
    exported = 0;
    rendered = [];
    tried = [];
    revisions = {};
    folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-step-'));
    store = createFakeStore();
    step = stepOf();
  });
  afterEach(async () => {
    await step.exports.onApplicationShutdown();
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  });

  /** A hub that has just started: it remembers nothing. */
  function stepOf(): RenderStep {
    const fake = createFakeRenderer();
    const renderer: Renderer = {
      // It reads what it was asked for, and the base beside it, as the real ones tell.
      render: async (input) => {
        tried.push(input);
        const { folder: root, path: inside } = input;
        const output = await fake.render({ folder: root, path: inside, renderer: 'yaml' });
        return { ...output, reads: [input.path, 'base'], warnings: input.path === 'odd' ? ['It is odd'] : [] };
      },
    };
    const counting: GitSource = {
      ...git,
      treeIds: (source, paths) => {
        asked.push([...paths]);
        return git.treeIds(source, paths);
      },
      export: (source, to) => {
        exported += 1;
        return git.export(source, to);
      },
    };
    return makeRenderStep({
      ...{ git: counting, renderer, scratchFolder: folder },
      shelf: new BundleShelf(store, makeFakeBus().hub()),
    });
  }

  function commit(files: Record<string, string>, url = URL, name = 'shop'): void {
    revisions[name] = git.commit(url, { files });
  }

  const plain = (...paths: string[]): Overlay[] => paths.map((each) => ({ source: 'shop', path: each }));

  let credential: string | undefined;

  async function render(
    overlays: readonly Overlay[],
    {
      spec = {},
      previous = null,
      application = 'web',
    }: { spec?: object; previous?: StoredRelease | null; application?: string } = {},
  ): Promise<Rendering> {
    const source = (name: string, url: string) => ({
      ...{ name, spec: { url, ref: 'main', ...(name === 'config' && credential !== undefined && { credential }) } },
      status: (revisions[name] === undefined ? {} : { revision: revisions[name] }) as JsonObject,
    });
    const sources = DeclaredSources.of([source('shop', URL), source('config', CONFIG)]);
    const answered = await step.overlays.render({
      ...{ application, sources, previous },
      spec: applicationSpecSchema.parse({ source: 'shop', path: '.', ...spec }),
      pin: (_overlay, name) => sources.pin(name),
      overlays: new Map(overlays.map((each) => [overlayName(each), each])),
    });
    rendered.push(...new Map(tried.splice(0).map((each) => [each.path, each])).values());
    return answered;
  }

  const releaseOf = (rendering: Rendering): StoredRelease =>
    ({
      number: 1,
      overlays: rendering.overlays,
      details: { sources: {}, inputs: rendering.inputs },
    }) as unknown as StoredRelease;

  it('renders only what changed of a new commit, and asks git once for all of it', async () => {
    commit({ 'a/x.yaml': map('a', '1'), 'b/x.yaml': map('b', '1'), 'base/x.yaml': map('c', '1') });
    const first = await render(plain('a', 'b'));
    expect([first.errors, rendered.length]).toEqual([[], 2]);
    // The base, of which only rendering tells.
    expect(exported).toBeLessThanOrEqual(3);
    expect(asked).toEqual([['a', 'base', 'b']]);
    commit({ 'a/x.yaml': map('a', '1'), 'b/x.yaml': map('b', '2'), 'base/x.yaml': map('c', '1') });
    const second = await render(plain('a', 'b'));
    expect(rendered.slice(2).map((each) => each.path)).toEqual(['b']);
    expect(second.overlays['a']).toEqual(first.overlays['a']);
    expect(second.overlays['b']?.digest).not.toBe(first.overlays['b']?.digest);
    commit({ 'a/x.yaml': map('a', '1'), 'b/x.yaml': map('b', '2'), 'base/x.yaml': map('c', '2') });
    await render(plain('a', 'b'));
    expect(rendered).toHaveLength(5);
  });

  it('goes on after a restart from what the release says it was read from', async () => {
    commit({ 'a/x.yaml': map('a', '1'), 'odd/x.yaml': map('b', '1') });
    const first = await render(plain('a', 'odd'));
    expect(first.warnings).toEqual(['Overlay "odd": It is odd']);
    await step.exports.onApplicationShutdown();
    step = stepOf();
    commit({ 'a/x.yaml': map('a', '2'), 'odd/x.yaml': map('b', '1') });
    const second = await render(plain('a', 'odd'), { previous: releaseOf(first) });
    expect(rendered.slice(2).map((each) => each.path)).toEqual(['a']);
    expect(second.warnings).toEqual(first.warnings);
  });

  it('renders anew what another spec says otherwise, and what it did not say before', async () => {
    commit({ 'a/x.yaml': map('a', '1') });
    await render(plain('a'));
    const patch = { target: { kind: 'ConfigMap' }, patch: '[]' };
    const spec = { patches: [patch] };
    await render([{ source: 'shop', path: 'a', patches: [0] }], { spec });
    expect(rendered[1]?.patches).toEqual([{ ...patch, field: 'spec.patches[0]' }]);
    // Which clusters it is for is no part of what is rendered.
    const other = { patches: [{ ...patch, selector: { matchLabels: { env: 'dev' } } }] };
    await render([{ source: 'shop', path: 'a', patches: [0] }], { spec: other });
    expect(rendered).toHaveLength(2);
  });

  it('gives helm its files of values from other sources, and renders anew when one of them changes or comes', async () => {
    const files = { 'chart/x.yaml': map('a', '1'), 'values/dev.yaml': 'a: 1' };
    commit(files);
    commit({ 'web/dev.yaml': 'b: 1', 'other.yaml': 'c: 1' }, CONFIG, 'config');
    const overlay: Overlay = {
      ...{ source: 'shop', path: 'chart', kubernetes: '1.33' },
      values: [
        { path: 'values/dev.yaml' },
        { source: 'config', path: 'web/dev.yaml' },
        { source: 'config', path: 'no.yaml', optional: true },
      ],
    };
    const spec = { helm: { values: { d: 1 }, apiVersions: ['x/v1'] }, namespace: 'shop' };
    const { inputs } = await render([overlay], { spec });
    expect(Object.values(inputs)[0]?.reads).toEqual({
      config: ['no.yaml', 'web/dev.yaml'],
      shop: ['base', 'chart', 'values/dev.yaml'],
    });
    expect(rendered[0]?.helm).toMatchObject({
      ...{ releaseName: 'web', namespace: 'shop', kubeVersion: '1.33', includeCrds: true, random: 'refuse' },
      ...{ values: { d: 1 }, apiVersions: ['x/v1'] },
      valuesFiles: [
        { path: 'values/dev.yaml', name: 'shop:values/dev.yaml', optional: false },
        { path: 'web/dev.yaml', name: 'config:web/dev.yaml' },
        { path: 'no.yaml', optional: true },
      ],
    });
    commit({ 'web/dev.yaml': 'b: 1', 'other.yaml': 'c: 2' }, CONFIG, 'config');
    await render([overlay], { spec });
    expect(rendered).toHaveLength(1);
    commit({ 'web/dev.yaml': 'b: 1', 'no.yaml': 'e: 1' }, CONFIG, 'config');
    await render([overlay], { spec });
    commit({ 'web/dev.yaml': 'b: 2', 'no.yaml': 'e: 1' }, CONFIG, 'config');
    await render([overlay], { spec });
    commit({ ...files, 'values/dev.yaml': 'a: 2' });
    await render([overlay], { spec });
    expect(rendered).toHaveLength(4);
  });

  it('hands the objects of the release before to a chart that is to keep what it makes up, of another minor too', async () => {
    commit({ 'chart/x.yaml': map('a', '1') });
    const overlay = (kubernetes: string): Overlay => ({ source: 'shop', path: 'chart', kubernetes });
    const spec = { helm: { random: 'keep' } };
    const first = await render([overlay('1.33')], { spec });
    expect(rendered[0]?.helm?.previous).toBeUndefined();
    await render([overlay('1.34')], { spec, previous: releaseOf(first) });
    expect(rendered[1]?.helm?.previous).toEqual([expect.objectContaining({ kind: 'ConfigMap', data: { value: 1 } })]);
  });

  it('finds a remote base among the declared sources, refuses a ref that none follows, and renders anew when the base changes', async () => {
    commit({ 'a/x.yaml': map('a', '1') });
    commit({ 'x.yaml': map('b', '1') }, CONFIG, 'config');
    const bases: unknown[] = [];
    const fake = createFakeRenderer();
    const renderer: Renderer = {
      render: async (input) => {
        const base = await input.baseOf?.({ url: CONFIG, ref: 'main' });
        if (!base) throw new RejectedError('remote-base', 'refused');
        bases.push((await readdir(base.folder)).sort());
        bases.push(await input.baseOf?.({ url: 'https://git.example.com/none.git' }));
        bases.push(await input.baseOf?.({ url: CONFIG, ref: 'v2' }).catch((error: Error) => error.message));
        return { ...(await fake.render(input)), reads: [input.path] };
      },
    };
    await step.exports.onApplicationShutdown();
    step = makeRenderStep({ git, renderer, scratchFolder: folder, shelf: new BundleShelf(store, makeFakeBus().hub()) });
    await render(plain('a'));
    expect(bases).toEqual([
      ['x.yaml'],
      null,
      `${CONFIG} asks for v2, which is what no source of that repository ("config") follows: declare one that does`,
    ]);
    await render(plain('a'));
    expect(bases).toHaveLength(3);
    commit({ 'x.yaml': map('b', '2') }, CONFIG, 'config');
    await render(plain('a'));
    expect(bases).toHaveLength(6);
    // What only a credential lets in to is not read through another source's files.
    credential = 'config-deploy-key';
    expect((await render(plain('b'))).errors).toHaveLength(1);
    expect(bases).toHaveLength(6);
    credential = undefined;
  });

  it('renders what needs no Helm while that is built for others', async () => {
    commit(Object.fromEntries(['a', 'b', 'c', 'd'].map((each) => [`${each}/x.yaml`, map(each, '1')])));
    let resolve = (): void => undefined;
    const built = new Promise<void>((ended) => {
      resolve = ended;
    });
    const fake = createFakeRenderer();
    const order: string[] = [];
    const renderer: Renderer = {
      prepareHelm: () => built,
      render: async (input) => {
        order.push(input.path);
        return fake.render({ folder: input.folder, path: input.path, renderer: 'yaml' });
      },
    };
    await step.exports.onApplicationShutdown();
    step = makeRenderStep({ git, renderer, scratchFolder: folder, shelf: new BundleShelf(store, makeFakeBus().hub()) });
    const charts = ['a', 'b', 'c'].map((each): Overlay => ({ source: 'shop', path: each, kubernetes: '1.33' }));
    const waiting = render(charts, { spec: { helm: {} }, application: 'charts' });
    expect((await render(plain('d'))).errors).toEqual([]);
    expect(order).toEqual(['d']);
    resolve();
    expect((await waiting).errors).toEqual([]);
    expect(order).toHaveLength(4);
  });

  it('says of each chart that there is no Helm', async () => {
    commit({ 'a/x.yaml': map('a', '1') });
    const renderer: Renderer = {
      ...createFakeRenderer(),
      prepareHelm: () => Promise.reject(new RetryableError('program-missing', 'There is no helm.')),
    };
    await step.exports.onApplicationShutdown();
    step = makeRenderStep({ git, renderer, scratchFolder: folder, shelf: new BundleShelf(store, makeFakeBus().hub()) });
    const chart: Overlay = { source: 'shop', path: 'a', kubernetes: '1.33' };
    const { errors } = await render([chart], { spec: { helm: {} } });
    expect(errors).toMatchObject([{ code: 'program-missing', retryable: true }]);
  });

  it('shares the folder of a commit among applications, and keeps it for a moment', async () => {
    commit({ 'a/x.yaml': map('a', '1'), 'b/x.yaml': map('b', '1') });
    await Promise.all([render(plain('a')), render(plain('b'), { application: 'api' })]);
    const before = exported;
    await render(plain('a'), { application: 'third' });
    expect(exported).toBe(before);
    expect(before).toBeLessThanOrEqual(3);
  });

  it('goes on with what it has of a revision when its repository is gone', async () => {
    commit({ 'a/x.yaml': map('a', '1') });
    const first = await render(plain('a'));
    const details = { sources: { shop: { revision: revisions['shop'] ?? '' } }, inputs: first.inputs };
    const release = { ...releaseOf(first), details };
    git = createFakeGitSource();
    for (const previous of [null, release]) {
      if (previous) {
        await step.exports.onApplicationShutdown();
        step = stepOf();
      }
      const again = await render(plain('a'), { previous });
      expect([again.errors, again.overlays]).toEqual([[], first.overlays]);
    }
    revisions['shop'] = 'f'.repeat(40);
    expect((await render(plain('a'))).errors).toMatchObject([{ retryable: true }]);
  });

  it('says why an overlay has no bundle, and tries it again the next time', async () => {
    commit({ 'a/x.yaml': map('a', '1') });
    const { errors, overlays } = await render(plain('a', 'gone'));
    expect(Object.keys(overlays)).toEqual(['a']);
    expect(errors).toMatchObject([{ path: 'gone', code: 'path-not-found', retryable: false }]);
    await render(plain('a', 'gone'));
    expect(rendered.map((each) => each.path)).toEqual(['a', 'gone', 'gone']);
  });

  it('renders nothing of a repository that can not be exported, and leaves no folder', async () => {
    revisions['shop'] = 'f'.repeat(40);
    const { errors } = await render(plain('a', 'b'));
    expect(errors).toMatchObject([
      { path: 'a', retryable: true },
      { path: 'b', retryable: true },
    ]);
    expect(exported).toBe(1);
  });
});
