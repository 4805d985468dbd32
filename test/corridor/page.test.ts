import { readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PAGE_FILES, PAGE_PATHS } from '../../apps/hub/src/http/page/page-paths.js';
import { ASSET, ASSET_TEXT, INDEX_TEXT, writeBuiltPage } from '../helpers/built-page.js';
import type { TestApi } from '../helpers/test-api.js';
import { startTestHub, type TestHub } from '../helpers/test-hub.js';

const PAGE_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'";

describe('the page that the hub serves', () => {
  let test: TestHub;
  let folder: string;
  let nobody: TestApi;

  beforeAll(async () => {
    test = await startTestHub({}, undefined, {
      prepare: async (data) => {
        folder = path.join(data, 'web');
        await writeBuiltPage(folder);
        await writeFile(path.join(data, 'secret.txt'), 'not to be served');
        return { FLOTILLA_WEB: folder };
      },
    });
    nobody = test.api.as('');
  }, 90_000);
  afterAll(() => test?.stop(), 60_000);

  it('is answered at every address of its own, without a credential, and is not kept unasked', async () => {
    for (const each of PAGE_PATHS) {
      const answer = await nobody.raw('GET', `/${each.replace(/:\w+/, 'web-12')}?q=a`);
      expect({ each, status: answer.status, text: answer.text }).toEqual({ each, status: 200, text: INDEX_TEXT });
      expect(answer.headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-cache',
        'x-content-type-options': 'nosniff',
      });
      expect(answer.headers['content-security-policy']).toContain(PAGE_POLICY);
    }
  });

  it('is told to be the same by its tag, with the headers that it needs', async () => {
    const { headers } = await nobody.raw('GET', '/fleet');
    const again = await nobody.raw('GET', '/rollouts', undefined, { 'if-none-match': String(headers['etag']) });
    expect(again).toMatchObject({ status: 304, text: '' });
    expect(again.headers['content-security-policy']).toContain(PAGE_POLICY);
    expect(again.headers['cache-control']).toBe('no-cache');
  });

  it('has assets that are kept for a year, in the form that the browser reads', async () => {
    const address = `/assets/${ASSET}`;
    const plain = await nobody.raw('GET', address);
    expect(plain).toMatchObject({ status: 200, text: ASSET_TEXT });
    expect(plain.headers).toMatchObject({
      'content-type': 'application/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'accept-encoding',
    });
    expect(plain.headers['content-encoding']).toBeUndefined();
    for (const [accepted, encoding] of [
      ['gzip, deflate, br', 'br'],
      ['gzip', 'gzip'],
    ] as const) {
      const packed = await nobody.raw('GET', address, undefined, { 'accept-encoding': accepted });
      expect(packed.headers).toMatchObject({
        'content-encoding': encoding,
        'content-type': 'application/javascript; charset=utf-8',
        vary: 'accept-encoding',
      });
      expect(Number(packed.headers['content-length'])).toBeLessThan(ASSET_TEXT.length / 4);
    }
    expect(await nobody.raw('HEAD', address)).toMatchObject({ status: 200, text: '' });
    expect((await nobody.raw('GET', '/icon.svg')).headers).toMatchObject({
      'content-type': 'image/svg+xml',
      'cache-control': 'no-cache',
    });
  });

  it('hides no unknown address behind itself', async () => {
    for (const address of [
      '/api',
      '/api/v1/nothing',
      '/api/v1/fleet/nothing',
      '/auth',
      '/auth/nothing',
      '/nothing',
      '/fleet/nothing',
      '/rollouts/web-1/nothing',
      '/index.html',
      '/assets',
      '/assets/',
      '/assets/other.js',
      `/assets/${ASSET}.br`,
      `/assets/${ASSET}.gz`,
      '/assets/..%2findex.html',
      '/assets/..%2f..%2fsecret.txt',
      '/assets/%2e%2e%2f%2e%2e%2fsecret.txt',
      '/assets/..%5c..%5csecret.txt',
      '/assets/.%00',
      '/..%2fsecret.txt',
    ]) {
      const { status, headers, text } = await nobody.raw('GET', address);
      expect({ address, status }).toEqual({ address, status: 404 });
      expect(headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(text).not.toContain('not to be served');
    }
    expect((await nobody.raw('POST', '/fleet')).status).toBe(404);
  });

  it('is there for a whole company behind one address, whatever else that may ask', async () => {
    // Of anything else, this hub lets an address without a credential have ten in ten seconds.
    const ask = async (address: string): Promise<number> => (await narrow.api.as('').raw('GET', address)).status;
    const narrow = await startTestHub({ FLOTILLA_WEB: folder, FLOTILLA_RATE_ADDRESS: '1' });
    try {
      for (let count = 0; count < 30; count += 1) expect(await ask(`/assets/${ASSET}`)).toBe(200);
      const others = await Promise.all(Array.from({ length: 30 }, () => ask('/healthz')));
      expect(others.filter((status) => status === 429).length).toBeGreaterThan(0);
      expect(await ask('/fleet')).toBe(200);
    } finally {
      await narrow.stop();
    }
  }, 90_000);

  it('leads whoever has signed in to its beginning', async () => {
    const { url } = await test.api.post<{ url: string }>('/api/v1/sessions/link');
    const { status, headers } = await nobody.raw('GET', new URL(url).pathname);
    expect({ status, location: headers['location'] }).toEqual({ status: 303, location: '/auth/signed-in' });
    const { text } = await nobody.raw('GET', '/auth/signed-in');
    expect(text).toContain('<meta http-equiv="refresh" content="0; url=/">');
  });

  it('leads by a link to the place in it that was asked for, and to no other site', async () => {
    for (const [to, location] of [
      ['/rollouts/web-12?tab=plan', '/rollouts/web-12?tab=plan'],
      ['//evil.example/', '/auth/signed-in'],
      ['https://evil.example/', '/auth/signed-in'],
    ] as const) {
      const { url } = await test.api.post<{ url: string }>('/api/v1/sessions/link');
      const { headers } = await nobody.raw('GET', `${new URL(url).pathname}?return=${encodeURIComponent(to)}`);
      expect(headers['location']).toBe(location);
    }
  });

  it('says how it is built where it is not', async () => {
    await rm(folder, { recursive: true });
    for (const address of ['/', '/fleet']) {
      const { status, headers, text } = await nobody.raw('GET', address);
      expect({ status, type: headers['content-type'] }).toEqual({ status: 404, type: 'text/plain; charset=utf-8' });
      expect(text).toContain('npm run build');
    }
    expect((await nobody.raw('GET', '/icon.svg')).status).toBe(404);
  });
});

it('every file that stands beside the page is served', async () => {
  expect((await readdir('apps/web/public')).sort()).toEqual([...PAGE_FILES].sort());
});
