import { describe, expect, it } from '@jest/globals';
import { addressRefusal } from '#kit';
import type { GitCredential } from '#ports';
import { rulesFor } from './chart-http.js';
import { openPlace, parsePlace } from './chart-place.js';

describe('the place of a chart', () => {
  it('is a folder of a repository, or a name in a registry', () => {
    expect(parsePlace({ type: 'helm', url: 'https://Charts.example.com:443/stable/', chart: 'web' })).toMatchObject({
      base: 'https://charts.example.com/stable',
      host: 'charts.example.com',
      shown: 'https://charts.example.com/stable (chart web)',
      chart: 'web',
    });
    expect(parsePlace({ type: 'oci', url: 'oci://registry.example.com:5000/team/charts/web' })).toMatchObject({
      base: 'https://registry.example.com:5000/v2/team/charts/web',
      host: 'registry.example.com:5000',
      shown: 'oci://registry.example.com:5000/team/charts/web',
      name: 'team/charts/web',
      chart: 'web',
    });
  });

  it('on Docker’s registry is where that really is, and so is the credential for it', async () => {
    const place = parsePlace({ type: 'oci', url: 'oci://docker.io/bitnamicharts/nginx' });
    expect(place).toMatchObject({
      base: 'https://registry-1.docker.io/v2/bitnamicharts/nginx',
      shown: 'oci://docker.io/bitnamicharts/nginx',
    });
    for (const host of ['docker.io', 'registry-1.docker.io']) {
      const credential: GitCredential = { kind: 'https', host, username: 'me', password: 'x' };
      const chart = { type: 'oci', url: 'oci://docker.io/me/web', credential: 'docker' } as const;
      expect((await openPlace(chart, async () => credential)).access).toEqual({ basic: 'Basic bWU6eA==' });
    }
  });

  it('needs the chart’s name in a repository', () => {
    const unnamed = { type: 'helm', url: 'https://charts.example.com' } as const;
    expect(() => parsePlace(unnamed)).toThrow(/spec\.chart/);
    expect(() => parsePlace({ ...unnamed, chart: '../web' })).toThrow(/spec\.chart/);
  });

  it('may be in a private network, and can send the hub to no other host there', () => {
    const rules = { allowLocal: false, setting: 'FLOTILLA_SOURCES_ALLOW_LOCAL_ADDRESSES' };
    expect(addressRefusal('10.0.0.7', rulesFor(true, rules))).toBeNull();
    expect(addressRefusal('10.0.0.7', rulesFor(false, rules))).toMatch(/private network/);
    expect(addressRefusal('203.0.113.5', rulesFor(false, rules))).toBeNull();
    expect(addressRefusal('10.0.0.7', rulesFor(false, { ...rules, allowLocal: true }))).toBeNull();
  });
});
