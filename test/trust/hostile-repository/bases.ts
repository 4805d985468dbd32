import type { Attempt } from '../../helpers/attempts.js';
import { type Files, type HostileRepositoryScene, map, NEIGHBOUR, PRIVATE, SECRET } from './scene.js';

type Scene = HostileRepositoryScene;

const DECLARED = 'a base is of a source that anybody may read, or that is read with the same credential';
const FENCED = 'a base is walked as the repository itself is, from its own root';
const dev = (text: string): Files => ({ 'dev/kustomization.yaml': `${text}\n` });
const base: Files = { 'base/kustomization.yaml': 'resources: [a.yaml]\n', 'base/a.yaml': map('base') };

/** What a commit names. */
const naming: readonly (readonly [what: string, by: string, text: string, code: string, message: RegExp])[] = [
  [
    "another team's private source as a base",
    DECLARED,
    `resources: ["${PRIVATE}//base"]`,
    'remote-base',
    /declare a Source/,
  ],
  [
    "another team's private source by ssh",
    DECLARED,
    'resources: ["git@git.example.org:others/private.git//base"]',
    'remote-base',
    /./,
  ],
  [
    "another team's private source as a component",
    DECLARED,
    `components: ["git::${PRIVATE}.git//base?ref=main"]`,
    'remote-base',
    /./,
  ],
  [
    'a base with a password in its URL',
    DECLARED,
    `resources: ["https://me:${SECRET}@git.example.org/none/none//base"]`,
    'remote-base',
    /./,
  ],
  [
    'a ref of a declared source that nobody follows',
    DECLARED,
    `resources: ["${NEIGHBOUR}//base?ref=mine"]`,
    'remote-base',
    /asks for mine/,
  ],
  [
    'a folder outside of a declared source',
    FENCED,
    `resources: ["${NEIGHBOUR}//../../mirrors"]`,
    'path-escapes',
    /leaves the repository/,
  ],
  [
    'a folder outside of a declared source in percent signs',
    FENCED,
    `resources: ["${NEIGHBOUR}//%2e%2e/x"]`,
    'remote-base',
    /./,
  ],
  [
    'a file of a declared source as a base',
    FENCED,
    `resources: ["${NEIGHBOUR}//base/a.yaml"]`,
    'kustomize-failed',
    /is a file/,
  ],
  [
    'a declared source for a patch',
    FENCED,
    `patches: [{path: "${NEIGHBOUR}//base/a.yaml"}]`,
    'remote-base',
    /copy it in/,
  ],
  ['a declared source for a program', FENCED, `transformers: ["${NEIGHBOUR}//base"]`, 'remote-base', /copy it in/],
];

/** What a base holds, which is somebody else's repository. */
const holding: readonly (readonly [what: string, by: string, files: Files, code: string, message: RegExp])[] = [
  [
    'names a URL',
    FENCED,
    { 'base/kustomization.yaml': 'resources: [ADDRESS/x]\n' },
    'remote-base',
    /^git\.example\.org\/team\/neighbour: base/,
  ],
  [
    "names another team's private source",
    DECLARED,
    { 'base/kustomization.yaml': `resources: ["${PRIVATE}"]\n` },
    'remote-base',
    /./,
  ],
  [
    'reaches back into the repository that it is a base of',
    FENCED,
    { 'base/kustomization.yaml': 'resources: [../../00/dev]\n' },
    'path-escapes',
    /leaves the repository/,
  ],
  [
    'has a symlink that leads out',
    'every symlink is followed on paper before anything is written',
    { 'base/a.yaml': { symlink: '../../00/dev/a.yaml' } },
    'symlink-escapes',
    /leaves the repository/,
  ],
  [
    'names itself',
    'kustomizations are counted as often as they are named, before kustomize reads one',
    { 'base/kustomization.yaml': `resources: ["${NEIGHBOUR}//base"]\n` },
    'kustomize-failed',
    /names itself again/,
  ],
  [
    'asks for Helm',
    FENCED,
    { 'base/kustomization.yaml': 'helmCharts: [{name: x, repo: ADDRESS}]\n' },
    'kustomize-failed',
    /asks for Helm/,
  ],
  [
    'tells a Secret that it could not be read',
    'what kustomize prints of the files that it could not take is left out',
    {
      'base/kustomization.yaml': 'resources: [a.yaml]\n',
      'base/a.yaml': `apiVersion: v1\nkind: Secret\nstringData: {a: ${SECRET}}\n`,
    },
    'kustomize-failed',
    /./,
  ],
];

const PATCHED = "an application's own patches must hit, and nothing that is rendered gets past them";
const patched = {
  overlay: { patches: [0] },
  spec: {
    patches: [{ target: { kind: 'ConfigMap', name: 'a' }, patch: '- {op: add, path: /data/limits, value: "yes"}' }],
  },
};
const evading: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ['by another name', map('b'), /^spec\.patches\[0\]: its target is no object/],
  [
    'by an annotation that kustomize leaves objects out for',
    map('a').replace('{name: a}', '{name: a, annotations: {config.kubernetes.io/local-config: "true"}}'),
    /^spec\.patches: .*remove it/,
  ],
  [
    'by the mark of a patch that hit',
    `${map('b')}flotilla-patch-0: true\nflotilla-0: true\n`,
    /^spec\.patches\[0\]: its target is no object/,
  ],
  [
    'by an object that breaks kustomize',
    `${map('a')}---\n${map('a')}`,
    /^spec\.patches: what was rendered cannot be patched/,
  ],
  [
    'by a secret that breaks kustomize and is told in the error',
    `${map('a')}---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: "${SECRET}\\x7f"}\n`,
    /^spec\.patches: what was rendered cannot be patched/,
  ],
];

/** Bases of other repositories, and the patches of those who run the application. */
export const baseAttempts: readonly Attempt<Scene>[] = [
  ...naming.map(([what, stoppedBy, text, code, message]) => ({
    name: `names ${what}`,
    stoppedBy,
    run: async (scene: Scene) => {
      await scene.commitNeighbour(base);
      await scene.isRefused(await scene.commit(dev(text)), code, message);
    },
  })),
  ...holding.map(([what, stoppedBy, files, code, message]) => ({
    name: `has a base in another repository that ${what}`,
    stoppedBy,
    run: async (scene: Scene) => {
      await scene.commitNeighbour({ ...base, ...files });
      await scene.isRefused(await scene.commit(dev(`resources: ["${NEIGHBOUR}//base"]`)), code, message);
    },
  })),
  {
    name: 'changes a base of another repository for whoever else uses it',
    stoppedBy: 'a render works on copies of what it reads',
    run: async (scene) => {
      await scene.commitNeighbour(base);
      const sha = await scene.commit(dev(`resources: ["${NEIGHBOUR}//base"]\nnamePrefix: x-`));
      for (const _again of [1, 2]) {
        const told = await scene.render(sha);
        if (told.objects !== 1) throw new Error(`a declared base was refused: ${told.message}`);
      }
    },
  },
  ...evading.map(([what, text, message]) => ({
    name: `gets an object past a patch of the application ${what}`,
    stoppedBy: PATCHED,
    run: async (scene: Scene) => {
      await scene.isRefused(await scene.commit({ 'dev/a.yaml': text }), 'patch-failed', message, patched);
    },
  })),
];
