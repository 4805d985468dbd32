import { describe, expect, it } from '@jest/globals';
import { requireNoOtherSite, requireSameOrigin } from './same-origin.js';

const HUB = 'https://hub.example:8443';
const own = { origin: HUB, 'flotilla-request': '1' };

describe('requireSameOrigin', () => {
  it('lets reads be, and what the own page sends', () => {
    for (const method of ['GET', 'HEAD', 'OPTIONS']) expect(() => requireSameOrigin(method, {}, HUB)).not.toThrow();
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      expect(() => requireSameOrigin(method, own, HUB)).not.toThrow();
      expect(() => requireSameOrigin(method, own, `${HUB}/fleet`)).not.toThrow();
    }
  });

  it.each([
    [{}],
    [{ origin: HUB }],
    [{ 'flotilla-request': '1' }],
    [{ ...own, 'flotilla-request': '0' }],
    [{ ...own, origin: 'null' }],
    [{ ...own, origin: '' }],
    [{ ...own, origin: 'https://hub.example' }],
    [{ ...own, origin: 'http://hub.example:8443' }],
    [{ ...own, origin: `${HUB}.evil.example` }],
    [{ ...own, origin: `${HUB}/` }],
    [{ 'flotilla-request': '1', referer: `${HUB}/page` }],
  ])('refuses a change with %p', (headers) => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'SOMETHING']) {
      expect(() => requireSameOrigin(method, headers, HUB)).toThrow(/own page/);
    }
  });
});

it('takes an address that a person opened, and none that another site did', () => {
  for (const site of ['none', 'same-origin', undefined]) {
    expect(() => requireNoOtherSite(site === undefined ? {} : { 'sec-fetch-site': site })).not.toThrow();
  }
  for (const site of ['cross-site', 'same-site', 'x']) {
    expect(() => requireNoOtherSite({ 'sec-fetch-site': site })).toThrow(/Another site/);
  }
});
