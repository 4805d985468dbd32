import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { JsonObject } from '#domain';
import { createLogger, findProgram, helm } from '#kit';
import type { HelmInput, Renderer, RenderOutput } from '#ports';
import { writeSuiteFiles } from '#ports/contract-suites/renderer-contract-suite';
import { openRenderer } from '../render.js';
import { chartAsksForApis } from './chart-asks-for-apis.js';
import type { FindHelm } from './open-helm.js';

const log = createLogger({ level: 'silent' });
const kustomizePath = '/nowhere/kustomize';
let findHelm: FindHelm;
let renderer: Renderer;
let scratch: string;
let folder: string;

beforeAll(async () => {
  const found = await findProgram(helm, { log });
  findHelm = async () => found;
}, 600_000);
beforeEach(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'flotilla-charts-'));
  folder = path.join(scratch, 'commit');
  await mkdir(folder);
  await mkdir(path.join(scratch, 'made'));
  renderer = openRenderer({ kustomizePath, log, findHelm, scratchFolder: path.join(scratch, 'made') });
});
afterEach(async () => {
  expect(await readdir(path.join(scratch, 'made'))).toEqual([]);
  await rm(scratch, { recursive: true, force: true });
});

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

async function refusal(files: Files, more: Partial<HelmInput> = {}): Promise<{ code: string; message: string }> {
  const error: unknown = await render(files, more).catch((each: unknown) => each);
  expect(error).toMatchObject({ kind: 'rejected' });
  const { message } = error as Error;
  for (const hidden of [scratch, 'hunter2', Buffer.from('hunter2').toString('base64')]) {
    expect(message).not.toContain(hidden);
  }
  expect(message).not.toMatch(/\n|--debug/);
  return error as { code: string; message: string };
}

const about = 'apiVersion: v2\nname: web\nversion: 1.0.0\n';
const chart = (template: string, more: Files = {}): Files => ({
  'web/Chart.yaml': about,
  'web/templates/a.yaml': template,
  ...more,
});
const map = (value: string, name = 'a'): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata:\n  x: ${value}\n`;
const secret = (value: string): string =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  password: ${value}\n  user: me\n`;
const valuesFile = (name: string, optional = false): Partial<HelmInput> => ({
  valuesFiles: [{ folder, path: name, optional, name: `shop:${name}` }],
});
const dependsOn = (repository: string, version = '1.x', name = 'db'): Files => ({
  'web/Chart.yaml': `${about}dependencies: [{name: ${name}, version: "${version}", repository: "${repository}"}]\n`,
});

