import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import type { AttemptTable } from '../helpers/attempts.js';
import { eventually } from '../helpers/test-hub.js';
import { codeOf, type Answer, type DoorsScene } from './doors.scene.js';

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
