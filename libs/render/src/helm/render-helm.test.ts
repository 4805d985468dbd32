import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { JsonObject } from '#domain';
import { createLogger, findProgram, helm } from '#kit';
import type { HelmInput, Renderer, RenderOutput } from '#ports';
import { writeSuiteFiles } from '#ports/contract-suites/renderer-contract-suite';
import { openRenderer } from '../render.js';

const log = createLogger({ level: 'silent' });
let renderer: Renderer;
let folder: string;

beforeAll(async () => {
  const found = await findProgram(helm, { log });
  renderer = openRenderer({ kustomizePath: '/nowhere/kustomize', log, findHelm: async () => found });
}, 600_000);
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flotilla-charts-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const input = (more: Partial<HelmInput> = {}): HelmInput => ({
  releaseName: 'shop',
  namespace: 'store',
  valuesFiles: [],
  values: {},
  kubeVersion: '1.33',
  apiVersions: [],
  includeCrds: true,
  random: 'refuse',
  ...more,
});

type Files = Parameters<typeof writeSuiteFiles>[1];

async function render(files: Files, more: Partial<HelmInput> = {}, at = 'web'): Promise<RenderOutput> {
  await writeSuiteFiles(folder, files);
  return renderer.render({ folder, path: at, renderer: 'auto', helm: input(more) });
}

const chart = (templates: Readonly<Record<string, string>>, more: Files = {}): Files => ({
  'web/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.0\n',
  ...Object.fromEntries(Object.entries(templates).map(([name, text]) => [`web/templates/${name}`, text])),
  ...more,
});
const map = (data: string, name = 'a'): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata:\n  ${data}\n`;

describe('rendering a chart', () => {
  it('works', async () => {
    const { objects, tool, reads, warnings } = await render(chart({ 'a.yaml': map('x: {{ .Values.x | quote }}') }), {
      values: { x: 'y' },
    });
    expect(objects).toEqual([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { x: 'y' } }]);
    expect(tool).toMatch(/^helm v4\.\d+\.\d+$/);
    expect(reads).toEqual(['web']);
    expect(warnings).toEqual([]);
  });
});
void ((x: JsonObject) => x);
void afterAll;
void mkdir;
void writeFile;
