import { equal } from 'node:assert/strict';
import type { Attempt } from '../../helpers/attempts.js';
import { type Files, type HostileRepositoryScene, map, type RawEntry } from './scene.js';

type Scene = HostileRepositoryScene;

const FOLLOWED = 'every symlink is followed on paper before anything is written';
const CHECKED = 'every name of a tree is checked before anything is written';
const leaves = /which leaves the repository/;

const to = (target: string): { readonly symlink: string } => ({ symlink: target });
const links: readonly (readonly [what: string, files: Files, message: RegExp])[] = [
  ['a manifest that is a symlink to /etc/passwd', { 'dev/a.yaml': to('/etc/passwd') }, leaves],
  ['a manifest that is a symlink to a file beside the repository', { 'dev/a.yaml': to('../../outside') }, leaves],
  ['an overlay that is a symlink to a folder of the hub', { dev: to('../mirrors') }, leaves],
  ['an overlay that is a symlink to /proc/self', { dev: to('/proc/self') }, leaves],
  ['the environment of the hub by a symlink to /proc', { 'dev/a.yaml': to('/proc/self/environ') }, leaves],
  ['a kustomization that is a symlink', { 'dev/kustomization.yaml': to('../../../outside') }, leaves],
  [
    'a chain of symlinks of which only the last leaves',
    { 'dev/a.yaml': to('b'), 'dev/b': to('../c/d'), 'c/d': to('../../outside') },
    leaves,
  ],
  [
    'a symlink that looks inside, behind a folder that is one itself',
    { 'x/y/up': to('../..'), 'dev/a.yaml': to('../x/y/up/../outside') },
    leaves,
  ],
  ['symlinks that lead in a circle', { 'dev/a.yaml': to('b.yaml'), 'dev/b.yaml': to('a.yaml') }, /leads in a circle/],
  ['a symlink to itself', { dev: to('dev') }, /leads in a circle/],
];

const names: readonly (readonly [
  what: string,
  entries: (scene: Scene, blob: string) => Promise<readonly RawEntry[]>,
  message: RegExp,
])[] = [
  ['a folder named ..', async (s, b) => [['40000', '..', await s.tree([['100644', 'x', b]])]], /"\." or "\.\."/],
  ['a folder named .', async (s, b) => [['40000', '.', await s.tree([['100644', 'x', b]])]], /"\." or "\.\."/],
  ['a folder named .GIT with hooks', async (s, b) => [['40000', '.GIT', await s.tree([['100755', 'x', b]])]], /\.git/],
  ['a file with slashes in its name', async (_s, b) => [['100644', '../../outside', b]], /"\." or "\.\."/],
  ['a file whose name begins at the root', async (_s, b) => [['100644', '/etc/cron.d/x', b]], /leads through/],
  ['a file with a line break in its name', async (_s, b) => [['100644', 'a\nb.yaml', b]], /control character/],
  ['a file with an escape sequence in its name', async (_s, b) => [['100644', '\u001b[2J', b]], /control character/],
  ['a file with a backslash in its name', async (_s, b) => [['100644', '..\\x', b]], /backslash/],
  ['a name of 256 bytes', async (_s, b) => [['100644', 'a'.repeat(256), b]], /255 bytes/],
  [
    'a symlink and a folder of one name',
    async (s, b) => [
      ['120000', 'd', await s.blob('..')],
      ['40000', 'd', await s.tree([['100644', 'outside', b]])],
    ],
    /both a file and a folder/,
  ],
  [
    'two files of one name',
    async (_s, b) => [
      ['100644', 'a', b],
      ['100644', 'a', b],
    ],
    /is there twice/,
  ],
  [
    'two names that are no text and would be the same',
    async (_s, b) => [
      ['100644', Buffer.from([0x61, 0xfe]), b],
      ['100644', Buffer.from([0x61, 0xff]), b],
    ],
    /is there twice/,
  ],
  [
    'a symlink of five thousand bytes',
    async (s) => [['120000', 'd', await s.blob('a/'.repeat(2500))]],
    /symlink of more/,
  ],
  [
    'a symlink with a zero byte',
    async (s) => [['120000', 'd', await s.blob('a\0/etc/passwd')]],
    /leaves the repository/,
  ],
];

