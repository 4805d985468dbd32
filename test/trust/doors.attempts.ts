import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import type { SessionView } from '#contract';
import type { AttemptTable } from '../helpers/attempts.js';
import { signInAt } from '../helpers/test-browser.js';
import { eventually } from '../helpers/test-hub.js';
import { codeOf, SESSION, TICKET, type Answer, type DoorsScene } from './doors.scene.js';
import type { Tampering } from '../helpers/identity-provider.js';

type Scene = DoorsScene;

/** The provider's answer is changed on its way, and nobody is in. */
function lyingProvider(tamper: Tampering): (scene: Scene) => Promise<void> {
  return async (scene) => {
    scene.provider.tamper = tamper;
    const browser = scene.browser();
    const page = await scene.signIn(browser, 'ada');
    expect({ status: page.status, code: codeOf(page) }).toEqual({ status: 401, code: 'sign-in-refused' });
    expect(browser.cookie(scene.url, SESSION)).toBeUndefined();
  };
}

async function isOut(scene: Scene, browser: Parameters<Scene['whoami']>[0]): Promise<void> {
  const page = await scene.whoami(browser);
  expect({ status: page.status, text: page.text }).toMatchObject({ status: 401 });
}

/** In seconds. */
const now = (): number => Math.floor(Date.now() / 1000);