describe('a chart that cannot be rendered is refused with its file and a reason', () => {
  it.each<[string, () => Files, string, RegExp, Partial<HelmInput>?]>([
    ['no Chart.yaml', () => ({ 'web/values.yaml': '' }), 'path-not-found', /^web holds no Chart\.yaml/],
    [
      'a Chart.yaml that does not parse',
      () => chart('', { 'web/Chart.yaml': 'a: [' }),
      'yaml-invalid',
      /web\/Chart\.yaml: line/,
    ],
    [
      'a Chart.yaml without a version',
      () => chart('', { 'web/Chart.yaml': 'name: web\napiVersion: v2\n' }),
      'helm-failed',
      /version/,
    ],
    ['a library alone', () => chart('', { 'web/Chart.yaml': `${about}type: library\n` }), 'helm-failed', /library/],
    [
      'another Kubernetes',
      () => chart('', { 'web/Chart.yaml': `${about}kubeVersion: ">=1.40"\n` }),
      'helm-failed',
      /kubeVersion.*1\.33/,
    ],
    ['a template that does not parse', () => chart('{{ if }}'), 'helm-failed', /web\/templates\/a\.yaml:1/],
    ['a function that is not there', () => chart('a: b\nc: {{ nope }}'), 'helm-failed', /a\.yaml:2.*nope/],
    ['a template that is not there', () => chart('{{ include "nope" . }}'), 'helm-failed', /nope/],
    ['a value that is not there', () => chart(map('{{ .Values.a.b.c }}')), 'helm-failed', /a\.yaml:5.*nil pointer/],
    [
      'a value that is needed',
      () => chart(map('{{ required "say which team" .Values.team }}')),
      'helm-failed',
      /say which team/,
    ],
    ['a template that fails', () => chart('{{ fail "not on a Friday" }}'), 'helm-failed', /not on a Friday/],
    [
      'templates that call each other for ever',
      () => chart('{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}'),
      'helm-failed',
      /a\.yaml:1.*include each other without end/,
    ],
    ['output that is not YAML', () => chart('apiVersion: v1\nkind: a: b'), 'helm-failed', /web\/templates\/a\.yaml/],
    ['output that is a list', () => chart('- a\n- b\n'), 'helm-failed', /web\/templates\/a\.yaml/],
    [
      'values against the schema',
      () => chart('', { 'web/values.schema.json': '{"properties": {"size": {"type": "integer"}}}' }),
      'helm-failed',
      /size.*integer/,
      { values: { size: 'big' } },
    ],
    ['a schema that does not parse', () => chart('', { 'web/values.schema.json': '{' }), 'helm-failed', /web/],
    [
      'values that do not parse',
      () => chart('', { 'v.yaml': 'a: [' }),
      'helm-failed',
      /shop:v\.yaml/,
      { valuesFiles: [{ folder: '', path: 'v.yaml', optional: false, name: 'shop:v.yaml' }] },
    ],
    [
      'values that are a list',
      () => chart('', { 'v.yaml': '- a' }),
      'helm-failed',
      /shop:v\.yaml/,
      { valuesFiles: [{ folder: '', path: 'v.yaml', optional: false, name: 'shop:v.yaml' }] },
    ],
    [
      'values that are not there',
      () => chart(''),
      'values-not-found',
      /^shop:v\.yaml is not in the commit.*optional/,
      { valuesFiles: [{ folder: '', path: 'v.yaml', optional: false, name: 'shop:v.yaml' }] },
    ],
    [
      'values that are a folder',
      () => chart('', { 'v/a': '' }),
      'values-not-found',
      /folder/,
      { valuesFiles: [{ folder: '', path: 'v', optional: true, name: 'shop:v' }] },
    ],
    [
      'values outside',
      () => chart('', { '../out.yaml': 'a: b', 'v.yaml': { symlink: '../out.yaml' } }),
      'path-escapes',
      /shop:v\.yaml/,
      { valuesFiles: [{ folder: '', path: 'v.yaml', optional: true, name: 'shop:v.yaml' }] },
    ],
    [
      'values encrypted with SOPS',
      () => chart('', { 'v.yaml': 'pw: ENC[AES256_GCM,data:aa]\nsops:\n  mac: ENC[x]\n  lastmodified: "2026"\n' }),
      'values-encrypted',
      /^shop:v\.yaml is encrypted with SOPS.*existingSecret/,
      { valuesFiles: [{ folder: '', path: 'v.yaml', optional: false, name: 'shop:v.yaml' }] },
    ],
    [
      'own values of the chart encrypted with SOPS',
      () => chart('', { 'web/values.yaml': '{"sops": {"mac": "x"}}' }),
      'values-encrypted',
      /^web\/values\.yaml/,
    ],
    [
      'a chart of a repository that is not packed beside it',
      () => chart('', dependsOn('https://charts.example.org')),
      'dependency-missing',
      /db 1\.x.*helm dependency build web/,
    ],
    [
      'a chart of a registry',
      () => chart('', dependsOn('oci://r.example.org/x')),
      'dependency-missing',
      /nothing is fetched/,
    ],
    [
      'a chart beside it that is not there',
      () => chart('', dependsOn('file://../db')),
      'dependency-missing',
      /file:\/\/\.\.\/db.*not there/,
    ],
    [
      'a chart beside it of another name',
      () =>
        chart('', { ...dependsOn('file://../db'), 'db/Chart.yaml': 'apiVersion: v2\nname: other\nversion: 1.0.0\n' }),
      'dependency-missing',
      /db, which is the chart "other"/,
    ],
    [
      'a chart beside it of another version',
      () =>
        chart('', {
          ...dependsOn('file://../db', '^2.0.0'),
          'db/Chart.yaml': 'apiVersion: v2\nname: db\nversion: 1.4.0\n',
        }),
      'dependency-missing',
      /\^2\.0\.0.*1\.4\.0/,
    ],
    [
      'a chart outside',
      () =>
        chart('', {
          ...dependsOn('file://../../outside'),
          '../outside/Chart.yaml': 'apiVersion: v2\nname: db\nversion: 1.0.0\n',
        }),
      'path-escapes',
      /leaves the repository/,
    ],
    ['a chart at an absolute path', () => chart('', dependsOn('file:///etc')), 'path-escapes', /\/etc/],
    [
      'a chart with a path for a name',
      () =>
        chart('', {
          ...dependsOn('file://../db', '*', '../../x'),
          'db/Chart.yaml': 'apiVersion: v2\nname: ../../x\nversion: 1.0.0\n',
        }),
      'helm-failed',
      /no name of a chart/,
    ],
    [
      'charts that name each other',
      () =>
        chart('', {
          ...dependsOn('file://../db'),
          'db/Chart.yaml': `apiVersion: v2\nname: db\nversion: 1.0.0\ndependencies: [{name: web, version: "*", repository: "file://../web"}]\n`,
        }),
      'helm-failed',
      /web -> db -> web/,
    ],
    [
      'a template outside',
      () => chart('', { '../out.yaml': map('hunter2'), 'web/templates/b.yaml': { symlink: '../../../out.yaml' } }),
      'path-escapes',
      /symlink/,
    ],
    [
      'a folder outside',
      () => chart('', { '../out/a.txt': 'hunter2', 'web/files': { symlink: '../../out' } }),
      'path-escapes',
      /symlink/,
    ],
    [
      'a symlink to nothing',
      () => chart('', { 'web/files': { symlink: 'nowhere' } }),
      'helm-failed',
      /web\/files.*not there/,
    ],
    ['a folder in a circle', () => chart('', { 'web/files/again': { symlink: '..' } }), 'helm-failed', /circle/],
    [
      'a packed chart that is none',
      () => chart('', { 'web/charts/a-1.tgz': 'not packed' }),
      'helm-failed',
      /web\/charts\/a-1\.tgz is not a packed chart/,
    ],
    [
      'lookup',
      () => chart(map('{{ .Values.a }}\n  y: {{ (lookup "v1" "Secret" "" "s").data }}')),
      'helm-lookup',
      /^web\/templates\/a\.yaml, line 6: lookup asks a cluster/,
    ],
    [
      'lookup in a helper',
      () =>
        chart(map('{{ include "h" . }}'), {
          'web/templates/_h.tpl': '{{ define "h" }}\n{{ with lookup "v1" "Node" "" "" }}{{ end }}{{ end }}',
        }),
      'helm-lookup',
      /^web\/templates\/_h\.tpl, line 2/,
    ],
    [
      'lookup in values that are templates',
      () => chart(map('{{ tpl .Values.a . }}')),
      'helm-lookup',
      /^spec\.helm\.values/,
      { values: { a: '{{ lookup "v1" "Node" "" "" }}' } },
    ],
    [
      'a password made up',
      () => chart(secret('{{ randAlphaNum 12 }}')),
      'helm-random',
      /web\/templates\/a\.yaml: Secret s, stringData\.password.*existingSecret.*"keep"/,
    ],
    [
      'a password made up in values that are templates',
      () => chart(secret('{{ tpl .Values.a . }}')),
      'helm-random',
      /password/,
      { values: { a: '{{ uuidv4 }}' } },
    ],
    ['the day', () => chart(map('{{ now | date "2006-01-02" | quote }}')), 'helm-random', /ConfigMap a, data\.x/],
    ['a number of two', () => chart(map('{{ randInt 0 2 | quote }}')), 'helm-random', /data\.x/],
    ['two letters shuffled', () => chart(map('{{ shuffle "ab" }}')), 'helm-random', /data\.x/],
    [
      'a name made up',
      () => chart(map('y', 'a-{{ randAlpha 5 | lower }}')),
      'helm-random',
      /whether ConfigMap a-.*settles/,
      { random: 'keep' },
    ],
    [
      'a certificate made up',
      () =>
        chart(
          `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n  tls.key: {{ genPrivateKey "ed25519" | b64enc }}\n`,
        ),
      'helm-random',
      /data\["tls\.key"\]/,
    ],
    [
      'keys in any order',
      () => chart(map('{{ keys (dict "a" 1 "b" 2 "c" 3 "d" 4 "e" 5 "f" 6 "g" 7 "h" 8 "i" 9 "j" 0) | join "" }}')),
      'helm-random',
      /data\.x/,
    ],
  ])('%s', async (_name, files, code, message, more = {}) => {
    const valuesFiles = more.valuesFiles?.map((each) => ({ ...each, folder }));
    const error = await refusal(files(), { ...more, ...(valuesFiles !== undefined && { valuesFiles }) });
    expect(error.message).toMatch(message);
    expect(error.code).toBe(code);
  });
});

