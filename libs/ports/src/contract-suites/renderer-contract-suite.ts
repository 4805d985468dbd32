import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Renderer, RendererKind } from '../renderer.js';
import type { SuiteFile } from './git-source-contract-suite.js';

const web = 'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 2\n';
const service = 'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports: [{port: 80}]\n';

/** Writes files and symlinks below a folder. */
export async function writeSuiteFiles(folder: string, files: Readonly<Record<string, SuiteFile>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const full = path.join(folder, name);
    await mkdir(path.dirname(full), { recursive: true });
    if (typeof content === 'string') await writeFile(full, content);
    else await symlink(content.symlink, full);
  }
}

/** What every Renderer keeps to, the fake as well as the real kustomize. */
export function describeRendererContract(name: string, open: () => Promise<Renderer>): void {
  describe(`${name} keeps to the contract of a Renderer`, () => {
    let renderer: Renderer;
    let scratch: string;
    let folder: string;

    beforeEach(async () => {
      renderer = await open();
      scratch = await mkdtemp(path.join(tmpdir(), 'flotilla-suite-'));
      folder = path.join(scratch, 'commit');
      await mkdir(folder);
      await writeSuiteFiles(scratch, {
        'outside/kustomization.yaml': 'resources: [web.yaml]\n',
        'outside/web.yaml': web,
      });
    });
    afterEach(() => rm(scratch, { recursive: true, force: true }));

    async function render(
      files: Readonly<Record<string, SuiteFile>>,
      overlay = 'overlays/dev',
      kind: RendererKind = 'auto',
    ) {
      await writeSuiteFiles(folder, files);
      return renderer.render({ folder, path: overlay, renderer: kind });
    }

    async function refusal(files: Readonly<Record<string, SuiteFile>>, overlay = 'overlays/dev', kind?: RendererKind) {
      const error: unknown = await render(files, overlay, kind).catch((each: unknown) => each);
      expect(error).toBeInstanceOf(Error);
      expect((error as Error).message).not.toContain(scratch);
      return error as Error & { readonly code: string; readonly kind: string };
    }

    const kustomization = (text: string): Record<string, SuiteFile> => ({
      'overlays/dev/kustomization.yaml': text,
      'base/kustomization.yaml': 'resources: [web.yaml]\n',
      'base/web.yaml': web,
    });

    it('builds an overlay upon a base', async () => {
      const { objects, tool } = await render(
        kustomization('resources: [../../base]\nnamePrefix: dev-\nnamespace: shop\n'),
      );
      expect(objects).toEqual([
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'dev-web', namespace: 'shop' },
          spec: { replicas: 2 },
        },
      ]);
      expect(tool).toMatch(/^kustomize /);
    });

    it('follows symlinks that stay in the commit', async () => {
      const { objects } = await render({
        ...kustomization('resources: [../up]\n'),
        'overlays/up': { symlink: '../base' },
      });
      expect(objects).toHaveLength(1);
    });

    it('reads plain manifests in the order of their names, and not those of folders below', async () => {
      const { objects, tool } = await render({
        'overlays/dev/b.yaml': `---\n${web}---\n# nothing\n`,
        'overlays/dev/a.yml': service,
        'overlays/dev/c.json': JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }),
        'overlays/dev/README.md': '# not one',
        'overlays/dev/below/d.yaml': service,
      });
      expect(objects.map((each) => each['kind'])).toEqual(['Service', 'Deployment', 'Namespace']);
      expect(tool).toBe('yaml');
    });

    it('reads plain words as kubectl does', async () => {
      const text =
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nx: [on, no, 0644, 0o17, "on", 1:30, 2026-01-02]\n';
      const { objects } = await render({ 'overlays/dev/a.yaml': text });
      expect(objects[0]?.['x']).toEqual([true, false, 420, 15, 'on', '1:30', '2026-01-02']);
    });

    it('keeps texts texts through a kustomization', async () => {
      const texts = [
        'on',
        'no',
        'y',
        '0644',
        '0o17',
        '1_000',
        '0x1F',
        '.5_5',
        '1e3',
        '1:30',
        '2026-01-02',
        '~',
        'null',
        '',
      ];
      const data = texts.map((text, index) => `  k${index}: ${JSON.stringify(text)}\n`).join('');
      const { objects } = await render({
        'overlays/dev/kustomization.yaml': 'resources: [a.yaml]\n',
        'overlays/dev/a.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n${data}`,
      });
      expect(Object.values(objects[0]?.['data'] ?? {})).toEqual(texts);
    });

    it('renders the root of the commit, and several overlays at once', async () => {
      await writeSuiteFiles(folder, { 'a.yaml': service, 'x/b.yaml': web, 'y/c.yaml': web });
      const outputs = await Promise.all(
        ['.', 'x', 'y'].map((each) => renderer.render({ folder, path: each, renderer: 'auto' })),
      );
      expect(outputs.map(({ objects }) => objects[0]?.['kind'])).toEqual(['Service', 'Deployment', 'Deployment']);
    });

    it('tells what it reads: as long as that is as it is, it renders the same', async () => {
      const { reads } = await render({
        ...kustomization('resources: [../../base, more/a.yaml]\n'),
        'overlays/dev/more/a.yaml': service,
        'overlays/dev/more/unread.yaml': service,
        'overlays/prod/a.yaml': service,
      });
      const names = ['Kustomization', 'kustomization.yaml', 'kustomization.yml', 'more/a.yaml'];
      expect(reads).toEqual(['base', ...names.map((each) => `overlays/dev/${each}`)]);
      const plain = await renderer.render({ folder, path: 'overlays/prod', renderer: 'auto' });
      expect(plain.reads).toEqual(['overlays/prod']);
    });

    it('reads a remote base from the commit that it is given, and leaves that as it is', async () => {
      await writeSuiteFiles(folder, kustomization('resources: ["https://example.org/a/b//outside?ref=v1"]\n'));
      const asked: unknown[] = [];
      const input = { folder, path: 'overlays/dev', renderer: 'auto' as const };
      const { objects } = await renderer.render({
        ...input,
        baseOf: async (base) => {
          asked.push(base);
          return { folder: scratch };
        },
      });
      expect(objects.map((each) => each['kind'])).toEqual(['Deployment']);
      expect(asked).toEqual([{ url: 'https://example.org/a/b', ref: 'v1' }]);
      await expect(renderer.render({ ...input, baseOf: async () => null })).rejects.toMatchObject({
        code: 'remote-base',
        message: expect.stringContaining('declare a Source of https://example.org/a/b at "v1"'),
      });
    });

    it('says that an overlay is not there, is a file, or holds nothing to render', async () => {
      const files = { 'overlays/prod/a.yaml': service, 'overlays/empty/README.md': 'x' };
      for (const overlay of ['overlays/dev', 'overlays/prod/a.yaml', 'overlays/empty']) {
        const error = await refusal(files, overlay).finally(() =>
          rm(path.join(folder, 'overlays'), { recursive: true }),
        );
        expect(error).toMatchObject({ kind: 'rejected', code: 'path-not-found' });
        expect(error.message).toContain(overlay);
      }
    });

    it('names file and line of YAML that does not parse', async () => {
      const error = await refusal({ 'overlays/dev/web.yaml': 'kind: A\nmetadata:\n  name: [a\n' });
      expect(error.code).toBe('yaml-invalid');
      expect(error.message).toMatch(/^overlays\/dev\/web\.yaml: line \d/);
      const twice = await refusal({ 'overlays/qa/web.yaml': 'kind: A\nkind: B\n' }, 'overlays/qa');
      expect(twice.message).toMatch(/^overlays\/qa\/web\.yaml: line 2: .*twice/);
    });

    it.each([
      ['names a file that is not there', 'resources: [nope.yaml]\n', 'kustomize-failed', /nope\.yaml/],
      ['has a field that nobody knows', 'resorces: []\n', 'kustomize-failed', /resorces/],
      ['spells a field otherwise', 'Resources: [https://example.org/x.yaml]\n', 'kustomize-failed', /Resources/],
      ['does not parse', 'resources: [\n', 'yaml-invalid', /line/],
      ['has two documents', 'resources: []\n---\nresources: []\n', 'kustomize-failed', /2 documents/],
      ['asks for Helm', 'helmCharts: [{name: x, repo: https://example.org}]\n', 'kustomize-failed', /Helm/],
      ['has a remote base', 'resources: [https://example.org/x//base?ref=v1]\n', 'remote-base', /example\.org/],
      ['has a base on another host by ssh', 'resources: ["git@example.org:a/b.git"]\n', 'remote-base', /example\.org/],
      ['leaves the repository', 'resources: [../../../outside]\n', 'path-escapes', /leaves the repository/],
      ['names an absolute path', 'resources: [/etc/passwd]\n', 'path-escapes', /\/etc\/passwd/],
    ])('refuses a kustomization that %s', async (_name, text, code, message) => {
      const error = await refusal(kustomization(text));
      expect(error).toMatchObject({ kind: 'rejected', code });
      expect(error.message).toMatch(message);
      expect(error.message).toContain('overlays/dev/kustomization.yaml');
    });

    it('refuses symlinks that leave the commit: an overlay, a base, a kustomization, a manifest', async () => {
      const outside = path.join(scratch, 'outside');
      await writeSuiteFiles(folder, {
        'overlays/a': { symlink: outside },
        'overlays/b/kustomization.yaml': 'resources: [base]\n',
        'overlays/b/base': { symlink: '../../../outside' },
        'overlays/c/kustomization.yaml': { symlink: path.join(outside, 'kustomization.yaml') },
        'overlays/d/web.yaml': { symlink: '../../../outside/web.yaml' },
        'overlays/e/kustomization.yaml': 'resources: [web.yaml]\n',
        'overlays/e/web.yaml': { symlink: path.join(outside, 'web.yaml') },
      });
      for (const overlay of ['a', 'b', 'c', 'd', 'e']) {
        expect(await refusal({}, `overlays/${overlay}`)).toMatchObject({ kind: 'rejected', code: 'path-escapes' });
      }
    });

    it.each(['../outside', '/etc', 'overlays/../../outside', '~root', 'a\0b'])(
      'refuses the path %j',
      async (overlay) => {
        expect(await refusal({}, overlay)).toMatchObject({ kind: 'rejected', code: 'path-escapes' });
      },
    );
  });
}
