import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import type { Overlay } from '#domain';
import { pack } from 'tar-stream';
import type { Attempt } from '../../helpers/attempts.js';
import { type Files, type HostileRepositoryScene, map, type RenderedWith, SECRET } from './scene.js';

type Scene = HostileRepositoryScene;

const CHART = 'apiVersion: v2\nname: web\nversion: 1.0.0\n';
const FETCHED = 'Helm fetches nothing: what a chart needs is in the repository, and there is no network';
const FOLLOWED = 'paths and symlinks of a chart are followed to where they lead before Helm sees it';
const BOUNDED = 'time, memory and output of Helm are bounded';
const HIDDEN = 'what Helm prints of values and Secrets is left out';

const chart = (template: string, more: Files = {}): Files => ({
  'dev/Chart.yaml': CHART,
  'dev/templates/a.yaml': template,
  ...more,
});
const data = (text: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: ${text}\n`;
const needs = (repository: string): Files =>
  chart(map('a'), {
    'dev/Chart.yaml': `${CHART}dependencies: [{name: store, version: 1.0.0, repository: "${repository}"}]\n`,
  });

const refused: readonly (readonly [
  what: string,
  by: string,
  files: Files,
  code: string,
  message: RegExp,
  overlay?: Partial<Overlay>,
])[] = [
  [
    'needs a chart of a repository by URL',
    FETCHED,
    needs('ADDRESS/charts'),
    'dependency-missing',
    /helm dependency build/,
  ],
  ['needs a chart of a registry', FETCHED, needs('oci://git.example.org/charts'), 'dependency-missing', /store/],
  [
    'needs a chart outside of the repository',
    FOLLOWED,
    needs('file://../../../mirrors'),
    'path-escapes',
    /leaves the repository/,
  ],
  ['needs a chart at an absolute path', FOLLOWED, needs('file:///etc'), 'path-escapes', /./],
  ['needs itself', FOLLOWED, needs('file://.'), '', /name each other|is the chart/],
  [
    'reads a cluster by lookup',
    'lookup is refused, by template and line',
    chart(data('{{ lookup "v1" "Secret" "default" "x" | toYaml | quote }}')),
    'helm-lookup',
    /templates\/a\.yaml/,
  ],
  [
    'makes up another password at each render',
    'charts that make things up are rendered twice',
    chart(data('{{ randAlphaNum 10 | quote }}')),
    'helm-random',
    /templates\/a\.yaml|data\.a/,
  ],
  [
    'has its values in a folder of the hub',
    FOLLOWED,
    chart(map('a')),
    'path-escapes',
    /leaves the repository/,
    { values: [{ path: '../outside' }] },
  ],
  [
    'has its values behind a symlink that leaves it',
    'every symlink is followed on paper before anything is written',
    chart(map('a'), { 'dev/values.yaml': { symlink: '/etc/passwd' } }),
    'symlink-escapes',
    /./,
  ],
  [
    'has a template behind a symlink that leaves it',
    'every symlink is followed on paper before anything is written',
    chart(map('a'), { 'dev/templates/b.yaml': { symlink: '../../../outside' } }),
    'symlink-escapes',
    /./,
  ],
  [
    'has values that are encrypted',
    'the hub decrypts nothing',
    chart(map('a'), { 'dev/values.yaml': 'a: ENC[x]\nsops: {mac: x, lastmodified: x}\n' }),
    'values-encrypted',
    /encrypted with SOPS/,
  ],
  [
    'packs a chart that is no archive',
    FOLLOWED,
    chart(map('a'), { 'dev/charts/store-1.0.0.tgz': 'not one' }),
    '',
    /store-1\.0\.0\.tgz/,
  ],
  [
    'has templates that call each other without end',
    BOUNDED,
    chart('{{ include "a" . }}{{ define "a" }}{{ include "a" . }}{{ end }}'),
    '',
    /./,
  ],
  [
    'repeats a text until memory is at its end',
    BOUNDED,
    chart(data('{{ repeat 2000000000 "x" | quote }}')),
    '',
    /memory|bytes|longer/,
  ],
  ['counts without end', BOUNDED, chart(data('{{ range until 2000000000 }}x{{ end }}')), '', /memory|bytes|longer/],
  [
    'prints more than a bundle may hold',
    BOUNDED,
    chart(
      '{{ range until 400000 }}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: m{{ . }}, annotations: {a: {{ repeat 200 "x" }}}}\n{{ end }}',
    ),
    '',
    /bytes|memory|longer|objects/,
  ],
  [
    'fails with a value of its own in the error',
    HIDDEN,
    chart(`{{ fail (printf "no %s" .Values.password) }}`, { 'dev/values.yaml': `password: ${SECRET}\n` }),
    'helm-failed',
    /./,
  ],
  [
    'makes a Secret that cannot be read',
    HIDDEN,
    chart(`apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: "${SECRET}`),
    '',
    /templates\/a\.yaml/,
  ],
];

