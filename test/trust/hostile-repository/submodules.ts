import { equal, match } from 'node:assert/strict';
import { parseGitUrl } from '../../../libs/source/src/parse-git-url.js';
import { submoduleUrl } from '../../../libs/source/src/submodule-url.js';
import type { Attempt } from '../../helpers/attempts.js';
import { type HostileRepositoryScene, map, SECRET } from './scene.js';

type Scene = HostileRepositoryScene;

const SAME = 'a submodule is at the same host, and reached as its source is: nothing else gets the credential';
const OWN = 'https://git.example.org/team/shop.git';

/** What `.gitmodules` names, of a repository whose source takes submodules. */
const addresses: readonly (readonly [what: string, addresses: readonly string[]])[] = [
  ['files and folders of the hub', ['file:///etc', '/var/lib/flotilla/mirrors', '../../../../../etc:/x']],
  [
    'programs, and options of git and ssh',
    ['ext::sh -c touch% /tmp/x', '--upload-pack=touch /tmp/x', 'ssh://-oProxyCommand=touch/x'],
  ],
  [
    'other hosts and ports, those of the hub’s own network, and with a password',
    [
      'https://169.254.169.254/latest/meta-data',
      'https://elsewhere.example.org/a/b.git',
      `https://me:${SECRET}@elsewhere.example.org/a/b.git`,
      'https://git.example.org:8443/a/b.git',
      '../../../../@elsewhere.example.org/a',
    ],
  ],
  [
    'its own host by another way, or without encryption',
    ['http://git.example.org/a/b.git', 'ssh://git@git.example.org/a/b.git', 'git@git.example.org:a/b.git'],
  ],
];

function tell(address: string): string {
  try {
    return `answered ${submoduleUrl(parseGitUrl(OWN), { path: 'x', address })}`;
  } catch (error) {
    return `${(error as { code: string }).code}: ${(error as Error).message}`;
  }
}

export const submoduleAttempts: readonly Attempt<Scene>[] = [
  ...addresses.map(([what, each]) => ({
    name: `names as its submodules ${what}`,
    stoppedBy: SAME,
    run: async () => {
      for (const address of each) {
        const told = tell(address);
        // A relative one stays at its host, whatever it is made of.
        const stays = address.startsWith('../') && told.startsWith('answered https://git.example.org/');
        match(stays ? 'submodule-refused: ' : told, /^submodule-refused: /, `${address} ${told}`);
        equal(told.includes(SECRET), false, told);
      }
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