export const signInAttempts: AttemptTable<DoorsScene> = {
  title: 'Signing in',
  who: 'Somebody who changes, replays or swaps what goes between a browser, the hub and the identity provider, or an identity provider that lies. The provider is a real one.',
  test: 'test/trust/doors.test.ts',
  attempts: [
    {
      name: 'brings the answer of a sign-in that another browser began',
      stoppedBy: 'the state in the sealed cookie of the browser that began it',
      run: async (scene) => {
        const answer = await scene.answerFor(scene.browser(), 'ada');
        const victim = scene.browser();
        const page = await victim.visit(answer, { follow: false });
        expect({ status: page.status, code: codeOf(page) }).toEqual({ status: 400, code: 'sign-in-lost' });
        await victim.visit(`${scene.url}/auth/login`, { follow: false });
        expect((await victim.visit(answer, { follow: false })).status).toBe(400);
        expect(victim.cookie(scene.url, SESSION)).toBeUndefined();
      },
    },
    {
      name: 'swaps the state',
      stoppedBy: 'the state in the sealed cookie',
      run: async (scene) => {
        const browser = scene.browser();
        const answer = new URL(await scene.answerFor(browser, 'ada'));
        answer.searchParams.set('state', 'x'.repeat(43));
        expect(codeOf(await browser.visit(answer.href, { follow: false }))).toBe('sign-in-lost');
      },
    },
    {
      name: 'gives the state twice, the right one and another',
      stoppedBy: 'exactly one state is taken',
      run: async (scene) => {
        const browser = scene.browser();
        const answer = await scene.answerFor(browser, 'ada');
        expect(codeOf(await browser.visit(`${answer}&state=other`, { follow: false }))).toBe('sign-in-lost');
      },
    },
    {
      name: "puts another sign-in's code into an answer with the right state",
      stoppedBy: 'PKCE: the code belongs to the verifier of the sign-in that it was made for',
      run: async (scene) => {
        const stolen = new URL(await scene.answerFor(scene.browser(), 'ada'));
        const browser = scene.browser();
        const own = new URL(await scene.answerFor(browser, 'bo'));
        own.searchParams.set('code', stolen.searchParams.get('code') ?? '');
        const page = await browser.visit(own.href, { follow: false });
        expect({ status: page.status, code: codeOf(page) }).toEqual({ status: 401, code: 'sign-in-refused' });
        await isOut(scene, browser);
      },
    },
    {
      name: 'replays an answer, with a copy of the cookie that belongs to it',
      stoppedBy: 'each state is spent once, in the database',
      run: async (scene) => {
        const browser = scene.browser();
        const answer = await scene.answerFor(browser, 'ada');
        const ticket = browser.cookie(scene.url, TICKET) ?? '';
        expect((await browser.visit(answer, { follow: false })).status).toBe(303);
        expect(browser.cookie(scene.url, TICKET)).toBeUndefined();
        const thief = scene.browser();
        thief.setCookie(scene.url, TICKET, ticket);
        expect(codeOf(await thief.visit(answer, { follow: false }))).toBe('sign-in-lost');
      },
    },
    {
      name: 'changes a bit of the sealed cookie, or makes one up',
      stoppedBy: 'authenticated encryption with a key of the hub',
      run: async (scene) => {
        const browser = scene.browser();
        const answer = await scene.answerFor(browser, 'ada');
        const ticket = Buffer.from(browser.cookie(scene.url, TICKET) ?? '', 'base64url');
        ticket[40] = (ticket[40] ?? 0) ^ 1;
        for (const each of [ticket.toString('base64url'), 'x', Buffer.from('{"state":"x"}').toString('base64url')]) {
          browser.setCookie(scene.url, TICKET, each);
          expect(codeOf(await browser.visit(answer, { follow: false }))).toBe('sign-in-lost');
        }
      },
    },
    {
      name: 'gives an ID token with the nonce of another sign-in',
      stoppedBy: 'the nonce in the sealed cookie',
      run: lyingProvider(({ claims }) => ({ claims: { ...claims, nonce: 'of-another' } })),
    },
    {
      name: 'gives an ID token without a nonce',
      stoppedBy: 'the nonce is required',
      run: lyingProvider(({ claims: { nonce: _nonce, ...claims } }) => ({ claims })),
    },
    {
      name: 'gives an ID token for another client',
      stoppedBy: 'the audience must be this hub',
      run: lyingProvider(({ claims }) => ({ claims: { ...claims, aud: 'another-client' } })),
    },
    {
      name: 'gives an ID token of another issuer',
      stoppedBy: 'the issuer must be the one of the settings',
      run: lyingProvider(({ claims }) => ({ claims: { ...claims, iss: 'https://evil.example' } })),
    },
    {
      name: 'gives an ID token that has expired',
      stoppedBy: 'its time, with 30 s for clocks that differ',
      run: lyingProvider(({ claims }) => ({ claims: { ...claims, iat: now() - 7200, exp: now() - 3600 } })),
    },
    {
      name: 'gives an ID token without a signature (alg none)',
      stoppedBy: 'no such algorithm is known',
      run: lyingProvider(({ header }) => ({ header: { ...header, alg: 'none' }, key: 'none' })),
    },
    {
      name: 'gives an ID token that says it is signed with the shared secret (alg HS256)',
      stoppedBy: 'the algorithm must be one that the provider announced, with its public key',
      run: lyingProvider(({ header }) => ({ header: { ...header, alg: 'HS256' } })),
    },
    {
      name: 'gives an ID token that another key has signed',
      stoppedBy: 'the signature is checked against the announced keys, although it came over TLS',
      run: lyingProvider(() => ({ key: 'other' })),
    },
    {
      name: 'is called so that the name hides another (line breaks, text direction)',
      stoppedBy: 'names must be visible characters',
      run: async (scene) => {
        for (const sub of ['ada\nroot', 'ada\u202eroot', '']) {
          scene.provider.tamper = ({ claims }) => ({ claims: { ...claims, sub } });
          const page = await scene.signIn(scene.browser(), 'ada');
          expect(page.status).toBeGreaterThanOrEqual(401);
          expect(page.status).toBeLessThan(500);
        }
      },
    },
    {
      name: 'has the address of somebody else that the provider has not verified',
      stoppedBy: 'an address that is not verified is nobody’s name',
      run: async (scene) => {
        await scene.grant('ada-herself', { kind: 'user', value: 'ada@flotilla.example' }, 'admin');
        const page = await scene.whoami(await scene.signedIn('mallory'));
        expect({ status: page.status, code: codeOf(page) }).toEqual({ status: 403, code: 'no-grant' });
        await scene.test.hub.store.read.grants.remove('ada-herself');
      },
    },
    {
      name: 'is known to the provider, and was given nothing here',
      stoppedBy: 'rights come from grants alone; the answer tells what an admin does',
      run: async (scene) => {
        const page = await scene.whoami(await scene.signedIn('bo'));
        expect({ status: page.status, code: codeOf(page) }).toEqual({ status: 403, code: 'no-grant' });
        expect(page.text).toContain('bo@flotilla.example');
        expect(page.text).toContain('flotilla grant set');
      },
    },
    {
      name: 'writes into the error that the provider sends along',
      stoppedBy: 'nothing of it is told back but a word of letters',
      run: async (scene) => {
        const browser = scene.browser();
        const answer = new URL(await scene.answerFor(browser, 'ada'));
        answer.searchParams.delete('code');
        answer.searchParams.set('error', '<script>alert(1)</script>');
        answer.searchParams.set('error_description', '<script>alert(2)</script>');
        const page = await browser.visit(answer.href, { follow: false });
        expect(page.status).toBe(401);
        expect(page.text).not.toContain('script');
        expect(page.headers['content-type']).toMatch(/^application\/problem\+json/);
      },
    },
    {
      name: 'has the hub send a browser to another site after the sign-in',
      stoppedBy: 'only paths of this hub are returned to',
      run: async (scene) => {
        for (const to of [
          'https://evil.example/',
          '//evil.example',
          '/\\evil.example',
          '/\t/evil.example',
          'javascript:x',
        ]) {
          const browser = scene.browser();
          const answer = await scene.answerFor(browser, 'ada', `/auth/login?return=${encodeURIComponent(to)}`);
          const { headers } = await browser.visit(answer, { follow: false });
          expect(headers['location']).toBe('/auth/signed-in');
        }
        const browser = scene.browser();
        const answer = await scene.answerFor(browser, 'ada', '/auth/login?return=%2Frollouts%3Fq%3D1');
        expect((await browser.visit(answer, { follow: false })).headers['location']).toBe('/rollouts?q=1');
      },
    },
    {
      name: 'stops the identity provider',
      stoppedBy: 'the provider is asked when somebody signs in, and only then',
      run: async (scene) => {
        const inside = await scene.signedIn('ada');
        scene.provider.away = true;
        expect((await scene.test.api.raw('GET', '/readyz')).status).toBe(200);
        expect((await scene.whoami(inside)).status).toBe(200);
        const browser = scene.browser();
        // What the hub knows of the provider it may still know; nobody gets in by it.
        const page = await signInAt(browser, scene.provider.issuer, `${scene.url}/auth/login`, 'ada');
        expect([502, 503]).toContain(page.status);
        expect(browser.cookie(scene.url, SESSION)).toBeUndefined();
        scene.provider.away = false;
        expect((await scene.whoami(await scene.signedIn('ada'))).status).toBe(200);
      },
    },
  ],
};

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

