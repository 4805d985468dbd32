import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createHash, randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import pg from 'pg';
import { ensureCertificates } from '#bus';
import type { AuditView, CreateTokenAnswer, Problem, SessionLinkAnswer } from '#contract';
import { EVERYWHERE, type GrantSubject, type Role } from '#domain';
import { createLogger } from '#kit';

import {
  CLIENT_ID,
  CLIENT_SECRET,
  startIdentityProvider,
  type TestIdentityProvider,
} from '../helpers/identity-provider.js';
import { signInAt, TestBrowser, type Page } from '../helpers/test-browser.js';
import type { TestApi } from '../helpers/test-api.js';
import { startTestHub, type TestHub } from '../helpers/test-hub.js';

export const SESSION = '__Host-flotilla';
export const TICKET = '__Host-flotilla-sign-in';
/** Small, so that few requests are too many. */
export const RATES = { caller: 20, address: 20, agents: 20, failures: 30 } as const;

const PEOPLE = {
  ada: { email: 'ada@flotilla.example', groups: ['platform'] },
  bo: { email: 'bo@flotilla.example', groups: [] },
  // Says so of themselves, and nobody has looked.
  mallory: { email: 'ada@flotilla.example', email_verified: false, groups: [] },
} as const;
export type Person = keyof typeof PEOPLE;

/** A hub at whose doors people stand: a real identity provider, browsers, a database to look into, and all that was logged. */
export class DoorsScene {
  log = '';
  private readonly browsers: TestBrowser[] = [];
  private readonly apis: TestApi[] = [];
  private addresses = 0;

  private constructor(
    readonly test: TestHub,
    readonly provider: TestIdentityProvider,
    readonly database: pg.Client,
    private readonly ca: string,
  ) {}

  /** @param options `isPublic`: the hub has no secret at the provider */
  static async open({ isPublic = false }: { readonly isPublic?: boolean } = {}): Promise<DoorsScene> {
    let lines = '';
    let opened: TestIdentityProvider | null = null;
    let providerCa = '';
    const log = createLogger({ level: 'trace', format: 'json', output: { write: (text) => (lines += text) } });
    const test = await startTestHub({}, log, {
      prepare: async (folder) => {
        const certificates = await ensureCertificates(path.join(folder, 'provider'), { names: [], ips: [] });
        providerCa = certificates.caPem;
        opened = await startIdentityProvider(certificates, PEOPLE);
        const caFile = path.join(folder, 'provider-ca.pem');
        const secretFile = path.join(folder, 'client-secret');
        await writeFile(caFile, certificates.caPem);
        await writeFile(secretFile, `${CLIENT_SECRET}\n`);
        return {
          FLOTILLA_OIDC_ISSUER: opened.issuer,
          FLOTILLA_OIDC_CLIENT_ID: CLIENT_ID,
          ...(!isPublic && { FLOTILLA_OIDC_CLIENT_SECRET_FILE: secretFile }),
          FLOTILLA_OIDC_CA_FILE: caFile,
          FLOTILLA_RATE_CALLER: String(RATES.caller),
          FLOTILLA_RATE_ADDRESS: String(RATES.address),
          FLOTILLA_RATE_AGENTS: String(RATES.agents),
          FLOTILLA_RATE_FAILURES: String(RATES.failures),
          FLOTILLA_TRUSTED_PROXIES: '127.0.0.1,::1',
        };
      },
    });
    const provider = opened as TestIdentityProvider | null;
    if (provider === null) throw new Error('the identity provider was not started');
    const database = new pg.Client({ connectionString: test.databaseUrl });
    await database.connect();
    const scene = new DoorsScene(test, provider, database, `${test.hub.caPem ?? ''}\n${providerCa}`);
    Object.defineProperty(scene, 'log', { get: () => lines });
    try {
      await provider.know(`${scene.url}/auth/callback`, isPublic ? null : CLIENT_SECRET);
      await scene.grant('platform', { kind: 'group', value: 'platform' }, 'operator');
    } catch (error) {
      await scene.close();
      throw error;
    }
    return scene;
  }

  async close(): Promise<void> {
    for (const browser of this.browsers) browser.close();
    for (const api of this.apis) api.close();
    await this.database.end();
    await this.test.stop();
    await this.provider.stop();
  }

  get url(): string {
    return this.test.hub.url;
  }

  /** Stands between two attempts: nothing of one reaches the next. */
  reset(): void {
    this.provider.tamper = null;
    this.provider.away = false;
  }

  browser(): TestBrowser {
    const browser = new TestBrowser(this.ca, { 'x-forwarded-for': this.newAddress() });
    this.browsers.push(browser);
    return browser;
  }

  /** An address that nobody asked from before: limits count by it. */
  newAddress(): string {
    this.addresses += 1;
    return `198.51.${100 + Math.floor(this.addresses / 250)}.${1 + (this.addresses % 250)}`;
  }

