import { describe, expect, it } from '@jest/globals';
import { commitLink } from './commit-link.js';

const revision = '0123456789abcdef0123456789abcdef01234567';

describe('the link to a commit', () => {
  it.each([
    ['https://github.com/shop/deploy.git', `https://github.com/shop/deploy/commit/${revision}`],
    ['https://github.com/shop/deploy/', `https://github.com/shop/deploy/commit/${revision}`],
    ['https://github.example.com/shop/deploy', `https://github.example.com/shop/deploy/commit/${revision}`],
    ['https://gitlab.com/group/sub/deploy.git', `https://gitlab.com/group/sub/deploy/-/commit/${revision}`],
    ['https://gitlab.example.com:8443/a/b', `https://gitlab.example.com:8443/a/b/-/commit/${revision}`],
    ['https://bitbucket.org/team/repo', `https://bitbucket.org/team/repo/commits/${revision}`],
    ['https://codeberg.org/a/b.git', `https://codeberg.org/a/b/commit/${revision}`],
    ['https://gitea.example.com/a/b', `https://gitea.example.com/a/b/commit/${revision}`],
  ])('leads from %s to its page', (url, link) => {
    expect(commitLink(url, revision)).toBe(link);
  });

  it.each([
    ['a local path', '/srv/git/shop'],
    ['a file', 'file:///srv/git/shop/deploy'],
    ['ssh', 'ssh://git@github.com/shop/deploy.git'],
    ['the short form of ssh', 'git@github.com:shop/deploy.git'],
    ['plain http', 'http://github.com/shop/deploy'],
    ['an address with a password', 'https://bot:secret@github.com/shop/deploy'],
    ['an address with a token for a user', 'https://secret@github.com/shop/deploy'],
    ['an address with a query', 'https://github.com/shop/deploy?token=secret'],
    ['an unknown host', 'https://git.example.com/shop/deploy'],
    ['a host that only looks like one', 'https://notgithub.com/shop/deploy'],
    ['no repository', 'https://github.com/shop'],
    ['a path of odd parts', 'https://github.com/shop/de%2Fploy'],
    ['nothing', ''],
  ])('is none for %s', (_what, url) => {
    expect(commitLink(url, revision)).toBeUndefined();
  });

  it('is none where the commit is no commit id, or not known', () => {
    expect(commitLink('https://github.com/shop/deploy', 'main')).toBeUndefined();
    expect(commitLink('https://github.com/shop/deploy', `${revision}/../..`)).toBeUndefined();
    expect(commitLink('https://github.com/shop/deploy', undefined)).toBeUndefined();
    expect(commitLink(undefined, revision)).toBeUndefined();
  });
});