export const linkAttempts: readonly Attempt<Scene>[] = [
  ...links.map(([what, files, message]) => ({
    name: `commits ${what}`,
    stoppedBy: FOLLOWED,
    run: async (scene: Scene) => {
      await scene.isRefused(await scene.commit(files), 'symlink-escapes', message);
    },
  })),
  ...names.map(([what, entries, message]) => ({
    name: `makes by hand a tree with ${what}`,
    stoppedBy: CHECKED,
    run: async (scene: Scene) => {
      const made = await entries(scene, await scene.blob(map('a')));
      const code = what.includes('zero') ? 'symlink-escapes' : 'tree-invalid';
      await scene.isRefused(await scene.commitTree(await scene.tree(made)), code, message);
    },
  })),
  {
    name: 'commits a manifest whose name is written from right to left, and which cannot be read',
    stoppedBy: 'a message holds no character that is not seen',
    run: async (scene) => {
      const sha = await scene.commit({ 'dev/\u202elmay.yaml': 'a: [b\n' });
      await scene.isRefused(sha, 'yaml-invalid', /^dev\/ lmay\.yaml: line/);
    },
  },
  {
    name: 'commits symlinks that are each a long walk through the others',
    stoppedBy: 'the steps of all symlinks together are bounded',
    run: async (scene) => {
      const files: Record<string, string | { readonly symlink: string }> = { 'dev/a.yaml': map('a'), 'l0/x': '' };
      for (let at = 1; at <= 38; at += 1) files[`l${at}`] = to(`l${at - 1}${`/../l${at - 1}`.repeat(80)}`);
      for (let at = 0; at < 200; at += 1) files[`dev/m${at}`] = to('../l38');
      const { code } = await scene.render(await scene.commit(files));
      equal(/^(symlink-escapes|tree-too-large)$/.test(code), true, code);
    },
  },
  {
    name: 'commits a folder two hundred folders deep',
    stoppedBy: CHECKED,
    run: async (scene) => {
      let id = await scene.tree([['100644', 'a.yaml', await scene.blob(map('a'))]]);
      // Written by one process: a tree is only known by the one in it.
      for (let depth = 0; depth < 200; depth += 1) id = await scene.tree([['40000', 'd', id]]);
      await scene.isRefused(await scene.commitTree(id), 'tree-invalid', /folders deep/);
    },
  },
  {
    name: 'commits what git would run or follow if it checked the commit out',
    stoppedBy: 'no checkout: files are read from the objects, and submodules only where a source takes them',
    run: async (scene) => {
      const touch = `touch ${scene.outside}-hook`;
      const sha = await scene.commit({
        'dev/a.yaml': map('a'),
        '.gitattributes': '*.yaml filter=evil diff=evil ident eol=crlf\n',
        '.gitconfig': `[filter "evil"]\n  smudge = ${touch}\n`,
        '.gitmodules': `[submodule "x"]\n  path = dev/x\n  url = ext::sh -c ${touch}\n  update = !${touch}\n`,
        '.lfsconfig': '[lfs]\n  url = ADDRESS\n',
        'hooks/post-checkout': `#!/bin/sh\n${touch}\n`,
      });
      await scene.repository.git(['update-index', '--add', '--cacheinfo', `160000,${sha},dev/x`]);
      await scene.repository.git(['commit', '--quiet', '-m', 'With a submodule']);
      const head = await scene.repository.git(['rev-parse', 'HEAD']);
      await scene.isRefused(head, 'submodule-refused', /^"dev\/x" is a submodule/);
      await scene.repository.git(['rm', '--quiet', '--cached', 'dev/x']);
      await scene.repository.git(['commit', '--quiet', '-m', 'Without it']);
      equal((await scene.render(await scene.repository.git(['rev-parse', 'HEAD']))).objects, 1);
    },
  },
  {
    name: 'commits a pointer to a file elsewhere (LFS) as a manifest',
    stoppedBy: 'a manifest is what is in the commit, and nothing is fetched',
    run: async (scene) => {
      const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 9\n`;
      await scene.isRefused(
        await scene.commit({ 'dev/a.yaml': pointer }),
        'lfs-pointer',
        /^dev\/a\.yaml is kept in Git LFS/,
      );
    },
  },
];