/** Enough for any limit here, a window's turn included. */
const MANY = 700;

/** Asks until it is refused as too much; fails where it never is. */
async function untilRefused(ask: () => Promise<Answer>, code = 'too-many-requests'): Promise<Answer> {
  for (let asked = 0; asked < MANY; asked += 20) {
    const answers = await Promise.all(Array.from({ length: 20 }, ask));
    const refused = answers.find(({ status }) => status === 429);
    if (refused === undefined) continue;
    expect(codeOf(refused)).toBe(code);
    expect(refused.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    return refused;
  }
  throw new Error(`${MANY} times, and never too often`);
}

const guess = (): string => `ft_${randomBytes(32).toString('base64url')}`;
const whoami = '/api/v1/whoami';

/** What every answer says to a browser. */
const HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

export const doorAttempts: AttemptTable<DoorsScene> = {
  title: 'The doors',
  who: 'Somebody who asks too much, guesses, or has a browser misread an answer; with or without a credential.',
  test: 'test/trust/doors.test.ts',
  attempts: [
    {
      name: 'asks more than anybody is to, with a token of their own',
      stoppedBy: 'a limit for each caller; others from the same address go on',
      run: async (scene) => {
        const [greedy, modest] = [await scene.token('greedy', 'viewer'), await scene.token('modest', 'viewer')];
        const from = { 'x-forwarded-for': scene.newAddress() };
        expect((await scene.ask(modest, 'GET', whoami, undefined, from)).status).toBe(200);
        await untilRefused(() => scene.ask(greedy, 'GET', whoami, undefined, from));
        expect((await scene.ask(modest, 'GET', whoami, undefined, from)).status).toBe(200);
      },
    },
    {
      name: 'asks more than anybody is to from many addresses',
      stoppedBy: 'the limit is of the caller, not of the address',
      run: async (scene) => {
        const token = await scene.token('spread', 'viewer');
        await untilRefused(() => scene.ask(token, 'GET', whoami));
      },
    },
    {
      name: 'asks public doors without end',
      stoppedBy: 'a limit for each address',
      run: async (scene) => {
        const from = { 'x-forwarded-for': scene.newAddress() };
        await untilRefused(() => scene.ask('', 'GET', '/api/v1/ca', undefined, from));
        expect((await scene.ask('', 'GET', '/api/v1/ca')).status).toBe(200);
      },
    },
    {
      name: 'has a made-up credential counted as a caller of its own at public doors',
      stoppedBy: 'only a credential that was right has a limit of its own',
      run: async (scene) => {
        const from = { 'x-forwarded-for': scene.newAddress() };
        await untilRefused(() => scene.ask(guess(), 'GET', '/api/v1/ca', undefined, from));
      },
    },
    {
      name: 'guesses tokens',
      stoppedBy: 'wrong credentials of one address are counted; who was right before is let in all the same',
      run: async (scene) => {
        const from = { 'x-forwarded-for': scene.newAddress() };
        const neighbour = await scene.token('neighbour', 'viewer');
        expect((await scene.ask(neighbour, 'GET', whoami, undefined, from)).status).toBe(200);
        await untilRefused(() => scene.ask(guess(), 'GET', whoami, undefined, from));
        expect((await scene.ask(neighbour, 'GET', whoami, undefined, from)).status).toBe(200);
        expect((await scene.ask(guess(), 'GET', whoami)).status).toBe(401);
      },
    },
    {
      name: 'goes on and on with one token that has ended',
      stoppedBy: 'a limit for each wrong credential; it is no guess, so others from that address get in',
      run: async (scene) => {
        const from = { 'x-forwarded-for': scene.newAddress() };
        const ended = guess();
        await untilRefused(() => scene.ask(ended, 'GET', whoami, undefined, from));
        const newcomer = await scene.token('newcomer', 'viewer');
        expect((await scene.ask(newcomer, 'GET', whoami, undefined, from)).status).toBe(200);
        expect((await scene.ask(ended, 'GET', whoami)).status).toBe(429);
      },
    },
    {
      name: 'guesses the codes of command lines and links',
      stoppedBy: 'the same count',
      run: async (scene) => {
        const from = { 'x-forwarded-for': scene.newAddress() };
        await untilRefused(() => scene.redeem('fc_guess', 'x'.repeat(43), from));
        expect((await scene.ask('', 'GET', '/auth/link/fl_guess', undefined, from)).status).toBe(429);
      },
    },
    {
      name: 'says that every request is from another address (X-Forwarded-For)',
      stoppedBy: 'only what a trusted proxy wrote counts: the last address, not the first',
      run: async (scene) => {
        const last = scene.newAddress();
        await untilRefused(() =>
          scene.ask(guess(), 'GET', whoami, undefined, { 'x-forwarded-for': `${scene.newAddress()}, ${last}` }),
        );
      },
    },
    {
      name: 'tries one wrong join token without end',
      stoppedBy: 'a limit for each wrong join token, from whatever address; others join',
      run: async (scene) => {
        const body = (token: string): string => JSON.stringify({ token, publicKey: 'x', proof: 'x' });
        const [wrong, other] = [`fj_${'w'.repeat(43)}`, `fj_${'o'.repeat(43)}`];
        await untilRefused(() => scene.ask('', 'POST', '/api/v1/join', body(wrong)));
        expect((await scene.ask('', 'POST', '/api/v1/join', body(other))).status).toBeLessThan(429);
        await untilRefused(() => scene.ask('', 'GET', `/api/v1/install/${other}`));
      },
    },
    {
      name: 'calls the doors of agents without end',
      stoppedBy: 'a limit for each address, wide enough for a fleet behind one',
      run: async (scene) => {
        const from = { 'x-forwarded-for': scene.newAddress() };
        let number = 0;
        await untilRefused(() =>
          scene.ask('', 'GET', `/api/v1/install/fj_${String((number += 1)).padEnd(43, 'x')}`, undefined, from),
        );
      },
    },
    {
      name: 'follows the events many times over',
      stoppedBy: '20 streams for each caller',
      run: async (scene) => {
        const token = await scene.token('follower', 'viewer');
        expect((await scene.ask(token, 'GET', whoami)).status).toBe(200);
        const closers: (() => void)[] = [];
        const streams = Array.from({ length: 20 }, () =>
          scene.as(token).stream('/api/v1/events/stream', {}, (_chunk, close) => closers.push(close)),
        );
        try {
          await eventually(
            'all of them stream',
            async () => closers.length,
            (count) => count >= 20,
          );
          const refused = await scene.ask(token, 'GET', '/api/v1/events/stream');
          expect({ status: refused.status, code: codeOf(refused) }).toEqual({ status: 429, code: 'too-many-streams' });
        } finally {
          for (const close of closers) close();
          await Promise.all(streams);
        }
        let again = 0;
        await eventually(
          'there is room again',
          async () => {
            await scene.as(token).stream('/api/v1/events/stream', {}, (_chunk, close) => {
              again += 1;
              close();
            });
            return again;
          },
          (count) => count > 0,
        );
      },
    },
    {
      name: 'shows an answer in a frame, has it run as a script, or finds it in a cache',
      stoppedBy: 'headers of every answer, refusals included: CSP default-src none, no frames, no sniffing, no store',
      run: async (scene) => {
        const token = await scene.token('reader', 'viewer');
        const answers = [
          await scene.ask(token, 'GET', whoami),
          await scene.ask('', 'GET', whoami),
          await scene.ask('', 'GET', '/healthz'),
          await scene.ask('', 'GET', '/nowhere'),
          await scene.ask(token, 'GET', '/api/v1/clusters/nobody'),
          await scene.ask('', 'POST', '/api/v1/join', '{'),
          await scene.ask('', 'GET', `/api/v1/rollouts/${'x'.repeat(300)}`),
          await scene.ask('', 'GET', '/%ff'),
        ];
        for (const { status, headers } of answers) {
          expect({ status, headers }).toMatchObject({
            headers: {
              ...HEADERS,
              'content-security-policy':
                "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            },
          });
          expect(headers['x-powered-by']).toBeUndefined();
        }
        expect(answers.map(({ status }) => status)).toEqual([200, 401, 200, 404, 404, 400, 414, 400]);
      },
    },
    {
      name: 'puts a script into a page',
      stoppedBy: 'pages run what the hub serves as a file, and nothing inline',
      run: async (scene) => {
        const { status, headers } = await scene.ask('', 'GET', '/auth/signed-in');
        expect({ status, headers }).toMatchObject({ status: 200, headers: HEADERS });
        const policy = String(headers['content-security-policy']);
        expect(policy).toContain("default-src 'none'; script-src 'self'");
        expect(policy).toContain("frame-ancestors 'none'");
        expect(policy).not.toContain('unsafe');
      },
    },
  ],
};