describe('what Helm says of values is not told on', () => {
  const values = { password: 'hunter2' };
  it.each([
    ['a template of text', '{{ tpl (print "x{{ " .Values.password) . }}'],
    ['a failure', '{{ fail (print "it was " .Values.password) }}'],
    ['YAML that is broken', 'a: b\nkind: {{ .Values.password }}: x: y'],
    ['a conversion', '{{ toDecimal .Values.password }}{{ mustToDate "2006" .Values.password }}'],
    ['text of base 64', '{{ mustFromJson (b64enc .Values.password) }}'],
    ['an expression', '{{ mustRegexMatch (print "[" .Values.password) "a" }}'],
    ['a URL', '{{ urlParse (print ":" .Values.password) }}'],
    ['a version', '{{ semverCompare (print "~" .Values.password) "1.2.3" }}'],
  ])('%s', async (_name, template) => {
    expect((await refusal(chart(template), { values })).code).toBe('helm-failed');
  });

  it('a chart that has a text for its values', async () => {
    const more = { 'web/charts/db/Chart.yaml': 'apiVersion: v2\nname: db\nversion: 1.0.0\n' };
    expect((await refusal(chart('', more), { values: { db: 'hunter2' } })).message).toMatch(/type mismatch on db/);
  });

  it('a schema', async () => {
    const schema = '{"properties": {"pin": {"type": "string", "pattern": "^[0-9]+$"}, "mail": {"format": "email"}}}';
    const error = await refusal(chart('', { 'web/values.schema.json': schema }), {
      values: { pin: 'hunter2', mail: 'hunter2' },
    });
    expect(error.message).toMatch(/pin/);
  });
});

