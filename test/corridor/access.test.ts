import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { connectAgentBus, makeAgentKey, signByAgentKey, type OpenAgentBus } from '#bus';
import {
  joinProofText,
  localAccessSchema,
  problemSchema,
  type AuditView,
  type ClusterView,
  type CreateTokenAnswer,
  type JoinAnswer,
  type Problem,
  type RegisterAnswer,
  type TokenView,
} from '#contract';
import { PROTOCOL_VERSION } from '#domain';
import { createLogger } from '#kit';
import type { TestApi } from '../helpers/test-api.js';
import { eventually, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { configMap, TestRepository } from '../helpers/test-repository.js';

type Role = 'viewer' | 'approver' | 'operator' | 'admin';

interface Answer {
  readonly status: number;
  readonly text: string;
}

type Key = ReturnType<typeof makeAgentKey>;

/** Who is let in, and what is left of a secret anywhere: on a real hub, with its log at its most talkative. What is whose: test/trust. */
describe('access', () => {
  let test: TestHub;
  let database: pg.Client;
  let nobody: TestApi;
  let lines = '';
  /** Every secret that was given out during this suite. */
  const secrets = new Set<string>();
  const failures: string[] = [];
  const buses: OpenAgentBus[] = [];
  const apis: TestApi[] = [];
  const repositories: TestRepository[] = [];

  beforeAll(async () => {
    const log = createLogger({ level: 'trace', format: 'json', output: { write: (text) => (lines += text) } });
    test = await startTestHub({}, log);
    database = new pg.Client({ connectionString: test.databaseUrl });
    await database.connect();
    nobody = as('');
    secrets.add((await access()).token);
  }, 60_000);

  afterEach(() => {
    // Nothing that anybody sends is the hub's own failure.
    expect(failures.splice(0)).toEqual([]);
  });

  afterAll(async () => {
    for (const api of apis) api.close();
    await Promise.all(buses.map((bus) => bus.close()));
    await database?.end();
    await test?.stop();
    await Promise.all(repositories.map((each) => each.remove()));
  }, 30_000);

  const access = async (): Promise<{ url: string; ca: string; token: string }> =>
    localAccessSchema.parse(JSON.parse(await readFile(path.join(test.folder, 'data/admin.json'), 'utf8')));
  function as(token: string): TestApi {
    const api = test.api.as(token);
    apis.push(api);
    return api;
  }

  /** Asks and holds the answer to what every answer must be: no failure of the hub's own, and errors as problems. */
  async function ask(
    api: TestApi,
    method: string,
    route: string,
    body?: string,
    headers?: Record<string, string>,
  ): Promise<Answer> {
    const { status, text, headers: got } = await api.raw(method, route, body, headers);
    if (status >= 500) failures.push(`${method} ${route}: ${status} ${text}`);
    if (status >= 400) {
      expect(got['content-type']).toMatch(/^application\/problem\+json/);
      expect(problemSchema.parse(JSON.parse(text)).status).toBe(status);
    }
    return { status, text };
  }
  const problem = ({ text }: Answer): Problem => JSON.parse(text) as Problem;
  const json = <T>({ text }: Answer): T => JSON.parse(text) as T;
  const send = (api: TestApi, method: string, route: string, body: object): Promise<Answer> =>
    ask(api, method, route, JSON.stringify(body));

  async function makeToken(name: string, role: Role, more: object = {}): Promise<TestApi> {
    const answer = json<CreateTokenAnswer>(
      await send(test.api, 'POST', '/api/v1/tokens', { name, role, email: `${name}@flotilla.example`, ...more }),
    );
    secrets.add(answer.token);
    return as(answer.token);
  }

  describe('to the API', () => {
    it('knows the hub as ready without a credential, and what is wrong from nobody', async () => {
      expect(json(await ask(nobody, 'GET', '/healthz'))).toEqual({ status: 'ok' });
      expect(json(await ask(nobody, 'GET', '/readyz'))).toEqual({ status: 'ok' });
      expect((await ask(nobody, 'GET', '/api/v1/ca')).text).toBe((await access()).ca);
    });

    it('tells who lacks a role which', async () => {
      const refused = await ask(await makeToken('vera', 'viewer'), 'POST', '/api/v1/freeze', '{}');
      expect(problem(refused)).toMatchObject({
        ...{ status: 403, code: 'forbidden' },
        detail: 'This needs the role operator; the token "vera" has viewer',
      });
    });

    it('ends with the token: revoked, or expired', async () => {
      const api = await makeToken('short', 'viewer', { ttl: '1s' });
      const gone = await makeToken('leaver', 'operator');
      expect(json(await ask(gone, 'GET', '/api/v1/whoami'))).toMatchObject({ actor: 'token:leaver', role: 'operator' });
      expect((await ask(test.api, 'DELETE', '/api/v1/tokens/leaver')).status).toBe(204);
      for (const each of [api, gone]) {
        const refused = await eventually(
          'refused',
          () => ask(each, 'GET', '/api/v1/whoami'),
          ({ status }) => status === 401,
        );
        expect(problem(refused).code).toBe('bad-credential');
      }
      // Its name is free again, and what it did keeps it.
      await makeToken('leaver', 'viewer');
      const twice = await send(test.api, 'POST', '/api/v1/tokens', { name: 'leaver', role: 'viewer' });
      expect(problem(twice)).toMatchObject({ status: 409, code: 'name-taken' });
      expect((await ask(test.api, 'DELETE', '/api/v1/tokens/never-was')).status).toBe(404);
    });

    it('shows a token once, and keeps only its hash', async () => {
      await makeToken('once', 'viewer');
      const { text } = await ask(test.api, 'GET', '/api/v1/tokens');
      expect(
        json<{ items: TokenView[] }>({ status: 200, text }).items.find(({ name }) => name === 'once'),
      ).toMatchObject({
        role: 'viewer',
        email: 'once@flotilla.example',
        createdBy: 'token:first-admin',
      });
      for (const secret of secrets) expect(text).not.toContain(secret);
      expect(text).not.toMatch(/hash/i);
    });

    it('does not let the last admin go, whom no expired one stands in for', async () => {
      const brief = await makeToken('brief-admin', 'admin', { ttl: '1s' });
      await eventually(
        'it has expired',
        () => ask(brief, 'GET', '/api/v1/whoami'),
        ({ status }) => status === 401,
      );
      const refused = await ask(test.api, 'DELETE', '/api/v1/tokens/first-admin');
      expect(problem(refused)).toMatchObject({ status: 409, code: 'last-admin' });
      expect((await ask(test.api, 'GET', '/api/v1/whoami')).status).toBe(200);
    });

    it('is recorded: who did what, with what reason', async () => {
      const operator = await makeToken('olga', 'operator');
      const document = { apiVersion: 'flotilla.dev/v1', kind: 'Strategy', metadata: { name: 'one-by-one' } };
      const waves = [{ name: 'all', maxConcurrency: 1 }];
      const applied = await send(operator, 'POST', '/api/v1/apply', {
        documents: [{ ...document, spec: { waves } }],
        reason: 'ticket 42',
      });
      expect(applied.status).toBe(200);
      const { items } = json<{ items: AuditView[] }>(await ask(test.api, 'GET', '/api/v1/audit?limit=1000'));
      expect(items).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ actor: 'token:olga', object: 'Strategy/one-by-one', reason: 'ticket 42' }),
          expect.objectContaining({ actor: 'token:first-admin', act: 'token.create', object: 'Token/olga' }),
          expect.objectContaining({ actor: 'token:first-admin', act: 'token.revoke', object: 'Token/leaver' }),
          expect.objectContaining({ actor: 'system', act: 'token.create', object: 'Token/first-admin' }),
        ]),
      );
      // What was refused was not done.
      expect(items.some(({ object }) => object.endsWith('/nobody'))).toBe(false);
      expect((await ask(operator, 'GET', '/api/v1/audit')).status).toBe(403);
      await expect(database.query("update audit set actor = 'nobody'")).rejects.toThrow(/append only/);
    });
  });

  describe('of agents', () => {
    async function register(name: string, labels: object = {}): Promise<RegisterAnswer> {
      const answer = json<RegisterAnswer>(await send(test.api, 'POST', '/api/v1/clusters', { name, labels }));
      secrets.add(answer.token);
      return answer;
    }
    function makeKey(): Key {
      const key = makeAgentKey();
      secrets.add(key.seed);
      return key;
    }
    function join(token: string, key: Key, more: object = {}): Promise<Answer> {
      return send(nobody, 'POST', '/api/v1/join', {
        token,
        publicKey: key.publicKey,
        proof: signByAgentKey(key.seed, joinProofText(token)),
        protocol: PROTOCOL_VERSION,
        version: '0.0.0-test',
        facts: {},
        ...more,
      });
    }
    async function joined(token: string, key: Key, more: object = {}): Promise<JoinAnswer> {
      const answer = await join(token, key, more);
      expect(answer.status).toBe(200);
      const identity = json<JoinAnswer>(answer);
      secrets.add(identity.credential);
      return identity;
    }
    /** A connection with that credential, and whether the server has refused it since. */
    async function connect(
      { cluster, nats, credential }: JoinAnswer,
      { seed }: Key,
    ): Promise<{ refused(): boolean; bus: OpenAgentBus }> {
      let refused = false;
      const bus = await connectAgentBus({
        url: nats.urls.join(','),
        cluster,
        credential: () => credential,
        seed,
        caPem: nats.ca,
        log: createLogger({ level: 'silent' }),
        reconnectDelayMs: () => 50,
        onAuthExpired: () => (refused = true),
      });
      buses.push(bus);
      return { bus, refused: () => refused };
    }
    /** Releases an application to the clusters that have its name for a label: of others no report is heard. */
    async function place(name: string): Promise<void> {
      const repository = await TestRepository.create({ [`${name}/c.yaml`]: configMap(name, 'first') });
      repositories.push(repository);
      const placement = { selector: { matchLabels: { runs: name } } };
      const resources = { Source: { url: repository.folder }, Application: { source: name, path: name, placement } };
      const documents = Object.entries(resources).map(([kind, spec]) => ({
        ...{ apiVersion: 'flotilla.dev/v1', kind, metadata: { name }, spec },
      }));
      expect((await send(test.api, 'POST', '/api/v1/apply', { documents })).status).toBe(200);
      await eventually(
        'it is placed',
        () => ask(test.api, 'GET', `/api/v1/rollouts/${name}`),
        ({ status }) => status === 200,
        60_000,
      );
    }
    const view = async (name: string): Promise<ClusterView> =>
      json<ClusterView>(await ask(test.api, 'GET', `/api/v1/clusters/${name}`));

    it('gives an agent rights as far as the line says, and widens them for nobody who does not say so', async () => {
      const bounded = { name: 'bounded', namespaces: ['shop', 'pay', 'shop'] };
      const made = json<RegisterAnswer>(await send(test.api, 'POST', '/api/v1/clusters', bounded));
      expect(made.namespaces).toEqual(['pay', 'shop']);
      const { pathname, search } = new URL(made.url);
      expect(search).toBe('?namespaces=pay,shop');
      // A shell would look for files by a bare question mark.
      expect(made.command).toContain(` '${made.url}' |`);
      const { status, text } = await nobody.raw('GET', `${pathname}${search}`);
      expect(status).toBe(200);
      expect(text).not.toMatch(/^kind: ClusterRole/m);
      expect(text.match(/^ {2}namespace: (pay|shop)$/gm)).toHaveLength(4);
      expect(text).toMatch(/name: FLOTILLA_AGENT_NAMESPACES\n +value: pay,shop\n/);
      expect((await nobody.raw('GET', pathname)).text).toMatch(/^kind: ClusterRole$/m);
      for (const query of ['', 'Shop', 'a,,b', 'flotilla-system', 'a%0Ab', 'a&namespaces=b', 'x,'.repeat(20_000)]) {
        expect([query.slice(0, 20), (await ask(nobody, 'GET', `${pathname}?namespaces=${query}`)).status]).toEqual([
          query.slice(0, 20),
          query.length > 1000 ? expect.any(Number) : 400,
        ]);
      }
      for (const namespaces of [
        [],
        ['*'],
        ['flotilla-system'],
        Array.from({ length: 51 }, (_, at) => `n${at}`),
        'shop',
      ]) {
        const refused = await send(test.api, 'POST', '/api/v1/clusters', { name: 'unbounded', namespaces });
        expect(problem(refused)).toMatchObject({
          status: 400,
          errors: [{ path: expect.stringMatching(/^namespaces/) }],
        });
      }

      await joined(made.token, makeKey());
      await database.query(
        `update clusters set facts = '{"agent.mode":"namespaced","agent.namespaces":"pay,shop"}' where name = 'bounded'`,
      );
      const again = '/api/v1/clusters/bounded/token';
      const unsaid = problem(await send(test.api, 'POST', again, {}));
      expect(unsaid).toMatchObject({ status: 409, code: 'reach-not-said' });
      expect(unsaid.detail).toContain('--namespaces pay,shop');
      const both = await send(test.api, 'POST', again, { namespaces: ['shop'], clusterWide: true });
      expect(problem(both)).toMatchObject({ status: 400, errors: [{ path: 'clusterWide' }] });
      const kept = json<RegisterAnswer>(await send(test.api, 'POST', again, { namespaces: ['shop'] }));
      expect(kept).toMatchObject({ namespaces: ['shop'], url: expect.stringMatching(/\?namespaces=shop$/) });
      const wide = json<RegisterAnswer>(await send(test.api, 'POST', again, { clusterWide: true }));
      expect(wide.namespaces).toBeUndefined();
    });

    it('speaks a protocol at most one version apart, and tells which side is old', async () => {
      const { token } = await register('apart');
      const key = makeKey();
      const refused = problem(await join(token, key, { protocol: PROTOCOL_VERSION + 2 }));
      expect(refused).toMatchObject({ status: 409, code: 'protocol-apart' });
      expect(refused.detail).toMatch(
        new RegExp(`protocol ${PROTOCOL_VERSION + 2} and the hub ${PROTOCOL_VERSION}.*Upgrade the hub`),
      );
      expect(await view('apart')).toMatchObject({ state: 'registered' });
      for (const protocol of [PROTOCOL_VERSION + 1, PROTOCOL_VERSION - 1]) await joined(token, key, { protocol });
    });

    it('cannot say what the database cannot hold, to the harm of others', async () => {
      const key = makeKey();
      const { token } = await register('spoiler', { runs: 'web' });
      for (const facts of [{ region: 'a\u0000b' }, { 'a\u0000b': 'x' }, { region: '\ud800' }]) {
        expect(problem(await join(token, key, { facts })).status).toBe(400);
      }
      expect(problem(await join(token, key, { version: '1\u0000' })).status).toBe(400);
      expect(problem(await join(token, key, { protocol: 2 ** 40 })).status).toBe(400);
      const spoiler = await joined(token, key);
      const otherKey = makeKey();
      const other = await joined((await register('bystander', { runs: 'web' })).token, otherKey);
      await place('web');
      const [bad, good] = [await connect(spoiler, key), await connect(other, otherKey)];
      const report = (cluster: string, message: string): Uint8Array =>
        Buffer.from(
          JSON.stringify({
            protocol: PROTOCOL_VERSION,
            cluster,
            application: 'web',
            generation: 1,
            digest: '',
            runs: '',
            phase: 'failed',
            message,
            steadyMs: 0,
            breaks: 0,
            boot: 1,
            seq: 1,
            objects: 0,
            findings: [],
          }),
        );
      const beat = (cluster: string, more: object): Uint8Array =>
        Buffer.from(
          JSON.stringify({ protocol: PROTOCOL_VERSION, cluster, sequence: 0, boot: 1, version: '1.0.0', ...more }),
        );
      const spoil = async (): Promise<void> => {
        bad.bus.publishHeartbeat(beat(spoiler.cluster, { facts: { region: 'a\u0000b' } }));
        bad.bus.publishHeartbeat(beat(spoiler.cluster, { facts: { region: '\ud800' } }));
        bad.bus.publishHeartbeat(beat(spoiler.cluster, { version: '1\u0000' }));
        bad.bus.publishHeartbeat(beat(spoiler.cluster, { protocol: 2 ** 40 }));
        await bad.bus.publishStatus('web', report(spoiler.cluster, 'it said \u0000'));
      };
      await spoil();
      await eventually(
        'the other is heard',
        async () => {
          await spoil();
          good.bus.publishHeartbeat(beat(other.cluster, { facts: { region: 'north' } }));
          await good.bus.publishStatus('web', report(other.cluster, 'it said nothing'));
          const reports = await test.hub.store.read.reports.ofCluster(other.cluster);
          return { reports: reports.length, region: (await view('bystander')).facts['region'] };
        },
        ({ reports, region }) => reports === 1 && region === 'north',
        60_000,
      );
    }, 180_000);
  });

  describe('with requests that are not right', () => {
    it('says 404 for what is not there', async () => {
      for (const route of [
        '/nothing',
        '/api/v1',
        '/api/v2/fleet',
        '/api/v1/clusters/',
        '/api/v1/rollouts/web/explode',
      ]) {
        expect((await ask(test.api, 'GET', route)).status).toBe(404);
      }
      expect((await ask(test.api, 'PUT', '/api/v1/fleet', '{}')).status).toBe(404);
    });

    it('refuses a body that is too large, broken, or of another type', async () => {
      const ofMiB = (count: number): string =>
        JSON.stringify({ documents: [{ text: 'x'.repeat(count * 1024 * 1024) }] });
      // One apply may be a whole fleet.
      expect((await ask(test.api, 'POST', '/api/v1/apply', ofMiB(16))).status).toBe(413);
      const large = ofMiB(5);
      expect((await ask(test.api, 'POST', '/api/v1/export', large)).status).toBe(413);
      // Of nobody a fleet is read.
      const unread = await ask(nobody, 'POST', '/api/v1/apply', ofMiB(16));
      expect(problem(unread)).toMatchObject({ status: 401, code: 'no-credential' });
      // Also before anybody is known.
      expect((await ask(nobody, 'POST', '/api/v1/join', large)).status).toBe(413);
      for (const broken of ['{', '{"documents":', 'null', '[]', '"text"', '42', '\u0000']) {
        expect((await ask(test.api, 'POST', '/api/v1/apply', broken)).status).toBe(400);
      }
      expect(
        (await ask(test.api, 'POST', '/api/v1/apply', 'a: b', { 'content-type': 'application/yaml' })).status,
      ).toBe(415);
      const polluting = '{"__proto__":{"role":"admin"},"constructor":{"prototype":{"x":1}},"documents":[]}';
      expect((await ask(test.api, 'POST', '/api/v1/apply', polluting)).status).toBe(400);
      expect(
        (await ask(test.api, 'POST', '/api/v1/apply', `${'['.repeat(100_000)}${']'.repeat(100_000)}`)).status,
      ).toBe(400);
      const deep = `{"documents":[${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}]}`;
      expect((await ask(test.api, 'POST', '/api/v1/apply', deep)).status).toBe(400);
    });

    it('takes a missing body for an empty one', async () => {
      // Nothing is required in it: what is refused is the rollout that is not there, not the body.
      for (const command of ['pause', 'resume', 'retry', 'rollback', 'cancel', 'skip']) {
        const answer = await ask(test.api, 'POST', `/api/v1/rollouts/nothing/${command}`);
        expect(problem(answer)).toMatchObject({ status: 404, code: 'not-found' });
      }
      const register = await ask(test.api, 'POST', '/api/v1/clusters');
      expect(problem(register)).toMatchObject({ status: 400, errors: [{ path: 'name', message: 'must be set' }] });
    });

    it('refuses names, queries and addresses beyond their bounds', async () => {
      const long = 'x'.repeat(7000);
      const routes = [
        `/api/v1/clusters/${long}`,
        `/api/v1/rollouts/${long}`,
        `/api/v1/why/clusters/${long}`,
        `/api/v1/install/${long}`,
        `/api/v1/clusters?selector=${long}`,
        `/api/v1/clusters?limit=0`,
        `/api/v1/clusters?limit=1001`,
        `/api/v1/clusters?limit=all`,
        `/api/v1/clusters?selector=${encodeURIComponent('a in (')}`,
        `/api/v1/clusters?after=${long}`,
        `/api/v1/clusters?after=nonsense`,
        `/api/v1/rollouts?after=nonsense`,
        `/api/v1/releases?after=${encodeURIComponent('\u0000')}`,
        `/api/v1/events?after=nonsense`,
        `/api/v1/audit?after=nonsense`,
        `/api/v1/rollouts/%00`,
        `/api/v1/why/rollouts/%00`,
        `/api/v1/events?rollout=%00`,
        `/api/v1/clusters/%E0%A4%A`,
        `/api/v1/why/nodes/x`,
        `/api/v1/schemas/Pod`,
      ];
      for (const route of routes) {
        const { status } = await ask(test.api, 'GET', route);
        expect(`${route.slice(0, 60)} ${status}`).toMatch(/ 4(00|04|14)$/);
      }
      // Node itself refuses this one, before there is a request.
      expect((await test.api.raw('GET', `/api/v1/fleet?x=${'x'.repeat(20_000)}`)).status).toBe(431);
    });
  });

  // Last, when all secrets that this suite gets have been given out.
  describe('leaves no secret behind', () => {
    it('in the database', async () => {
      const { rows: tables } = await database.query<{ name: string }>(
        "select tablename as name from pg_tables where schemaname = 'public'",
      );
      let seen = '';
      for (const { name } of tables) {
        const { rows } = await database.query<{ row: string }>(`select to_jsonb(t)::text as row from "${name}" t`);
        seen += rows.map(({ row }) => row).join('\n');
      }
      // It does hold what they are about.
      expect(seen).toContain('first-admin');
      expect(secrets.size).toBeGreaterThan(10);
      for (const secret of secrets) expect(seen.includes(secret)).toBe(false);
    });

    it('in the log, at its most talkative', () => {
      expect(lines).toContain('"level":"debug"');
      for (const secret of secrets) expect(lines.includes(secret)).toBe(false);
    });

    it('in the data folder, but for the file that is for it', async () => {
      const data = path.join(test.folder, 'data');
      const names = await readdir(data, { recursive: true, withFileTypes: true });
      let files = 0;
      for (const entry of names) {
        const file = path.join(entry.parentPath, entry.name);
        if (!entry.isFile() || file === path.join(data, 'admin.json')) continue;
        files += 1;
        const text = await readFile(file, 'latin1').catch(() => '');
        for (const secret of secrets) if (text.includes(secret)) throw new Error(`a secret is in ${file}`);
      }
      expect(files).toBeGreaterThan(5);
      expect((await stat(path.join(data, 'admin.json'))).mode & 0o777).toBe(0o600);
      expect((await stat(data)).mode & 0o777).toBe(0o700);
      for (const name of ['keys/nats-keys.json', 'keys/manifest-key.pem', 'tls/server-key.pem', 'tls/ca-key.pem']) {
        expect(`${name} ${((await stat(path.join(data, name))).mode & 0o777).toString(8)}`).toBe(`${name} 600`);
      }
    });
  });
});
