import type { Attempt } from '../../helpers/attempts.js';
import type { HostileRepositoryScene } from './scene.js';

type Scene = HostileRepositoryScene;

const transformer = (more: string): string =>
  `apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: t}\n${more}\n`;

const STOPPED: Readonly<Record<string, string>> = {
  'remote-base': 'nothing that is not in the commit is fetched',
  'path-escapes': 'paths are followed to where they lead before kustomize sees them',
  'kustomize-failed': 'only fields and plugins that stay in the commit are taken',
  'yaml-invalid': 'what two programs may read as two things is refused',
};

/** Each names ADDRESS, where a server counts who asks. */
const reachingOut: readonly (readonly [what: string, files: Record<string, string>, code: string])[] = [
  ['a resource by URL', { 'dev/kustomization.yaml': 'resources: [ADDRESS/x.yaml]' }, 'remote-base'],
  ['a URL in capitals', { 'dev/kustomization.yaml': 'resources: ["HTTP:ADDR/x.yaml"]' }, 'remote-base'],
  ['a base by URL', { 'dev/kustomization.yaml': 'bases: ["ADDRESS/x//y?ref=main"]' }, 'remote-base'],
  ['a component by URL', { 'dev/kustomization.yaml': 'components: [ADDRESS/x]' }, 'remote-base'],
  ['a forced git URL', { 'dev/kustomization.yaml': 'resources: ["git::ADDRESS/x"]' }, 'remote-base'],
  ['a file URL', { 'dev/kustomization.yaml': 'resources: ["file:///etc"]' }, 'remote-base'],
  ['GitHub by its name alone', { 'dev/kustomization.yaml': 'resources: [github.com/a/b]' }, 'remote-base'],
  [
    'GitHub, though a folder of that name is there',
    {
      'dev/kustomization.yaml': 'resources: [github.com/a/b]',
      'dev/github.com/a/b/kustomization.yaml': 'resources: []',
    },
    'remote-base',
  ],
  ['a user on a host', { 'dev/kustomization.yaml': 'resources: ["me@example.org:a/b"]' }, 'remote-base'],
  ['a patch by URL', { 'dev/kustomization.yaml': 'patches: [{path: ADDRESS/p.yaml}]' }, 'remote-base'],
  ['an old patch by URL', { 'dev/kustomization.yaml': 'patchesStrategicMerge: [ADDRESS/p.yaml]' }, 'remote-base'],
  [
    'an old patch that looks like a mapping and is a URL',
    { 'dev/kustomization.yaml': 'patchesStrategicMerge: ["ADDRESS/p.yaml: {}"]' },
    'remote-base',
  ],
  ['a JSON patch by URL', { 'dev/kustomization.yaml': 'patchesJson6902: [{path: ADDRESS/p}]' }, 'remote-base'],
  [
    'a patch whose field is in capitals',
    { 'dev/kustomization.yaml': 'patches: [{Path: ADDRESS/p}]' },
    'kustomize-failed',
  ],
  [
    'a generated file by URL',
    { 'dev/kustomization.yaml': 'configMapGenerator: [{name: a, files: [k=ADDRESS/f]}]' },
    'remote-base',
  ],
  ['a secret by URL', { 'dev/kustomization.yaml': 'secretGenerator: [{name: a, envs: [ADDRESS/f]}]' }, 'remote-base'],
  [
    'a secret by an old field',
    { 'dev/kustomization.yaml': 'secretGenerator: [{name: a, env: ADDRESS/f}]' },
    'remote-base',
  ],
  ['a schema by URL', { 'dev/kustomization.yaml': 'openapi: {path: ADDRESS/s.json}' }, 'remote-base'],
  ['a CRD by URL', { 'dev/kustomization.yaml': 'crds: [ADDRESS/crd.json]' }, 'remote-base'],
  ['a configuration by URL', { 'dev/kustomization.yaml': 'configurations: [ADDRESS/c.yaml]' }, 'remote-base'],
  ['a replacement by URL', { 'dev/kustomization.yaml': 'replacements: [{path: ADDRESS/r.yaml}]' }, 'remote-base'],
  ['a transformer by URL', { 'dev/kustomization.yaml': 'transformers: [ADDRESS/t.yaml]' }, 'remote-base'],
  [
    'a file of a transformer',
    { 'dev/kustomization.yaml': 'transformers: [t.yaml]', 'dev/t.yaml': transformer('path: ADDRESS/p') },
    'remote-base',
  ],
  [
    'a file of a transformer behind a folder',
    {
      'dev/kustomization.yaml': 'transformers: [t]',
      'dev/t/kustomization.yaml': 'resources: [t.yaml]',
      'dev/t/t.yaml': transformer('path: ADDRESS/p'),
    },
    'remote-base',
  ],
  [
    'a file of a transformer in the kustomization itself',
    {
      'dev/kustomization.yaml': `transformers:\n- |\n  ${transformer('path: ADDRESS/p').replaceAll('\n', '\n  ')}`,
    },
    'remote-base',
  ],
  [
    'a generator that inflates a chart',
    {
      'dev/kustomization.yaml': 'generators: [g.yaml]',
      'dev/g.yaml': 'apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: g}\nrepo: ADDRESS\n',
    },
    'kustomize-failed',
  ],
  [
    'a transformer that is a program',
    {
      'dev/kustomization.yaml': 'transformers: [t.yaml]',
      'dev/t.yaml':
        'apiVersion: v1\nkind: X\nmetadata:\n  name: x\n  annotations:\n    config.kubernetes.io/function: "exec: {path: /bin/touch}"\n',
    },
    'kustomize-failed',
  ],
  [
    'a URL three kustomizations away',
    {
      'dev/kustomization.yaml': 'resources: [../a]',
      'a/kustomization.yml': 'components: [../b]',
      'b/Kustomization': 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [ADDRESS/x]',
    },
    'remote-base',
  ],
  [
    'Helm by its oldest field',
    { 'dev/kustomization.yaml': 'helmChartInflationGenerator: [{chartName: x}]' },
    'kustomize-failed',
  ],
  ['a resource outside', { 'dev/kustomization.yaml': 'resources: [../../x.yaml]' }, 'path-escapes'],
  ['a patch outside', { 'dev/kustomization.yaml': 'patches: [{path: /etc/hostname}]' }, 'path-escapes'],
  [
    'a generated file outside',
    { 'dev/kustomization.yaml': 'configMapGenerator: [{name: a, files: [k=../../../etc/passwd]}]' },
    'path-escapes',
  ],
  [
    'a URL behind a merge that Go lets win',
    { 'dev/kustomization.yaml': 'resources: []\n<<: {resources: [ADDRESS/x]}' },
    'yaml-invalid',
  ],
  [
    'a URL on a line that is a comment for YAML 1.2',
    { 'dev/kustomization.yaml': 'namespace: a # x\u0085resources: [ADDRESS/x]\n' },
    'yaml-invalid',
  ],
  [
    'a URL on such a line of a transformer in the kustomization itself',
    {
      'dev/kustomization.yaml':
        'transformers: ["apiVersion: builtin\\nkind: PatchTransformer\\nmetadata: {name: t} # x\\u2028path: ADDRESS/p\\n"]',
    },
    'yaml-invalid',
  ],
  [
    'two kustomizations in one folder',
    { 'dev/kustomization.yaml': 'resources: []', 'dev/Kustomization': 'resources: []' },
    'kustomize-failed',
  ],
];

/** What a kustomization names, and where it would lead kustomize. */
export const kustomizationAttempts: readonly Attempt<Scene>[] = reachingOut.map(([what, files, code]) => ({
  name: `names ${what}`,
  stoppedBy: STOPPED[code] ?? code,
  run: async (scene) => {
    await scene.isRefused(await scene.commit(files), code);
  },
}));
