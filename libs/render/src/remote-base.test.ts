import { describe, expect, it } from '@jest/globals';
import { parseRemoteBase } from './remote-base.js';

describe('a base of another repository', () => {
  it.each([
    ['https://example.org/team/shop//base?ref=v1', 'https://example.org/team/shop', 'base', 'v1'],
    ['https://example.org/team/shop//base/web/', 'https://example.org/team/shop', 'base/web', undefined],
    ['https://example.org/group/team/shop//base?version=main', 'https://example.org/group/team/shop', 'base', 'main'],
    ['https://example.org/group/team/shop.git/base', 'https://example.org/group/team/shop.git', 'base', undefined],
    ['https://example.org/group/team/shop.git//base', 'https://example.org/group/team/shop.git', 'base', undefined],
    [
      'https://dev.example.org/org/project/_git/shop/base',
      'https://dev.example.org/org/project/_git/shop',
      'base',
      undefined,
    ],
    [
      'https://example.org/team/shop/base?timeout=90s&submodules=false',
      'https://example.org/team/shop',
      'base',
      undefined,
    ],
    ['https://example.org/team/shop', 'https://example.org/team/shop', '.', undefined],
    ['https://somebody:secret@example.org/team/shop//base', 'https://example.org/team/shop', 'base', undefined],
    ['git::https://example.org:8443/team/shop//base', 'https://example.org:8443/team/shop', 'base', undefined],
    ['ssh://git@example.org:22/team/shop.git//base', 'ssh://git@example.org/team/shop.git', 'base', undefined],
    ['git@example.org:team/shop.git//base?ref=1.0', 'ssh://git@example.org/team/shop.git', 'base', '1.0'],
    ['github.com/team/shop/base', 'https://github.com/team/shop', 'base', undefined],
    ['www.GitHub.com/team/shop', 'https://github.com/team/shop', '.', undefined],
  ])('is read from %s', (text, url, folder, ref) => {
    expect(parseRemoteBase(text)).toMatchObject({ url, folder, ...(ref !== undefined && { ref }) });
    expect(parseRemoteBase(text)?.ref).toBe(ref);
  });

  it.each([
    'file:///etc',
    '../base',
    'https://example.org/../etc//base',
    'https://example.org//base',
    'https://example.org/team/sh op//base',
    'https://example.org/team/%2e%2e//base',
    'https://example.org/team\\shop//base',
    'https://ex\u00e4mple.org/team/shop//base',
    'oci://example.org/team/shop',
    'me@example.org',
  ])('is none in %j', (text) => {
    expect(parseRemoteBase(text)).toBeNull();
  });

  it('is of one repository however its URL is written, and of another one behind another port', () => {
    const keyOf = (text: string): string | undefined => parseRemoteBase(text)?.key;
    const ways = [
      'https://example.org/team/shop',
      'https://Example.org:443/team/shop.git//base',
      'http://somebody@example.org/team/shop/base?ref=v1',
      'ssh://git@example.org/team/shop.git',
      'git@example.org:team/shop.git',
    ];
    expect(ways.map(keyOf)).toEqual(ways.map(() => 'example.org/team/shop'));
    expect(keyOf('https://example.org:8443/team/shop')).toBe('example.org:8443/team/shop');
    expect(keyOf('github.com/team/shop')).toBe(keyOf('git@github.com:team/shop.git'));
  });
});