describe('what a chart makes up', () => {
  const config = (line: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  app.ini: |\n    colour = ${line}\n    key = {{ randAlphaNum 12 }}\n    end\n`;

  it('is kept from the release before, and made up where there is none', async () => {
    const files = chart(
      `${secret('{{ randAlphaNum 12 }}')}---\n${config('red')}---\napiVersion: v1\nkind: Secret\nmetadata: {name: b}\ndata:\n  f: {{ print "a=1\\nb=" (randAlphaNum 9) | b64enc }}\n`,
    );
    const { objects: first, warnings } = await render(files, { random: 'keep' });
    expect(warnings).toEqual([]);
    const previous = first.map((each) => ({
      ...each,
      metadata: { ...(each['metadata'] as JsonObject), namespace: 'store' },
    }));
    const again = await render({}, { random: 'keep', previous });
    expect(again.objects).toEqual(first);
    expect(again.warnings).toEqual([]);
    const other = await render({}, { random: 'keep', previous: [] });
    expect(other.objects).not.toEqual(first);

    // What stands beside it arrives.
    const changed = await render(
      { 'web/templates/b.yaml': config('blue').replace('name: c', 'name: d') },
      {
        random: 'keep',
        previous: previous.map((each) => ({ ...each, metadata: { ...each.metadata, name: 'd' } })),
      },
    );
    const ini = (list: readonly JsonObject[], name: string): string =>
      (list.find((each) => (each['metadata'] as JsonObject)['name'] === name)?.['data'] as Record<string, string>)[
        'app.ini'
      ] ?? '';
    const key = /key = \w{12}/.exec(ini(first, 'c'))?.[0] ?? 'none';
    expect(ini(changed.objects, 'd')).toBe(`colour = blue\n${key}\nend\n`);
    expect(changed.warnings).toEqual([expect.stringMatching(/has nothing to keep.*Secret s, stringData\.password/)]);
  });

  it('is no matter where it does not come out', async () => {
    const { objects } = await render(
      chart(`{{ $a := randAlphaNum 5 }}${map('{{ now | kindOf }}')}`, {
        'web/templates/NOTES.txt': '{{ uuidv4 }}',
        'web/templates/test.yaml': map('{{ uuidv4 }}', 't').replace(
          'name: t',
          'name: t, annotations: {helm.sh/hook: test}',
        ),
      }),
    );
    expect(objects).toHaveLength(1);
  });
});

describe('a chart', () => {
  it('has its optional values files where they are, and says that it looked for them', async () => {
    const files = chart(map('{{ .Values.v }}'));
    const values = { v: 1 };
    const more = { ...valuesFile('values/prod.yaml', true), values };
    expect((await render(files, more)).reads).toEqual(['values/prod.yaml', 'web']);
    const elsewhere = path.join(scratch, 'other');
    await writeSuiteFiles(elsewhere, { 'v.yaml': 'v: 7\n' });
    const { objects, reads } = await render(
      {},
      {
        valuesFiles: [{ folder: elsewhere, path: 'v.yaml', optional: false, name: 'config:v.yaml' }],
      },
    );
    expect(objects[0]?.['data']).toEqual({ x: 7 });
    expect(reads).toEqual(['web']);
  });

  it('is no kustomization and no plain YAML unless that is asked for', async () => {
    await writeSuiteFiles(folder, chart(map('y')));
    await expect(renderer.render({ folder, path: 'web', renderer: 'auto' })).rejects.toMatchObject({
      code: 'helm-failed',
      message: expect.stringMatching(/^web is a Helm chart: set spec\.helm/),
    });
  });

  it('tells whether it asks for the cluster’s APIs, also by a packed chart in it', async () => {
    await writeSuiteFiles(
      folder,
      chart(map('{{ .Capabilities.KubeVersion }}'), {
        'asks/Chart.yaml': about,
        'asks/charts/b/templates/a.yaml': '{{ if .Capabilities.APIVersions.Has "a/v1" }}{{ end }}',
        'asks/charts/b/Chart.yaml': about,
      }),
    );
    expect(await chartAsksForApis(folder, 'web')).toEqual({ asks: false, reads: ['web'] });
    expect(await chartAsksForApis(folder, './asks/')).toEqual({ asks: true, reads: ['asks'] });
    await writeSuiteFiles(scratch, { 'outside/Chart.yaml': about, 'commit/out': { symlink: '../outside' } });
    for (const away of ['out', '../outside']) {
      await expect(chartAsksForApis(folder, away)).rejects.toMatchObject({ code: 'path-escapes' });
    }
  });

  it('is told apart from a lock file that says otherwise', async () => {
    const { warnings } = await render(
      chart(map('y'), {
        ...dependsOn('https://charts.example.org'),
        'web/Chart.lock': 'dependencies: [{name: db, version: 1.4.0}]\n',
        'web/charts/db/Chart.yaml': 'apiVersion: v2\nname: db\nversion: 1.3.0\n',
      }),
    );
    expect(warnings).toEqual([expect.stringMatching(/^web\/charts has db 1\.3\.0, and the lock file says 1\.4\.0/)]);
  });

  it('may have a key twice, of which the last one counts, as for Helm', async () => {
    const { objects, warnings } = await render(chart(`${map('y')}  x: z\n  x: last\n`));
    expect(objects[0]?.['data']).toEqual({ x: 'last' });
    expect(warnings).toEqual([expect.stringMatching(/^web\/templates\/a\.yaml: ConfigMap a has a key twice/)]);
  });

  it('warns of values that Helm does not take, without telling them', async () => {
    const files = chart(map('y'), {
      'web/values.yaml': 'a: {b: 1}\nc: 1\n',
      ...dependsOn('https://charts.example.org'),
      'web/charts/db/Chart.yaml': 'apiVersion: v2\nname: db\nversion: 1.0.0\n',
      'web/charts/db/values.yaml': 'x: {y: 1}\n',
    });
    const { warnings } = await render(files, { values: { a: 'hunter2', c: { d: 'hunter2' }, db: { x: 'hunter2' } } });
    expect(warnings).toEqual([
      'Helm says: skipped value for web.c: Not a table.',
      'Helm says: cannot overwrite table with non table for web.db.x.',
    ]);
    expect(warnings.join()).not.toContain('hunter2');
  });

  it('never reads what a schema points at', async () => {
    await writeFile(path.join(scratch, 'out.json'), '{"type": "null"}');
    const refer = (reference: string): string => JSON.stringify({ properties: { a: { $ref: reference } } });
    for (const reference of [`file://${scratch}/out.json`, '../../out.json', 'http://127.0.0.1:1/x.json']) {
      const files = chart(map('y'), { 'web/values.schema.json': refer(reference) });
      const { warnings } = await render(files, { values: { a: 1 } });
      expect(warnings).toEqual([expect.stringMatching(/^web\/values\.schema\.json refers to .* not fetched/)]);
    }
  });

  it('is bounded: its files, what is packed in it, its output, its time', async () => {
    const bomb = gzipSync(Buffer.alloc(120 * 1024 * 1024), { level: 1 });
    await mkdir(path.join(folder, 'web/charts'), { recursive: true });
    await writeFile(path.join(folder, 'web/charts/a-1.tgz'), bomb);
    expect((await refusal(chart(map('y')))).message).toMatch(/a-1\.tgz is too large once it is unpacked/);
    await rm(path.join(folder, 'web/charts'), { recursive: true });

    const levels: Record<string, Files[string]> = {};
    for (let level = 0; level < 30; level += 1) {
      for (const link of ['a', 'b']) levels[`web/x${level}/${link}`] = { symlink: `../x${level + 1}` };
    }
    const wide = { ...chart(map('y')), ...levels, 'web/x30/a': '' };
    expect((await refusal(wide)).message).toMatch(/web: the chart comes to more than 1000 symlinks/);
    for (let level = 0; level <= 30; level += 1) await rm(path.join(folder, `web/x${level}`), { recursive: true });

    renderer = openRenderer({ kustomizePath, log, findHelm, limits: { maxOutputBytes: 100_000 } });
    expect(await refusal(chart('{{ range until 100000 }}# {{ . }} more\n{{ end }}'))).toMatchObject({
      code: 'output-too-large',
    });

    const slow = path.join(scratch, 'slow');
    await writeFile(slow, '#!/bin/sh\ncase $1 in version) echo v4.3;; *) exec sleep 60;; esac\n', { mode: 0o755 });
    renderer = openRenderer({
      kustomizePath,
      log,
      findHelm: async () => ({ path: slow, version: '4.3.0' }),
      limits: { timeoutMs: 4000 },
    });
    expect(await refusal({})).toMatchObject({ code: 'timed-out' });
  }, 120_000);

  it('waits for a helm that is not there yet, and says what is missing', async () => {
    renderer = openRenderer({ kustomizePath, log, findHelm: () => Promise.reject(new Error('no Go, no helm')) });
    await expect(render(chart(map('y')))).rejects.toMatchObject({
      kind: 'retryable',
      code: 'program-missing',
      message: expect.stringContaining('no Go, no helm'),
    });
  });
});
