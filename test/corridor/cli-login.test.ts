import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandLine, type CliSurroundings } from '../helpers/run-flotilla.js';
import { DoorsScene } from '../trust/doors.scene.js';

/** Signing in on a command line, at a hub with a real identity provider, which knows it as a public client. */
describe('flotilla login', () => {
  let scene: DoorsScene;
  let folder: string;
  let env: NodeJS.ProcessEnv;
  let cli: CommandLine;

  beforeAll(async () => {
    scene = await DoorsScene.open({ isPublic: true });
  }, 120_000);
  afterAll(() => scene?.close(), 60_000);
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'flotilla-login-'));
    writeFileSync(path.join(folder, 'ca.pem'), scene.test.hub.caPem ?? '');
    env = { FLOTILLA_CONFIG: path.join(folder, 'contexts.json') };
    cli = new CommandLine(() => folder);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const run = (line: string, more: CliSurroundings = {}) => cli.run(line, { env, ...more });
  const fine = async (line: string, more: CliSurroundings = {}): Promise<string> => {
    const { out, error, code } = await run(line, more);
    expect({ line, code, error: code === 0 ? '' : error }).toEqual({ line, code: 0, error: '' });
    return out;
  };
  /** A browser in which somebody signs in wherever they are sent. */
  const browserOf =
    (person: 'ada' | 'bo'): NonNullable<CliSurroundings['openBrowser']> =>
    async (url) => {
      const page = await scene.signIn(scene.browser(), person, url);
      await visit(String(page.headers['location']));
      return true;
    };
  const visit = (url: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const asked = request(url, (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
      });
      asked.once('error', reject);
      asked.end();
    });
  const token = (): string =>
    (JSON.parse(readFileSync(env['FLOTILLA_CONFIG'] ?? '', 'utf8')) as { contexts: { token: string }[] }).contexts[0]
      ?.token ?? '';

  it('signs in in the browser, is remembered, and ends', async () => {
    const signedIn = await run(`login ${scene.url} --ca ca.pem`, { openBrowser: browserOf('ada') });
    expect(signedIn).toMatchObject({ code: 0 });
    expect(signedIn.out).toMatch(
      /^Signed in at https:\S+ as user:ada@flotilla\.example until \d{4}-\S+: the context \S+\.$/m,
    );
    expect(statSync(env['FLOTILLA_CONFIG'] ?? '').mode & 0o777).toBe(0o600);
    const secret = token();
    expect(secret).toMatch(/^fs_/);
    expect(signedIn.out + signedIn.error).not.toContain(secret);

    expect(await fine('whoami')).toContain('user:ada@flotilla.example');
    expect(await fine('context list')).toMatch(/\*\s+\S+\s+https:\S+\s+user:ada@flotilla\.example/);
    expect(await fine('context list -o json')).not.toContain('fs_');
    expect(await fine('session list', { env: { FLOTILLA_DATA: path.join(scene.test.folder, 'data') } })).toMatch(
      /user:ada@flotilla\.example +cli/,
    );

    expect(await fine('logout')).toMatch(/^Signed out of https:/);
    expect((await run('whoami')).error).toMatch(/No hub is known: sign in/);
    expect((await scene.ask(secret, 'GET', '/api/v1/whoami')).status).toBe(401);
  }, 60_000);

  it('signs in by another name of the hub than the one that the identity provider knows', async () => {
    const other = scene.url.replace('127.0.0.1', 'localhost');
    expect(other).not.toBe(scene.url);
    const { code, out } = await run(`login ${other} --ca ca.pem`, { openBrowser: browserOf('ada') });
    expect({ code, out }).toMatchObject({
      code: 0,
      out: expect.stringContaining(`at ${other} as user:ada`) as unknown,
    });
    expect(await fine('whoami')).toContain('user:ada@flotilla.example');
  }, 60_000);

  it('tells who signed in and may do nothing what an admin does', async () => {
    const { code, error } = await run(`login ${scene.url} --ca ca.pem --name mine`, { openBrowser: browserOf('bo') });
    expect(code).toBe(0);
    expect(error).toMatch(/may do nothing yet: an admin gives rights with `flotilla grant set`/);
    expect((await run('whoami')).error).toMatch(/may do nothing yet/);
  }, 60_000);

  it('takes nothing from a browser that another sign-in sent, and goes on waiting', async () => {
    const seen: number[] = [];
    const { code } = await run(`login ${scene.url} --ca ca.pem`, {
      openBrowser: async (url) => {
        const { searchParams } = new URL(url);
        const back = `http://127.0.0.1:${searchParams.get('port')}`;
        const state = searchParams.get('state') ?? '';
        for (const search of [
          `/?code=fc_${'x'.repeat(43)}&state=wrong`,
          `/?code=fc_${'x'.repeat(43)}`,
          `/?state=${state}`,
          `/?code=nonsense&state=${state}`,
          `/elsewhere?code=fc_${'x'.repeat(43)}&state=${state}`,
        ]) {
          seen.push(await visit(back + search));
        }
        return browserOf('ada')(url);
      },
    });
    expect(seen).toEqual([400, 400, 400, 400, 400]);
    expect(code).toBe(0);
  }, 60_000);

  it('breaks off where a person does, and keeps nothing', async () => {
    const stop = new AbortController();
    const { code, error } = await run(`login ${scene.url} --ca ca.pem`, {
      signal: stop.signal,
      openBrowser: async () => {
        stop.abort();
        return true;
      },
    });
    expect(code).toBe(1);
    expect(error).toContain('broken off');
    expect(await fine('context list')).toMatch(/^No contexts/);
  });

  it('remembers an API token once it is known to be one, and never shows it', async () => {
    const secret = await scene.token('from-stdin', 'viewer');
    const wrong = await run(`login ${scene.url} --ca ca.pem --token-stdin`, { stdin: `ft_${'x'.repeat(43)}` });
    expect(wrong).toMatchObject({ code: 1, out: '' });
    expect((await run(`login ${scene.url} --ca ca.pem --token-stdin`, { stdin: '' })).error).toMatch(/holds no token/);
    const { out, error, code } = await run(`login ${scene.url} --ca ca.pem --token-stdin --name ci`, {
      stdin: `${secret}\n`,
    });
    expect({ code, out: out.includes('as token:from-stdin: the context ci') }).toEqual({ code: 0, out: true });
    expect(out + error).not.toContain(secret);
    // The CA is known by now, also where that file is gone.
    rmSync(path.join(folder, 'ca.pem'));
    await fine('login --token-stdin --name again', { stdin: secret });
    expect(await fine('whoami --context ci')).toContain('token:from-stdin');
    expect(await fine('context use ci')).toMatch(/^Commands go to https:\S+ as token:from-stdin/);
    expect(await fine('context delete again')).toContain('is forgotten');
    expect((await run('whoami --context again')).error).toMatch(/There is no context "again": there are ci/);
    // A token is not a session: it is forgotten here, and goes on.
    await fine('logout');
    expect((await scene.ask(secret, 'GET', '/api/v1/whoami')).status).toBe(200);
  }, 60_000);

  it('opens the hub in a browser as whoever is in on the command line', async () => {
    const secret = await scene.token('opener', 'viewer');
    await fine(`login ${scene.url} --ca ca.pem --token-stdin`, { stdin: secret });
    const browser = scene.browser();
    const opened: string[] = [];
    const out = await fine('open', { openBrowser: async (url) => (opened.push(url), true) });
    expect(out).toBe(`${scene.url} is open in the browser.\n`);
    expect((await browser.visit(opened[0] ?? '')).text).toContain('You are signed in');
    expect((await scene.whoami(browser)).text).toContain('token:opener');
    expect(await fine('open --print')).toMatch(/^https:\S+\/auth\/link\/fl_\S+\n$/);
    for (const page of [
      'rollouts/web-12?tab=plan',
      '/rollouts/web-12?tab=plan',
      `${scene.url}/rollouts/web-12?tab=plan`,
    ]) {
      const link = (await fine(`open --print ${page}`)).trim();
      const { status, headers } = await scene.browser().visit(link, { follow: false });
      expect({ status, to: headers['location'] }).toEqual({ status: 303, to: '/rollouts/web-12?tab=plan' });
    }
  });

  it('says so where the hub has no identity provider, or its CA is not known', async () => {
    expect((await run(`login ${scene.url}`)).error).toMatch(/not trusted .*FLOTILLA_CA/);
    const hub = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"oidc":false}');
    });
    await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve));
    const { port } = hub.address() as AddressInfo;
    const off = await run(`login http://127.0.0.1:${port}`);
    hub.close();
    expect(off).toMatchObject({ code: 1, out: '' });
    expect(off.error).toMatch(/no identity provider .*--token-stdin/);
    expect((await run('login')).error).toMatch(/No hub is known/);
    expect((await run(`login ${scene.url} --ca ca.pem --name "a b"`)).error).toMatch(/--name must be letters/);
  });
});