  as(token: string): TestApi {
    const api = this.test.api.as(token);
    this.apis.push(api);
    return api;
  }

  /** A browser in which somebody has signed in. */
  async signedIn(person: Person): Promise<TestBrowser> {
    const browser = this.browser();
    const page = await this.signIn(browser, person);
    if (page.status !== 200) throw new Error(`${person} could not sign in: ${page.status} ${page.text}`);
    return browser;
  }

  signIn(browser: TestBrowser, person: Person, begin = '/auth/login'): Promise<Page> {
    return signInAt(browser, this.provider.issuer, begin.startsWith('https:') ? begin : this.url + begin, person);
  }

  /** The address that the provider sends a browser back to, not yet visited. */
  async answerFor(browser: TestBrowser, person: Person, begin = '/auth/login'): Promise<string> {
    // The hub's side of the way back is looked at, not walked: as an attacker who holds the provider's answer would.
    let page = await browser.visit(`${this.url}${begin}`, { follow: false });
    for (let step = 0; step < 20; step += 1) {
      const location = page.headers['location'];
      if (location !== undefined) {
        const next = new URL(String(location), page.url).href;
        if (next.startsWith(`${this.url}/auth/callback`)) return next;
        page = await browser.visit(next, { follow: false });
        continue;
      }
      const action = /action="([^"]+)"/.exec(page.text)?.[1] ?? '';
      const prompt = /name="prompt" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
      page = await browser.visit(new URL(action, page.url).href, {
        method: 'POST',
        body: { prompt, ...(prompt === 'login' && { login: person, password: 'any' }) },
        follow: false,
      });
    }
    throw new Error(`the provider did not send ${person} back: ${page.status} ${page.url}`);
  }

  /** What a command line begins with: its secret, and the address that a browser is opened at. */
  cli(port = 45_678): { readonly verifier: string; readonly state: string; readonly path: string } {
    const verifier = randomBytes(32).toString('base64url');
    const state = randomBytes(16).toString('base64url');
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    return { verifier, state, path: `/auth/cli?challenge=${challenge}&port=${port}&state=${state}` };
  }

  /** A command line's code after its person has signed in. */
  async cliCode(person: Person): Promise<{ readonly verifier: string; readonly code: string }> {
    const { verifier, state, path: begin } = this.cli();
    const page = await this.signIn(this.browser(), person, begin);
    const back = new URL(String(page.headers['location']));
    if (back.origin !== 'http://127.0.0.1:45678' || back.searchParams.get('state') !== state) {
      throw new Error(`the hub did not send ${person} to the command line: ${page.status} ${page.text}`);
    }
    return { verifier, code: back.searchParams.get('code') ?? '' };
  }

  redeem(code: string, verifier: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.ask('', 'POST', '/auth/token', JSON.stringify({ code, verifier }), headers);
  }

  /** The API as whoever has that token, from an address of their own unless told. */
  ask(
    token: string,
    method: string,
    route: string,
    body?: string,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    return this.as(token).raw(method, route, body, { 'x-forwarded-for': this.newAddress(), ...headers });
  }

  async link(token: string): Promise<string> {
    return (await this.as(token).post<SessionLinkAnswer>('/api/v1/sessions/link')).url;
  }

  async token(name: string, role: Role, more: object = {}): Promise<string> {
    return (await this.test.api.post<CreateTokenAnswer>('/api/v1/tokens', { name, role, ...more })).token;
  }

  async grant(name: string, subject: GrantSubject, role: Role): Promise<void> {
    const grant = { name, subject, role, scope: EVERYWHERE, at: Date.now(), by: 'token:test' };
    await this.test.hub.store.read.grants.put(grant);
  }

  /** Whom the hub takes a browser for. */
  whoami(browser: TestBrowser, headers: Record<string, string> = {}): Promise<Page> {
    return browser.visit(`${this.url}/api/v1/whoami`, { headers });
  }

  /** A change that a browser's page asks for: what counts is whether it is let in, not what it does. */
  change(browser: TestBrowser, headers: Record<string, string>, body = '{"reason":"test"}'): Promise<Page> {
    return browser.visit(`${this.url}/api/v1/freeze?dryRun=true`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
  }

  async audits(): Promise<readonly AuditView[]> {
    return (await this.test.api.get<{ items: AuditView[] }>('/api/v1/audit?limit=1000')).items;
  }
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: NodeJS.Dict<string | string[]>;
}

export function codeOf({ text }: { readonly text: string }): string {
  return (JSON.parse(text) as Problem).code;
}

/** Fails unless the hub knows nobody in that browser. */
export async function isOut(scene: DoorsScene, browser: TestBrowser): Promise<void> {
  const page = await scene.whoami(browser);
  expect({ status: page.status, text: page.text }).toMatchObject({ status: 401 });
}
