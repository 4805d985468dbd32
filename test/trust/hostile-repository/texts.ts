import { equal } from 'node:assert/strict';
import type { Attempt } from '../../helpers/attempts.js';
import { type Files, type HostileRepositoryScene, map, SECRET } from './scene.js';

type Scene = HostileRepositoryScene;

const nineTimes = (first: string, name: (level: number) => string): string[] =>
  Array.from({ length: 10 }, (_, level) => {
    const item = level === 0 ? first : `*${name(level - 1)}`;
    return `${name(level)}: &${name(level)} [${Array.from({ length: 9 }, () => item).join(', ')}]`;
  });
const aliases = ['apiVersion: v1', 'kind: ConfigMap', 'metadata: {name: a}', ...nineTimes('x', (l) => `v${l}`)].join(
  '\n',
);

const YAML = 'the one reader of YAML, with bounds of its own';
const texts: readonly (readonly [what: string, text: string | Buffer, message: RegExp])[] = [
  ['nine lines of aliases that stand for billions of values', aliases, /aliases are written out/],
  ['a value that holds itself', 'a: &a\n  b: *a\n', /nested|alias/],
  ['ten thousand nested lists', `a: ${'['.repeat(10_000)}${']'.repeat(10_000)}\n`, /nest|deep/i],
  ['ten thousand nested mappings', `${'{a: '.repeat(10_000)}1${'}'.repeat(10_000)}\n`, /nest|deep/i],
  ['the same key twice', 'kind: ConfigMap\nkind: Secret\n', /this key is there twice/],
  ['more documents than are taken', '---\na: 1\n'.repeat(20_001), /20001 documents/],
  ['a number that would be rounded', 'a: 12345678901234567890123\n', /rounded|beyond|document|apiVersion|kind/],
  ['a tag that makes an object of a program’s', 'a: !!python/object/apply:os.system ["touch x"]\n', /tag/],
  ['a tag that makes a function', 'a: !!js/function "function () {}"\n', /tag/],
  ['bytes that are no text', Buffer.from([0x61, 0x3a, 0x20, 0xff, 0xfe]), /not UTF-8/],
  ['text in UTF-16', Buffer.from('\ufeffa: 1\n', 'utf16le'), /not UTF-8/],
];

const OBJECT = 'what becomes a path at an API server is checked';
const named = (name: string, more = ''): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${JSON.stringify(name)}${more}}\n`;
const objects: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ['an object named ..', named('..'), /no object may have/],
  ['an object whose name is a path', named('a/../../secrets/b'), /no object may have/],
  ['an object whose name is a path in percent signs', named('..%2f..'), /no object may have/],
  ['an object with a zero byte in its name', named('a\u0000b'), /no object may have/],
  ['an object whose name is written from right to left', named('a\u202eb'), /no object may have/],
  ['an object in a namespace that is a path', named('a', ', namespace: "../kube-system"'), /namespace that is none/],
  ['a kind that is a path', 'apiVersion: v1\nkind: ../Secret\nmetadata: {name: a}\n', /kind that is none/],
  ['a version that is a path', 'apiVersion: ../v1\nkind: Secret\nmetadata: {name: a}\n', /apiVersion that is none/],
];

const HIDDEN = 'what kustomize prints of the files that it could not take is left out';
const secret = `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: ${SECRET}}\n`;
const leaks: readonly (readonly [what: string, files: Files])[] = [
  ['a manifest that is only a password', { 'dev/a.yaml': `${SECRET}\n` }],
  ['a Secret whose YAML breaks off', { 'dev/a.yaml': `kind: Secret\nstringData: {password: "${SECRET}\n` }],
  ['a Secret with a key twice', { 'dev/a.yaml': `kind: Secret\ndata:\n  ${'a'}: ${SECRET}\n  a: ${SECRET}\n` }],
  [
    'a Secret that a patch does not fit',
    {
      'dev/kustomization.yaml': 'resources: [s.yaml]\npatches: [{path: p.yaml}]\n',
      'dev/s.yaml': secret,
      'dev/p.yaml': `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: [${SECRET}]\n`,
    },
  ],
  [
    'a patch of a Secret that cannot be read',
    {
      'dev/kustomization.yaml': `resources: [s.yaml]\npatches: [{target: {kind: Secret}, patch: "[{op: test, path: /a, value: ${SECRET}}]"}]\n`,
      'dev/s.yaml': secret,
    },
  ],
  [
    'a patch of a Secret that tests for another value',
    {
      'dev/kustomization.yaml': `resources: [s.yaml]\npatches: [{target: {kind: Secret}, patch: "- {op: test, path: /stringData/password, value: not-${SECRET}}"}]\n`,
      'dev/s.yaml': secret,
    },
  ],
  [
    'a generated Secret that is no pair',
    { 'dev/kustomization.yaml': `secretGenerator: [{name: a, literals: ["${SECRET}"]}]\n` },
  ],
  [
    'a Secret without a name, behind kustomize',
    {
      'dev/kustomization.yaml': 'resources: [s.yaml]\n',
      'dev/s.yaml': `apiVersion: v1\nkind: Secret\nstringData: {password: ${SECRET}}\n`,
    },
  ],
  [
    'a Secret that is no text, behind kustomize',
    {
      'dev/kustomization.yaml': 'resources: [s.yaml]\n',
      'dev/s.yaml': `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: !!binary ${SECRET}\n`,
    },
  ],
];

export const textAttempts: readonly Attempt<Scene>[] = [
  ...texts.map(([what, text, message]) => ({
    name: `commits a manifest with ${what}`,
    stoppedBy: YAML,
    run: async (scene: Scene) => {
      const blob = await scene.blob(typeof text === 'string' ? Buffer.from(text) : text);
      const folder = await scene.tree([['100644', 'a.yaml', blob]]);
      const sha = await scene.commitTree(await scene.tree([['40000', 'dev', folder]]));
      await scene.isRefused(sha, what.includes('number') ? '' : 'yaml-invalid', message);
    },
  })),
  ...objects.map(([what, text, message]) => ({
    name: `commits ${what}`,
    stoppedBy: OBJECT,
    run: async (scene: Scene) => {
      await scene.isRefused(await scene.commit({ 'dev/a.yaml': text }), 'bundle-invalid', message);
    },
  })),
  ...leaks.map(([what, files]) => ({
    name: `has the hub tell a secret of the repository in an error: ${what}`,
    stoppedBy: HIDDEN,
    run: async (scene: Scene) => {
      await scene.isRefused(await scene.commit(files), '');
    },
  })),
  {
    name: 'commits an object that would change every object of the hub’s (__proto__)',
    stoppedBy: 'keys are data, whatever their name',
    run: async (scene) => {
      const text = `${map('a')}__proto__: {polluted: "yes"}\nconstructor: {prototype: {polluted: "yes"}}\n`;
      await scene.render(await scene.commit({ 'dev/a.yaml': text }));
      equal(({} as { polluted?: unknown }).polluted, undefined);
    },
  },
  {
    name: 'commits with an author and a message that move the terminal’s cursor',
    stoppedBy: 'names and messages of commits become one line without control characters',
    run: async (scene) => {
      const sha = await scene.repository.commit({
        files: { 'dev/a.yaml': map('a') },
        author: 'a\u001b[2J\u202eb <a@example.org>',
        subject: '\u001b]0;owned\u0007\u202e all is well',
      });
      const { author, subject } = await scene.commitOf(sha);
      equal(/[\p{Cc}\p{Cf}]/u.test(author + subject), false);
    },
  },
];