/** Charts that render, for what is in them is shut in. */
const harmless: readonly (readonly [what: string, by: string, files: Files])[] = [
  [
    'reads a file outside of the chart',
    'Helm has the files of the chart alone',
    chart(data('{{ .Files.Get "../../outside" | quote }}')),
  ],
  [
    'reads the environment of the hub',
    'Helm runs with no environment, and has no function for it',
    chart(data('{{ "$HOME ${PATH}" | quote }}')),
  ],
  [
    'asks the name of a host',
    'there is no network, and Helm resolves no names',
    chart(data('{{ getHostByName "localhost" | quote }}')),
  ],
  [
    'has a schema of its values by URL',
    FETCHED,
    chart(map('a'), { 'dev/values.schema.json': '{"$ref": "ADDRESS/schema.json"}' }),
  ],
  [
    'has a schema of its values by a URL that it gives itself',
    FETCHED,
    chart(map('a'), { 'dev/values.schema.json': '{"$id": "ADDRESS/", "properties": {"a": {"$ref": "b.json"}}}' }),
  ],
];

const asChart = (overlay: Partial<Overlay> = {}): RenderedWith => ({
  spec: { renderer: 'helm' },
  overlay: { kubernetes: '1.33', ...overlay },
});

const mebibyte = 1024 * 1024;

/** A chart with another one packed in its charts/, of which the archive is made by hand. */
async function commitPacked(
  scene: Scene,
  files: readonly (readonly [name: string, content: Buffer])[],
): Promise<string> {
  const archive = pack();
  for (const [name, content] of files) archive.entry({ name }, content);
  archive.finalize();
  const blob = await scene.blob(gzipSync(await buffer(archive)));
  const charts = await scene.tree([['100644', 'store-1.0.0.tgz', blob]]);
  const dev = await scene.tree([
    ['100644', 'Chart.yaml', await scene.blob(CHART)],
    ['40000', 'charts', charts],
  ]);
  return scene.commitTree(await scene.tree([['40000', 'dev', dev]]));
}

const packed: readonly (readonly [what: string, message: RegExp, files: readonly (readonly [string, Buffer])[]])[] = [
  ['is gigabytes once it is unpacked', /too large/, [['store/a', Buffer.alloc(200 * mebibyte)]]],
  ['has a file that lies outside', /not inside a chart/, [['store/../../../outside', Buffer.from('x')]]],
  ['has a file at an absolute path', /not inside a chart/, [['/etc/cron.d/x', Buffer.from('x')]]],
  [
    'has more files than anybody needs',
    /too many files/,
    Array.from({ length: 20_001 }, (_, index) => [`store/templates/${index}`, Buffer.alloc(0)] as const),
  ],
];

export const chartAttempts: readonly Attempt<Scene>[] = [
  ...packed.map(([what, message, files]) => ({
    name: `commits a packed chart that ${what}`,
    stoppedBy:
      'archives are unpacked in memory, within bounds of files and bytes, and names that leave them are refused',
    run: async (scene: Scene) => {
      await scene.isRefused(await commitPacked(scene, files), 'helm-failed', message, asChart());
    },
  })),
  ...refused.map(([what, stoppedBy, files, code, message, overlay]) => ({
    name: `commits a chart that ${what}`,
    stoppedBy,
    run: async (scene: Scene) => {
      await scene.isRefused(await scene.commit(files), code, message, asChart(overlay));
    },
  })),
  ...harmless.map(([what, stoppedBy, files]) => ({
    name: `commits a chart that ${what}`,
    stoppedBy,
    run: async (scene: Scene) => {
      const told = await scene.render(await scene.commit(files), asChart());
      if (told.objects !== 1) throw new Error(`${told.code}: ${told.message}`);
    },
  })),
];
