import { equal } from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import type { WebhookProvider } from '#contract';
import type { Attempt, AttemptTable } from '../helpers/attempts.js';
import { address, headers, JSON_TYPE, junk, notJson, query, segment, spoil, spoilt } from './fuzz/arbitraries.js';
import { type FuzzRequest, type FuzzScene, SECRET } from './fuzz.scene.js';

const BOUNDED = 'schemas and bounds at the door: refused by a sentence, never by a failure';

const token: Record<string, string> = {};
const asAdmin = async (scene: FuzzScene): Promise<Record<string, string>> => {
  token['authorization'] ??= await scene.admin();
  return token;
};

const hmac = (secret: string, body: Uint8Array): string => createHmac('sha256', secret).update(body).digest('hex');
const signatures: Readonly<Record<WebhookProvider, (secret: string, body: Uint8Array) => Record<string, string>>> = {
  github: (secret, body) => ({ 'x-hub-signature-256': `sha256=${hmac(secret, body)}`, 'x-github-event': 'push' }),
  gitlab: (secret) => ({ 'x-gitlab-token': secret, 'x-gitlab-event': 'Push Hook' }),
  gitea: (secret, body) => ({ 'x-gitea-signature': hmac(secret, body), 'x-gitea-event': 'push' }),
  bitbucket: (secret, body) => ({ 'x-hub-signature': `sha256=${hmac(secret, body)}`, 'x-event-key': 'repo:push' }),
  generic: (secret, body) => {
    const at = Math.floor(Date.now() / 1000);
    const signed = hmac(secret, Buffer.concat([Buffer.from(`${at}.`), body]));
    return { 'x-flotilla-signature': `t=${at},v1=${signed}` };
  },
};
const url = 'https://github.com/acme/shop.git';
const pushes: Readonly<Record<WebhookProvider, readonly object[]>> = {
  github: [
    { ref: 'refs/heads/main', repository: { clone_url: url, ssh_url: 'git@github.com:acme/shop', html_url: url } },
  ],
  gitea: [{ ref: 'refs/heads/main', repository: { clone_url: url } }],
  gitlab: [{ ref: 'refs/heads/main', project: { git_http_url: url, git_ssh_url: 'git@github.com:acme/shop' } }],
  bitbucket: [
    {
      repository: { links: { html: { href: url } } },
      push: { changes: [{ new: { type: 'branch', name: 'main' }, old: null }] },
    },
    { repository: { links: { clone: [{ href: url }] } }, changes: [{ ref: { id: 'refs/heads/main' } }] },
  ],
  generic: [{ repository: url, ref: 'main' }],
};

const deliveries = (Object.keys(signatures) as WebhookProvider[]).flatMap((provider): Attempt<FuzzScene>[] => {
  const body = fc.oneof(
    fc
      .tuple(fc.constantFrom(...pushes[provider]), fc.nat(100), junk)
      .map(([push, at, by]) => JSON.stringify(spoil(push, at, by)) ?? ''),
    notJson,
  );
  return [
    {
      name: `delivers two hundred spoilt pushes as ${provider}, rightly signed`,
      stoppedBy: 'a schema for each provider, after the signature',
      run: async (scene) => {
        const secret = scene.secrets.get(provider) ?? '';
        const signed = body.map((sent): FuzzRequest => {
          const bytes = Buffer.from(sent);
          const path = `/api/v1/webhooks/${provider}`;
          return {
            method: 'POST',
            path,
            body: bytes,
            headers: { ...JSON_TYPE, ...signatures[provider](secret, bytes) },
          };
        });
        await scene.tryMany(signed, 200, [202, 400]);
      },
    },
    {
      name: `delivers a hundred pushes as ${provider}, with headers of any kind`,
      stoppedBy: 'the signature',
      run: async (scene) => {
        const wrong = Object.fromEntries(
          Object.keys(signatures[provider]('', new Uint8Array())).map((name) => [name, SECRET]),
        );
        const path = `/api/v1/webhooks/${provider}`;
        const all = fc.tuple(body, headers).map(([sent, more]): FuzzRequest => {
          return { method: 'POST', path, body: sent, headers: { ...JSON_TYPE, ...wrong, ...more } };
        });
        equal((await scene.tryMany(all, 100, [400])).has(202), false);
      },
    },
  ];
});

