import { expect } from '@jest/globals';
import type { SessionView } from '#contract';
import type { AttemptTable } from '../helpers/attempts.js';
import { eventually } from '../helpers/test-hub.js';
import { codeOf, isOut, SESSION, type DoorsScene } from './doors.scene.js';

export const sessionAttempts: AttemptTable<DoorsScene> = {
  title: 'Sessions',
  who: 'A hostile page in the browser of somebody who is signed in, or whoever got hold of a cookie, a code or a link.',
  test: 'test/trust/doors.test.ts',
  attempts: [
    {
      name: 'sets a session of its own in a browser before its person signs in',
      stoppedBy:
        'every sign-in makes a new secret, and the cookie’s name takes no value from a neighbour or from plain HTTP',
      run: async (scene) => {
        const browser = scene.browser();
        const fixed = `fb_${'x'.repeat(43)}`;
        browser.setCookie(scene.url, SESSION, fixed);
        await scene.signIn(browser, 'ada');
        expect(browser.cookie(scene.url, SESSION)).not.toBe(fixed);
        const thief = scene.browser();
        thief.setCookie(scene.url, SESSION, fixed);
        await isOut(scene, thief);
        for (const line of browser.written.filter((each) => each.startsWith('__Host-flotilla'))) {
          expect(line).toMatch(/; Path=\/(;|$)/);
          expect(line).toMatch(/; HttpOnly/);
          expect(line).toMatch(/; Secure/);
          expect(line).toMatch(/; SameSite=Lax/);
          expect(line).not.toMatch(/Domain/i);
        }
      },
    },
    {
      name: 'keeps a session by signing in over it',
      stoppedBy: 'the session that the browser had ends',
      run: async (scene) => {
        const browser = await scene.signedIn('ada');
        const before = browser.cookie(scene.url, SESSION) ?? '';
        await scene.signIn(browser, 'ada');
        const thief = scene.browser();
        thief.setCookie(scene.url, SESSION, before);
        await eventually(
          'the old one is over',
          () => scene.whoami(thief),
          ({ status }) => status === 401,
        );
        expect((await scene.whoami(browser)).status).toBe(200);
      },
    },
    {
      name: 'makes up a cookie',
      stoppedBy: '256 bits, looked up by their hash',
      run: async (scene) => {
        for (const value of ['x', `fb_${'A'.repeat(43)}`, `fb_${"' or 1=1 --".padEnd(43, 'x')}`, 'fb_', '%00']) {
          const browser = scene.browser();
          browser.setCookie(scene.url, SESSION, value);
          await isOut(scene, browser);
        }
      },
    },
    {
      name: 'uses a cookie as a token, or a command line’s token as a cookie',
      stoppedBy: 'a session counts only in the way that it was made for',
      run: async (scene) => {
        const browser = await scene.signedIn('ada');
        const secret = browser.cookie(scene.url, SESSION) ?? '';
        expect((await scene.ask(secret, 'GET', '/api/v1/whoami')).status).toBe(401);
        const { code, verifier } = await scene.cliCode('ada');
        const { token } = JSON.parse((await scene.redeem(code, verifier)).text) as { token: string };
        expect((await scene.ask(token, 'GET', '/api/v1/whoami')).status).toBe(200);
        const other = scene.browser();
        other.setCookie(scene.url, SESSION, token);
        await isOut(scene, other);
        other.setCookie(scene.url, SESSION, token.replace('fs_', 'fb_'));
        await isOut(scene, other);
      },
    },
    {
      name: 'has the cookie stand in for a wrong token',
      stoppedBy: 'where a header is, the cookie is not looked at',
      run: async (scene) => {
        const browser = await scene.signedIn('ada');
        for (const authorization of ['Bearer nonsense', `Bearer ft_${'x'.repeat(43)}`, 'Basic YTpi']) {
          expect((await scene.whoami(browser, { authorization })).status).toBe(401);
        }
        expect((await scene.whoami(browser)).status).toBe(200);
      },
    },
    {
      name: 'sends a form from another site (no Origin, null, another origin, text/plain)',
      stoppedBy: 'the cookie counts for a change only with the hub’s own Origin and the header flotilla-request',
      run: async (scene) => {
        const browser = await scene.signedIn('ada');
        const own = { origin: scene.url, 'flotilla-request': '1' };
        const foreign: readonly Record<string, string>[] = [
          {},
          { 'flotilla-request': '1' },
          { origin: scene.url },
          { ...own, origin: 'null' },
          { ...own, origin: 'https://evil.example' },
          { ...own, origin: scene.url.replace('https:', 'http:') },
          { origin: 'https://evil.example', 'content-type': 'text/plain' },
          { origin: 'null', 'content-type': 'application/x-www-form-urlencoded' },
        ];
        for (const headers of foreign) {
          const page = await scene.change(browser, headers);
          expect([403, 415]).toContain(page.status);
        }
        const page = await scene.change(browser, own);
        expect({ status: page.status, text: page.text }).toMatchObject({ status: 200 });
      },
    },
    {
      name: 'ends a session from another site',
      stoppedBy: 'the same: leaving is a change',
      run: async (scene) => {
        const browser = await scene.signedIn('ada');
        const leave = `${scene.url}/api/v1/sessions/end`;
        expect((await browser.visit(leave, { method: 'POST' })).status).toBe(403);
        expect((await scene.whoami(browser)).status).toBe(200);
      },
    },
    {
      name: 'asks from another origin whether it may read (CORS)',
      stoppedBy: 'nobody is told that they may',
      run: async (scene) => {
        const browser = await scene.signedIn('ada');
        for (const method of ['OPTIONS', 'GET']) {
          const headers = {
            origin: 'https://evil.example',
            'access-control-request-method': 'POST',
            'access-control-request-headers': 'flotilla-request',
          };
          const page = await browser.visit(`${scene.url}/api/v1/whoami`, { method, headers });
          expect(Object.keys(page.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
          expect(page.headers['cross-origin-resource-policy']).toBe('same-origin');
        }
      },
    },
    {
      name: 'keeps a copy of a cookie whose person has left',
      stoppedBy: 'leaving ends the session at the hub',
      run: async (scene) => {
        const browser = await scene.signedIn('ada');
        const copy = scene.browser();
        copy.setCookie(scene.url, SESSION, browser.cookie(scene.url, SESSION) ?? '');
        expect((await scene.whoami(copy)).status).toBe(200);
        const headers = { origin: scene.url, 'flotilla-request': '1' };
        const left = await browser.visit(`${scene.url}/api/v1/sessions/end`, { method: 'POST', headers });
        expect(left.status).toBe(204);
        expect(browser.cookie(scene.url, SESSION)).toBeUndefined();
        await isOut(scene, copy);
      },
    },
    {
      name: 'goes on with a session that is too old, or was unused for too long',
      stoppedBy: '12 hours, and 2 hours unused',
      run: async (scene) => {
        for (const change of ['expires_at = 1', 'used_at = used_at - 7200000']) {
          const browser = await scene.signedIn('ada');
          await scene.database.query(`update sessions set ${change}`);
          await eventually(
            'it is over',
            () => scene.whoami(browser),
            ({ status }) => status === 401,
          );
        }
      },
    },
    {
      name: 'goes on after the grant was taken away, or an admin ended the session',
      stoppedBy: 'rights are read anew within 2 s',
      run: async (scene) => {
        await scene.grant('for-bo', { kind: 'user', value: 'bo@flotilla.example' }, 'viewer');
        const browser = await scene.signedIn('bo');
        expect((await scene.whoami(browser)).status).toBe(200);
        await scene.test.hub.store.read.grants.remove('for-bo');
        await eventually(
          'nothing is granted',
          () => scene.whoami(browser),
          ({ status }) => status === 403,
        );
        const { items } = await scene.test.api.get<{ items: SessionView[] }>('/api/v1/sessions');
        const own = items.filter(({ actor }) => actor === 'user:bo@flotilla.example');
        expect(own.length).toBeGreaterThan(0);
        for (const { id } of own) await scene.test.api.delete(`/api/v1/sessions/${id}`);
        await isOut(scene, browser);
        expect((await scene.audits()).map(({ act }) => act)).toEqual(
          expect.arrayContaining(['session.begin', 'session.end']),
        );
      },
    },
    {
      name: 'lists or ends the sessions of others without being an admin',
      stoppedBy: 'the role admin without bounds',
      run: async (scene) => {
        const operator = await scene.token('session-operator', 'operator');
        expect((await scene.ask(operator, 'GET', '/api/v1/sessions')).status).toBe(403);
        const id = '018f0000-0000-7000-8000-000000000000';
        expect((await scene.ask(operator, 'DELETE', `/api/v1/sessions/${id}`)).status).toBe(403);
      },
    },
    {
      name: 'reads sessions, codes and secrets in the database or the log',
      stoppedBy: 'hashes in the one, no secret in the other',
      run: async (scene) => {
        const browser = await scene.signedIn('ada');
        const { code, verifier } = await scene.cliCode('ada');
        const { token } = JSON.parse((await scene.redeem(code, verifier)).text) as { token: string };
        const link = await scene.link(token);
        const secrets = [browser.cookie(scene.url, SESSION) ?? '', code, verifier, token, link.split('/').pop() ?? ''];
        const { rows } = await scene.database.query<{ text: string }>(
          `select row_to_json(s)::text as text from sessions s union all select row_to_json(c)::text from login_codes c
           union all select row_to_json(a)::text from audit a`,
        );
        const kept = rows.map(({ text }) => text).join('\n');
        expect(kept).toContain('user:ada@flotilla.example');
        for (const secret of [...secrets, 'a-client-secret-that-nobody-may-see']) {
          expect(secret.length).toBeGreaterThan(20);
          expect(kept).not.toContain(secret);
          expect(scene.log).not.toContain(secret);
        }
        // It did go where it belongs.
        expect(scene.provider.exchanges.join()).toContain('grant_type=authorization_code');
      },
    },
    {
      name: 'takes a command line’s code without its secret',
      stoppedBy: 'the code is bound to a challenge (PKCE), and spent by the attempt',
      run: async (scene) => {
        const { code, verifier } = await scene.cliCode('ada');
        expect(codeOf(await scene.redeem(code, 'x'.repeat(43)))).toBe('bad-code');
        expect(codeOf(await scene.redeem(code, verifier))).toBe('bad-code');
      },
    },
    {
      name: 'uses a command line’s code twice, or late',
      stoppedBy: 'single use, a minute',
      run: async (scene) => {
        const first = await scene.cliCode('ada');
        const both = await Promise.all([
          scene.redeem(first.code, first.verifier),
          scene.redeem(first.code, first.verifier),
        ]);
        expect(both.map(({ status }) => status).sort()).toEqual([200, 401]);
        const late = await scene.cliCode('ada');
        await scene.database.query("update login_codes set expires_at = 1 where purpose = 'cli'");
        expect(codeOf(await scene.redeem(late.code, late.verifier))).toBe('bad-code');
      },
    },
    {
      name: 'has a command line’s code sent elsewhere',
      stoppedBy: 'it goes to a port of 127.0.0.1 and nowhere else',
      run: async (scene) => {
        const { path: begin } = scene.cli();
        for (const port of ['80', '0', '70000', '4567@evil.example', '4567/x', '4567#', '']) {
          const address = begin.replace('port=45678', `port=${encodeURIComponent(port)}`);
          expect((await scene.browser().visit(`${scene.url}${address}`, { follow: false })).status).toBe(400);
        }
        for (const bad of [begin.replace(/challenge=\w/, 'challenge='), begin.replace(/state=.*/, 'state=%0d%0a')]) {
          expect((await scene.browser().visit(`${scene.url}${bad}`, { follow: false })).status).toBe(400);
        }
      },
    },
    {
      name: 'opens a link twice, late, or as what it is not',
      stoppedBy: 'single use, a minute, for one purpose',
      run: async (scene) => {
        const token = await scene.token('link-maker', 'viewer');
        const link = await scene.link(token);
        // A program that looks at links for its reader does not spend it.
        await scene.browser().visit(link, { method: 'HEAD' });
        const browser = scene.browser();
        expect((await browser.visit(link)).status).toBe(200);
        expect((await scene.whoami(browser)).text).toContain('token:link-maker');
        expect(codeOf(await scene.browser().visit(link))).toBe('bad-code');
        const late = await scene.link(token);
        await scene.database.query("update login_codes set expires_at = 1 where purpose = 'link'");
        expect(codeOf(await scene.browser().visit(late))).toBe('bad-code');
        const other = await scene.link(token);
        expect(codeOf(await scene.redeem(other.split('/').pop() ?? '', 'x'.repeat(43)))).toBe('bad-code');
        const { code } = await scene.cliCode('ada');
        expect(codeOf(await scene.browser().visit(`${scene.url}/auth/link/${code}`))).toBe('bad-code');
      },
    },
    {
      name: 'puts its own link before somebody else, on a page or in a message',
      stoppedBy: 'addresses that another site opens are refused, and who is signed in as somebody else stays so',
      run: async (scene) => {
        const link = await scene.link(await scene.token('lurer', 'viewer'));
        const victim = await scene.signedIn('ada');
        const headers = { 'sec-fetch-site': 'cross-site' };
        expect(codeOf(await victim.visit(link, { headers }))).toBe('cross-site');
        expect(codeOf(await victim.visit(link))).toBe('signed-in-already');
        expect((await scene.whoami(victim)).text).toContain('user:ada@flotilla.example');
      },
    },
    {
      name: 'does more by a link than its token may, or for longer',
      stoppedBy: 'the session has the token’s rights, read anew, and ends with it',
      run: async (scene) => {
        const token = await scene.token('brief-viewer', 'viewer', { ttl: '1h' });
        const browser = scene.browser();
        await browser.visit(await scene.link(token));
        const page = await scene.change(browser, { origin: scene.url, 'flotilla-request': '1' });
        expect({ status: page.status, code: codeOf(page) }).toEqual({ status: 403, code: 'forbidden' });
        const { items } = await scene.test.api.get<{ items: SessionView[] }>('/api/v1/sessions');
        const own = items.find(({ actor }) => actor === 'token:brief-viewer');
        expect(Date.parse(own?.expiresAt ?? '')).toBeLessThanOrEqual(Date.now() + 3_600_000);
        await scene.test.api.delete('/api/v1/tokens/brief-viewer');
        await eventually(
          'it ended with the token',
          () => scene.whoami(browser),
          ({ status }) => status === 401,
        );
      },
    },
    {
      name: 'keeps a browser that was opened from a command line which has left',
      stoppedBy: 'it ends with the session that it was made from',
      run: async (scene) => {
        const { code, verifier } = await scene.cliCode('ada');
        const { token } = JSON.parse((await scene.redeem(code, verifier)).text) as { token: string };
        const browser = scene.browser();
        await browser.visit(await scene.link(token));
        expect((await scene.whoami(browser)).status).toBe(200);
        await scene.as(token).post('/api/v1/sessions/end');
        expect((await scene.ask(token, 'GET', '/api/v1/whoami')).status).toBe(401);
        await isOut(scene, browser);
      },
    },
  ],
};
