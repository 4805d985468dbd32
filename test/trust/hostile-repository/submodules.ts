import { equal, match } from 'node:assert/strict';
import { parseGitUrl } from '../../../libs/source/src/parse-git-url.js';
import { submoduleUrl } from '../../../libs/source/src/submodule-url.js';
import type { Attempt } from '../../helpers/attempts.js';
import { type HostileRepositoryScene, map, SECRET } from './scene.js';

type Scene = HostileRepositoryScene;

const SAME = 'a submodule is at the same host, and reached as its source is: nothing else gets the credential';
const OWN = 'https://git.example.org/team/shop.git';

/** What `.gitmodules` names, of a repository whose source takes submodules. */
const addresses: readonly (readonly [what: string, address: string])[] = [
  ['a file of the hub', 'file:///etc'],
  ['a folder of the hub', '/var/lib/flotilla/mirrors'],
  ['a program', 'ext::sh -c touch% /tmp/x'],
  ['an option of git', '--upload-pack=touch /tmp/x'],
  ['an option of ssh', 'ssh://-oProxyCommand=touch/x'],
  ['an address in the hub’s own network', 'https://169.254.169.254/latest/meta-data'],
  ['another host', 'https://elsewhere.example.org/a/b.git'],
  ['another host, with a password', `https://me:${SECRET}@elsewhere.example.org/a/b.git`],
  ['another port of its host', 'https://git.example.org:8443/a/b.git'],
  ['its host without encryption', 'http://git.example.org/a/b.git'],
  ['its host by another way', 'ssh://git@git.example.org/a/b.git'],
  ['its host by the short way', 'git@git.example.org:a/b.git'],
  ['another host by a relative address', '../../../../@elsewhere.example.org/a'],
];

export const submoduleAttempts: readonly Attempt<Scene>[] = [
  ...addresses.map(([what, address]) => ({
    name: `names ${what} as a submodule`,
    stoppedBy: SAME,
    run: async () => {
      let told = '';
      try {
        told = `answered ${submoduleUrl(parseGitUrl(OWN), { path: 'x', address })}`;
      } catch (error) {
        told = `${(error as { code: string }).code}: ${(error as Error).message}`;
      }
      // A relative one stays at its host, whatever it is made of.
      match(
        told,
        address.startsWith('../')
          ? /^(answered https:\/\/git\.example\.org\/|submodule-refused: )/
          : /^submodule-refused: /,
      );
      equal(told.includes(SECRET), false, told);
    },
  })),
  {
    name: 'has a submodule where its source takes none',
    stoppedBy: 'submodules are refused unless the source says otherwise, and never left out silently',
    run: async (scene) => {
      const sha = await scene.commit({
        'dev/a.yaml': map('a'),
        '.gitmodules': '[submodule "dev/x"]\n  path = dev/x\n  url = ADDRESS/x\n',
      });
      await scene.repository.git(['update-index', '--add', '--cacheinfo', `160000,${sha},dev/x`]);
      await scene.repository.git(['commit', '--quiet', '-m', 'With a submodule']);
      const head = await scene.repository.git(['rev-parse', 'HEAD']);
      await scene.isRefused(head, 'submodule-refused', /^"dev\/x" is a submodule/);
    },
  },
];
