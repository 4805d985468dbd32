import { expect } from '@jest/globals';
import type { AttemptTable } from '../helpers/attempts.js';
import type { Tampering } from '../helpers/identity-provider.js';
import { signInAt } from '../helpers/test-browser.js';
import { codeOf, isOut, SESSION, TICKET, type DoorsScene } from './doors.scene.js';

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
