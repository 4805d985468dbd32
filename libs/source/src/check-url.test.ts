import { describe, expect, it } from '@jest/globals';
import { checkUrl } from './check-url.js';

const everywhere = { allowLocal: false };
const local = { allowLocal: true };

describe('takes', () => {
  it.each([
    'https://github.com/acme/shop.git',
    'https://git.example.org:8443/acme/shop',
    'ssh://git@git.example.org:2222/acme/shop.git',
    'git@git.example.org:acme/shop.git',
    'git.example.org:acme/shop.git',
    'https://[2001:db8::1]/acme/shop',
  ])('%s', (url) => {
    expect(checkUrl(url, everywhere)).toMatchObject({ text: url });
  });

  it.each(['/srv/git/shop', 'file:///srv/git/shop'])('%s where local repositories are allowed', (url) => {
    expect(checkUrl(url, local)).toMatchObject({ kind: 'file', text: url });
    expect(() => checkUrl(url, everywhere)).toThrow(/does not allow/);
  });
});

describe('refuses, and does not repeat,', () => {
  it.each([
    ['nothing', ''],
    ['an option', '--upload-pack=touch /tmp/hunter2'],
    ['a short option', '-uhunter2'],
    ['a program', 'ext::sh -c hunter2'],
    ['a program without arguments', 'ext::hunter2'],
    ['a file descriptor', 'fd::17'],
    ['a helper of another name', 'https::https://hunter2.example/x'],
    ['a password', 'https://user:hunter2@git.example.org/x'],
    ['a token as a user', 'https://hunter2@git.example.org/x'],
    ['a password of ssh', 'ssh://git:hunter2@git.example.org/x'],
    ['a token in a query', 'https://git.example.org/x?token=hunter2'],
    ['a fragment', 'https://git.example.org/x#hunter2'],
    ['plain HTTP', 'http://git.example.org/hunter2'],
    ['the git protocol', 'git://git.example.org/hunter2'],
    ['FTP', 'ftp://git.example.org/hunter2'],
    ['a host that is an option', 'ssh://-oProxyCommand=hunter2/x'],
    ['a host that is an option, in short form', '-oProxyCommand=hunter2:x'],
    ['a user that is an option', 'ssh://-hunter2@git.example.org/x'],
    ['a path that is an option', 'git@git.example.org:-hunter2'],
    ['a path that is an option after a slash', 'ssh://git.example.org/-hunter2'],
    ['a password in the short form', 'git:hunter2@git.example.org:x'],
    ['a relative path', '../hunter2'],
    ['a bare word', 'hunter2'],
    ['a line break', 'https://git.example.org/x\nhunter2'],
    ['white space', 'https://git.example.org/x hunter2'],
    ['a control character', 'https://git.example.org/\u0007hunter2'],
    ['a backslash', 'https://git.example.org\\@hunter2/x'],
    ['a host without a repository', 'https://hunter2.example.org/'],
    ['a relative file URL', 'file://hunter2/x'],
    ['a URL of 3,000 characters', `https://git.example.org/${'hunter2'.repeat(420)}`],
  ])('%s', (_name, url) => {
    const check = () => checkUrl(url, local);
    expect(check).toThrow(expect.objectContaining({ kind: 'rejected', code: 'url-refused' }));
    expect(check).toThrow(/^spec\.url (?!.*hunter2)/s);
  });
});
