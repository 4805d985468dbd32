import type { Attempt } from '../../helpers/attempts.js';
import { type HostileRepositoryScene, map, type RawEntry } from './scene.js';

type Scene = HostileRepositoryScene;

const EXPORT = 'a tree is measured before anything is written';
const mebibyte = 1024 * 1024;

/** A commit whose only overlay is this tree. */
async function ofDev(scene: Scene, tree: string): Promise<string> {
  return scene.commitTree(await scene.tree([['40000', 'dev', tree]]));
}

export const bombAttempts: readonly Attempt<Scene>[] = [
  {
    name: 'commits three hundred megabytes of zeroes, which are nothing on the wire',
    stoppedBy: EXPORT,
    run: async (scene) => {
      const blob = await scene.blob(Buffer.alloc(10 * mebibyte));
      const entries = [...'abcdefghijklmnopqrstuvwxyz1234'].map((name): RawEntry => ['100644', name, blob]);
      const sha = await ofDev(scene, await scene.tree(entries.sort()));
      await scene.isRefused(sha, 'tree-too-large', /at most 268435456 are taken/);
    },
  },
  {
    name: 'commits a manifest of forty megabytes',
    stoppedBy: 'what is read as plain YAML is bounded',
    run: async (scene) => {
      const blob = await scene.blob(Buffer.alloc(40 * mebibyte, '# nothing\n'));
      const sha = await ofDev(scene, await scene.tree([['100644', 'a.yaml', blob]]));
      await scene.isRefused(sha, 'output-too-large', /more than 33554432 bytes/);
    },
  },
  {
    name: 'commits a hundred thousand files',
    stoppedBy: EXPORT,
    run: async (scene) => {
      const blob = await scene.blob(map('a'));
      const name = (index: number): string => `f${String(index).padStart(6, '0')}.yaml`;
      const entries = Array.from({ length: 100_000 }, (_, index): RawEntry => ['100644', name(index), blob]);
      const sha = await ofDev(scene, await scene.tree(entries));
      await scene.isRefused(sha, 'tree-too-large', /100000 files; at most 50000/);
    },
  },
  {
    name: 'commits ten thousand million files made of a dozen objects',
    stoppedBy: 'what git may list of a tree is bounded',
    run: async (scene) => {
      let entry: readonly [mode: string, id: string] = ['100644', await scene.blob(map('a'))];
      for (let level = 0; level < 10; level += 1) {
        const [mode, id] = entry;
        entry = ['40000', await scene.tree([...'abcdefghij'].map((name): RawEntry => [mode, name, id]))];
      }
      await scene.isRefused(await ofDev(scene, entry[1]), 'tree-too-large', /more files than this hub takes/);
    },
  },
  {
    name: 'commits thirty kustomizations that each name the next one twice',
    stoppedBy: 'kustomizations are counted as often as they are named, before kustomize reads one',
    run: async (scene) => {
      const files: Record<string, string> = { 'dev/kustomization.yaml': 'components: [../k0, ../k0]\n' };
      const component = 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n';
      for (let at = 0; at < 30; at += 1)
        files[`k${at}/kustomization.yaml`] = `${component}components: [../k${at + 1}, ../k${at + 1}]\n`;
      files['k30/kustomization.yaml'] = component;
      await scene.isRefused(await scene.commit(files), 'kustomize-failed', /more than 2000 kustomizations/);
    },
  },
  {
    name: 'commits kustomizations that name each other in a circle',
    stoppedBy: 'kustomizations are counted as often as they are named, before kustomize reads one',
    run: async (scene) => {
      const sha = await scene.commit({
        'dev/kustomization.yaml': 'resources: [../a]\n',
        'a/kustomization.yaml': 'resources: [../b]\n',
        'b/kustomization.yaml': 'resources: [../a]\n',
      });
      await scene.isRefused(sha, 'kustomize-failed', /names itself again/);
    },
  },
  {
    name: 'commits a kustomization of two megabytes',
    stoppedBy: 'a kustomization has a bound of its own',
    run: async (scene) => {
      const sha = await scene.commit({ 'dev/kustomization.yaml': `resources: []\n# ${'x'.repeat(2 * mebibyte)}\n` });
      await scene.isRefused(sha, 'kustomize-failed', /at most 1048576 are taken/);
    },
  },
  {
    name: 'has a few lines rendered to hundreds of megabytes',
    stoppedBy: 'what kustomize prints is bounded',
    run: async (scene) => {
      const many = Array.from({ length: 1000 }, (_, index) => map(`m${index}`)).join('---\n');
      const sha = await scene.commit({
        'dev/kustomization.yaml': `resources: [a.yaml]\ncommonAnnotations: {a: ${'x'.repeat(200_000)}}\n`,
        'dev/a.yaml': many,
      });
      await scene.isRefused(sha, '', /prints more than 33554432 bytes|MiB of memory/);
    },
  },
  {
    name: 'has aliases written out by kustomize until memory is at its end',
    stoppedBy: 'the memory that kustomize has, or its own bound for aliases',
    run: async (scene) => {
      const lines = ['apiVersion: v1', 'kind: ConfigMap', 'metadata: {name: a}', 'a: &a [x, x, x, x, x, x, x, x, x]'];
      for (const [before = '', name = ''] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg', 'gh', 'hi', 'ij'])
        lines.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(', ')}]`);
      const sha = await scene.commit({
        'dev/kustomization.yaml': 'resources: [a.yaml]\n',
        'dev/a.yaml': lines.join('\n'),
      });
      await scene.isRefused(sha, '', /memory|bytes|alias|longer than/);
    },
  },
  {
    name: 'has kustomize render without end',
    stoppedBy: 'the time that kustomize has, or the memory where it comes to that first',
    run: async (scene) => {
      // Which of both ends it first is the machine's choice; that time alone ends a run is held in libs/render.
      const many = Array.from({ length: 1000 }, (_, index) => map(`m${index}`)).join('---\n');
      const patch = '{target: {kind: ConfigMap, name: "m.*"}, patch: "- {op: add, path: /data/b, value: c}"}';
      const sha = await scene.commit({
        'dev/kustomization.yaml': `resources: [a.yaml]\npatches: [${Array.from({ length: 400 }, () => patch).join(', ')}]\n`,
        'dev/a.yaml': many,
      });
      await scene.isRefused(sha, '', /took longer than 1 s|MiB of memory/, { timeoutMs: 1000 });
    },
  },
  {
    name: 'commits more objects than a bundle may hold',
    stoppedBy: 'a bundle is bounded in objects and bytes',
    run: async (scene) => {
      const many = Array.from({ length: 5001 }, (_, index) => map(`m${index}`)).join('---\n');
      await scene.isRefused(await scene.commit({ 'dev/a.yaml': many }), 'bundle-invalid', /5001 objects/);
      const large = Array.from({ length: 12 }, (_, index) => map(`m${index}`, 'x'.repeat(mebibyte))).join('---\n');
      await scene.isRefused(await scene.commit({ 'dev/a.yaml': large }), 'bundle-invalid', /bytes of canonical JSON/);
    },
  },
  {
    name: 'commits an overlay with nothing in it, so that everything is removed',
    stoppedBy: 'an empty bundle is refused',
    run: async (scene) => {
      await scene.isRefused(await scene.commit({ 'dev/a.yaml': '# nothing\n' }), 'bundle-invalid', /would delete/);
      await scene.isRefused(await scene.commit({ 'dev/README.md': 'gone' }), 'path-not-found');
      const empty = { 'dev/kustomization.yaml': 'resources: []\n' };
      await scene.isRefused(await scene.commit(empty), '', /empty|would delete/);
    },
  },
];
