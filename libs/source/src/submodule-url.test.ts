import { describe, expect, it } from '@jest/globals';
import { checkUrl } from './check-url.js';
import { submoduleUrl } from './submodule-url.js';

const urlOf = (parent: string, address: string): string =>
  submoduleUrl(checkUrl(parent, { allowLocal: true }), { path: 'lib/sub', address });
const SHOP = 'https://git.example.org:8443/team/shop.git';

describe('the address of a submodule', () => {
  it.each([
    [SHOP, '../charts.git', 'https://git.example.org:8443/team/charts.git'],
    [SHOP, '../../other/charts', 'https://git.example.org:8443/other/charts'],
    [SHOP, './inner.git', 'https://git.example.org:8443/team/shop.git/inner.git'],
    [SHOP, 'https://GIT.example.org:8443/x/y.git', 'https://git.example.org:8443/x/y.git'],
    // On HTTPS a path is a path.
    [SHOP, '../../-x', 'https://git.example.org:8443/-x'],
    ['ssh://git@git.example.org:2222/team/shop.git', '../charts.git', 'ssh://git@git.example.org:2222/team/charts.git'],
    ['git@git.example.org:team/shop.git', '../charts.git', 'git@git.example.org:team/charts.git'],
    ['git@git.example.org:team/shop.git', 'ssh://git@git.example.org/x.git', 'ssh://git@git.example.org/x.git'],
  ])('of %s that is %s is %s', (parent, address, expected) => {
    expect(urlOf(parent, address)).toBe(expected);
  });

  it.each([
    ['another host', 'https://git.elsewhere.example/x.git', /and on git\.elsewhere\.example, not on git\.example/],
    ['another port', 'https://git.example.org/x.git', /and on git\.example\.org, not on git\.example\.org:8443/],
    ['a host whose name begins like it', 'https://git.example.org:8443.evil.example/x', /can be read/],
    ['the same host in another way', 'ssh://git@git.example.org:8443/x.git', /read by ssh, where .* by https/],
    ['a file of the hub', 'file:///etc', /does not allow/],
    ['a path of the hub', '/etc', /does not allow/],
    ['a program', 'ext::sh -c hunter2', /white space/],
    ['a program in one word', 'ext::hunter2', /transport program/],
    ['an option', '--upload-pack=hunter2', /dash/],
    ['a password', 'https://user:hunter2@git.example.org:8443/x.git', /holds credentials/],
    ['a token in a query', 'https://git.example.org:8443/x.git?token=hunter2', /query/],
    ['plain HTTP', 'http://git.example.org:8443/x.git', /has the scheme http/],
    ['what is above everything', '../../../../..', /names a host, but no repository/],
    ['a relative path with a line break', '../x\nhunter2', /white space/],
  ])('is refused at %s', (_name, address, message) => {
    const check = () => urlOf(SHOP, address);
    expect(check).toThrow(expect.objectContaining({ kind: 'rejected', code: 'submodule-refused' }));
    expect(check).toThrow(/^"lib\/sub" is a submodule, (?!.*hunter2)/s);
    expect(check).toThrow(message);
  });

  it('is refused to a repository on the disk of the hub, and as an option to ssh', () => {
    expect(() => urlOf('/srv/git/shop', '../other')).toThrow(/on the hub’s own disk have none/);
    expect(() => urlOf('git@git.example.org:team/shop.git', '../../-oProxyCommand=x')).toThrow(/dash/);
  });
});