const requests: readonly Attempt<FuzzScene>[] = [
  {
    name: 'sends a thousand spoilt bodies to all routes, as an admin',
    stoppedBy: BOUNDED,
    run: async (scene) => {
      const admin = await asAdmin(scene);
      const all = fc.tuple(address, spoilt).map(([to, body]) => ({ ...to, body, headers: { ...JSON_TYPE, ...admin } }));
      await scene.tryMany(all, 1000, [200, 400, 404]);
    },
  },
  {
    name: 'sends five hundred bodies that are no JSON',
    stoppedBy: BOUNDED,
    run: async (scene) => {
      const admin = await asAdmin(scene);
      const type = fc.constantFrom(
        'application/json',
        'text/plain',
        'application/x-www-form-urlencoded',
        'application/xml',
        '',
      );
      const all = fc
        .tuple(address, notJson, type)
        .map(([to, body, sent]) => ({ ...to, body, headers: { 'content-type': sent, ...admin } }));
      await scene.tryMany(all, 500, [400, 415]);
    },
  },
  {
    name: 'asks a thousand times with parameters of any kind',
    stoppedBy: BOUNDED,
    run: async (scene) => {
      const admin = await asAdmin(scene);
      const reads = address.filter(({ method }) => method === 'GET');
      const all = fc.tuple(reads, query).map(([to, asked]) => ({ ...to, path: `${to.path}?${asked}`, headers: admin }));
      await scene.tryMany(all, 1000, [200, 400, 404]);
    },
  },
  {
    name: 'asks five hundred times with headers of any kind, with and without a credential',
    stoppedBy: BOUNDED,
    run: async (scene) => {
      const admin = await asAdmin(scene);
      const all = fc.tuple(address, headers, fc.boolean(), spoilt).map(([to, more, known, body]) => ({
        ...to,
        headers: known ? { ...more, ...admin } : more,
        ...(to.method !== 'GET' && { body }),
      }));
      await scene.tryMany(all, 500, [200, 401]);
    },
  },
  {
    name: 'asks three hundred times for addresses that no route has',
    stoppedBy: BOUNDED,
    run: async (scene) => {
      const admin = await asAdmin(scene);
      const method = fc.constantFrom(
        'GET',
        'POST',
        'PUT',
        'PATCH',
        'DELETE',
        'OPTIONS',
        'HEAD',
        'TRACE',
        'PROPFIND',
        'QUERY',
      );
      const path = fc
        .array(fc.oneof(segment, fc.constantFrom('api', 'v1', '..', '.', '', '%2e%2e', '%c0%ae', '%zz', ';', '\\')), {
          maxLength: 6,
        })
        .map((parts) => `/${parts.join('/')}`);
      const all = fc.tuple(method, path).map(([verb, to]) => ({ method: verb, path: to, headers: admin }));
      await scene.tryMany(all, 300, [404]);
    },
  },
  {
    name: 'sends bytes that are no HTTP, and requests that two readers take for different ones',
    stoppedBy: 'the reader of HTTP, which refuses what is not plain',
    run: async (scene) => {
      const crlf = (...lines: readonly string[]): Buffer => Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
      const post = 'POST /api/v1/join HTTP/1.1';
      const sent: readonly Buffer[] = [
        Buffer.from([0, 1, 2, 3, 255, 254, 13, 10, 13, 10]),
        crlf('GET / HTTP/9.9', 'host: x'),
        crlf('GET /\0 HTTP/1.1', 'host: x'),
        crlf('GET /healthz HTTP/1.1'),
        crlf('GET /healthz HTTP/1.1', 'host: x', 'host: y', `authorization: Bearer ${SECRET}`),
        crlf(post, 'host: x', 'content-length: 4', 'content-length: 40', '', 'aaaa'),
        crlf(post, 'host: x', 'content-length: 4', 'transfer-encoding: chunked', '', '0'),
        crlf(post, 'host: x', 'transfer-encoding: chunked, identity', '', '0'),
        crlf(post, 'host: x', 'transfer-encoding: chunked', '', 'ffffffffffffffff'),
        crlf(post, 'host: x', 'content-length: -1'),
        crlf(post, 'host: x', ' folded: x', 'a b: c'),
        crlf('GET /healthz HTTP/1.1', 'host: x', `x: ${'a'.repeat(100_000)}`),
        crlf(`GET /${'a'.repeat(100_000)} HTTP/1.1`, 'host: x'),
        crlf('GET https://169.254.169.254/latest HTTP/1.1', 'host: x'),
        crlf('CONNECT 127.0.0.1:5432 HTTP/1.1', 'host: x'),
        crlf('GET /api/v1/events/stream HTTP/1.1', 'host: x', 'connection: upgrade', 'upgrade: websocket'),
      ];
      for (const bytes of sent) {
        const answer = await scene.sendRaw(bytes);
        equal(
          /^HTTP\/1\.[01] 5/.test(answer),
          false,
          `${bytes.toString('latin1').slice(0, 60)}: ${answer.slice(0, 200)}`,
        );
        equal(answer.includes(SECRET), false);
      }
    },
  },
];

export const fuzzAttempts: AttemptTable<FuzzScene> = {
  title: 'Bodies, parameters and headers of any kind',
  who: 'Whoever reaches the API, with an admin’s token or with nothing. What is sent is made of a seed that a failure tells; no answer is a 5xx, the log has no error and none of the secrets that were sent.',
  test: 'test/trust/fuzz.test.ts',
  attempts: [...deliveries, ...requests],
};
