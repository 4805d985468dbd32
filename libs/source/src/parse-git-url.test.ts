import { describe, expect, it } from '@jest/globals';
import { hostOf, parseGitUrl, repositoryOf } from './parse-git-url.js';

describe('an address of a repository', () => {
  it.each([
    ['https://GitHub.com/Acme/shop.git', 'https', 'github.com', 443, '/Acme/shop.git'],
    ['https://git.example.org:8443/shop', 'https', 'git.example.org', 8443, '/shop'],
    ['ssh://git@git.example.org:2222/shop', 'ssh', 'git.example.org', 2222, '/shop'],
    ['git@Git.example.org:acme/shop', 'ssh', 'git.example.org', 22, 'acme/shop'],
    ['https://[2001:DB8::1]/shop', 'https', '2001:db8::1', 443, '/shop'],
    ['http://gitlab.example/shop', 'http', 'gitlab.example', 80, '/shop'],
  ])('%s is understood', (text, kind, host, port, path) => {
    expect(parseGitUrl(text)).toMatchObject({ kind, host, port, path });
  });

  it.each([
    ['https://127.1/x', 'https://127.0.0.1/x'],
    ['https://0x7f000001/x', 'https://127.0.0.1/x'],
    ['https://2130706433/x', 'https://127.0.0.1/x'],
    ['https://loc%61lhost/x', 'https://localhost/x'],
    ['HTTPS://LOCALHOST:443/x/../y', 'https://localhost/y'],
    ['https://ｌｏｃａｌｈｏｓｔ/x', 'https://localhost/x'],
    ['ssh://git@Host:22/x', 'ssh://git@host/x'],
    ['git@Host:x', 'git@host:x'],
  ])('%s is given to git as %s, so that git has nothing to read otherwise', (text, given) => {
    expect(parseGitUrl(text).text).toBe(given);
  });

  it.each([
    'https://localhost./x',
    'https://a_b/x',
    'ssh://git@loc%61lhost/x',
    'ssh://git@ho st/x',
    'https://host/a%0Ab',
    'https://host/a%5Cb',
    'https://host/a%zz',
    'https:/\\host/x',
  ])('%s is refused', (text) => {
    expect(() => parseGitUrl(text)).toThrow(expect.objectContaining({ code: 'url-refused' }));
  });

  it('has a port in its host only where it is not the usual one', () => {
    const named = (text: string): string => hostOf(parseGitUrl(text) as Parameters<typeof hostOf>[0]);
    expect(named('https://a.example:443/x')).toBe('a.example');
    expect(named('ssh://a.example:443/x')).toBe('a.example:443');
    expect(named('https://[::1]:8443/x')).toBe('[::1]:8443');
  });
});

describe('two addresses', () => {
  it.each([
    ['https://github.com/Acme/shop.git', 'git@github.com:acme/shop'],
    ['ssh://git@github.com/acme/shop', 'http://github.com/acme//shop/'],
    ['file:///srv/git/shop.git', '/srv/git/shop'],
  ])('%s and %s are of one repository', (left, right) => {
    expect(repositoryOf(left)).toBe(repositoryOf(right));
    expect(repositoryOf(left)).not.toBeNull();
  });

  it.each([
    ['https://github.com/acme/shop', 'https://github.com:8443/acme/shop'],
    ['https://github.com/acme/shop', 'https://github.com/acme'],
    ['/github.com/acme/shop', 'https://github.com/acme/shop'],
    ['https://github.com.evil.example/acme/shop', 'https://github.com/acme/shop'],
    ['https://evil.example/github.com/acme/shop', 'https://github.com/acme/shop'],
  ])('%s and %s are not', (left, right) => {
    expect(repositoryOf(left)).not.toBe(repositoryOf(right));
  });

  it('that are none are nobody’s', () => {
    for (const text of ['', 'shop', 'ext::sh -c id', 'https://', 'x'.repeat(3000)]) {
      expect(repositoryOf(text)).toBeNull();
    }
  });
});
