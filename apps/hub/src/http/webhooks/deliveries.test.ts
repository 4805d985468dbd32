import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { WebhookProvider } from '#contract';
import { isTouched, readPush } from './read-push.js';
import { deliveryKey, deliveryProblem, eventOf, type Headers, SIGNED_WITHIN_MS } from './verify-delivery.js';

const SECRET = 'a-secret-of-the-webhook';
const NOW = 1_800_000_000_000;
const body = Buffer.from('{"ref":"refs/heads/main"}');
const hmac = (secret: string, bytes: Uint8Array): string => createHmac('sha256', secret).update(bytes).digest('hex');
const generic = (at: number, secret = SECRET): string =>
  `t=${at},v1=${hmac(secret, Buffer.concat([Buffer.from(`${at}.`), body]))}`;

const signed: Readonly<Record<WebhookProvider, (secret: string) => Headers>> = {
  github: (secret) => ({ 'x-hub-signature-256': `sha256=${hmac(secret, body)}` }),
  bitbucket: (secret) => ({ 'x-hub-signature': `sha256=${hmac(secret, body)}` }),
  gitea: (secret) => ({ 'x-gitea-signature': hmac(secret, body) }),
  gitlab: (secret) => ({ 'x-gitlab-token': secret }),
  generic: (secret) => ({ 'x-flotilla-signature': generic(NOW / 1000, secret) }),
};

describe.each(Object.keys(signed) as WebhookProvider[])('a delivery of %s', (provider) => {
  const headers = signed[provider](SECRET);
  const problem = (more: { headers?: Headers; body?: Uint8Array }, secret = SECRET): string | null =>
    deliveryProblem(provider, secret, { headers, body, ...more }, NOW);

  it('is taken with the secret, and with no other, with none, and with part of it', () => {
    expect(problem({})).toBeNull();
    expect(problem({}, 'another-secret')).not.toBeNull();
    expect(problem({ headers: {} })).not.toBeNull();
    const [[name = '', value = ''] = []] = Object.entries(headers) as [string, string][];
    expect(problem({ headers: { [name]: value.slice(0, -1) } })).not.toBeNull();
    expect(problem({ headers: { [name]: '' } }, '')).not.toBeNull();
    expect(problem({ headers: { [name]: [value, value] } })).not.toBeNull();
  });

  it('is not taken with another body, where the body is signed', () => {
    const other = problem({ body: Buffer.from('{"ref":"refs/heads/evil"}') });
    expect(other === null).toBe(provider === 'gitlab');
  });

  it('never says what would have been right', () => {
    const told = problem({ headers: {} }) ?? '';
    expect(told).not.toContain(SECRET);
    expect(told).not.toContain(hmac(SECRET, body));
  });
});

it('takes a generic delivery only within five minutes of its time', () => {
  const at = (ms: number) =>
    deliveryProblem('generic', SECRET, { headers: { 'x-flotilla-signature': generic(ms / 1000) }, body }, NOW);
  expect(at(NOW - SIGNED_WITHIN_MS)).toBeNull();
  expect(at(NOW + SIGNED_WITHIN_MS)).toBeNull();
  expect(at(NOW - SIGNED_WITHIN_MS - 1000)).toContain('another time');
  expect(at(NOW + SIGNED_WITHIN_MS + 1000)).toContain('another time');
});

it('knows a delivery again by its body and its id', () => {
  const key = (id: string, text = body) => deliveryKey({ headers: { 'x-github-delivery': id }, body: text });
  expect(key('1')).toBe(key('1'));
  expect(key('2')).not.toBe(key('1'));
  expect(key('1', Buffer.from('{}'))).not.toBe(key('1'));
});

it.each<[WebhookProvider, Headers, string]>([
  ['github', { 'x-github-event': 'push' }, 'push'],
  ['github', { 'x-github-event': 'ping' }, 'ping'],
  ['github', { 'x-github-event': 'issues' }, 'other'],
  ['gitea', { 'x-gitea-event': 'push' }, 'push'],
  ['gitlab', { 'x-gitlab-event': 'Tag Push Hook' }, 'push'],
  ['gitlab', { 'x-gitlab-event': 'Issue Hook' }, 'other'],
  ['bitbucket', { 'x-event-key': 'repo:push' }, 'push'],
  ['bitbucket', { 'x-event-key': 'diagnostics:ping' }, 'ping'],
  ['generic', {}, 'push'],
])('tells of %s with %j that it is: %s', (provider, headers, event) => {
  expect(eventOf(provider, headers)).toBe(event);
});

const github = {
  ref: 'refs/heads/main',
  repository: {
    clone_url: 'https://github.com/Acme/shop.git',
    ssh_url: 'git@github.com:Acme/shop.git',
    html_url: 'https://github.com/Acme/shop',
  },
};
const bodies: readonly (readonly [WebhookProvider, object])[] = [
  ['github', github],
  ['gitea', github],
  [
    'gitlab',
    {
      ref: 'refs/heads/main',
      project: { git_http_url: 'https://github.com/Acme/shop.git', git_ssh_url: 'git@github.com:Acme/shop.git' },
    },
  ],
  [
    'bitbucket',
    {
      repository: { links: { html: { href: 'https://github.com/Acme/shop' } } },
      push: { changes: [{ new: { type: 'branch', name: 'main' }, old: null }] },
    },
  ],
  [
    'bitbucket',
    {
      repository: { links: { clone: [{ href: 'https://github.com/Acme/shop.git' }] } },
      changes: [{ ref: { id: 'refs/heads/main' } }],
    },
  ],
  ['generic', { repository: 'ssh://git@github.com/acme/shop', ref: 'main' }],
];

describe.each(bodies)('a push of %s', (provider, sent) => {
  it.each([
    'https://github.com/acme/shop',
    'https://github.com/Acme/shop.git',
    'ssh://git@github.com:22/acme/shop.git',
    'git@github.com:acme/shop.git',
    'https://github.com:443/acme/shop/',
  ])('touches a source at %s that follows the branch', (url) => {
    expect(isTouched({ url, ref: 'main' }, readPush(provider, sent))).toBe(true);
    expect(isTouched({ url, ref: 'release' }, readPush(provider, sent))).toBe(false);
  });

  it.each([
    'https://github.com/acme/shop2',
    'https://github.com/acme',
    'https://github.example/acme/shop',
    'https://github.com:8443/acme/shop',
    'https://example.com/github.com/acme/shop',
  ])('does not touch a source at %s', (url) => {
    expect(isTouched({ url, ref: 'main' }, readPush(provider, sent))).toBe(false);
  });
});

it('finds a deleted branch, a tag, and everything where no ref is told', () => {
  const url = 'https://github.com/acme/shop';
  const gone = {
    repository: { links: { html: { href: url } } },
    push: { changes: [{ new: null, old: { type: 'tag', name: 'v1' } }] },
  };
  expect(isTouched({ url, ref: 'v1' }, readPush('bitbucket', gone))).toBe(true);
  expect(isTouched({ url, ref: 'any' }, readPush('generic', { repository: url }))).toBe(true);
  expect(() => readPush('github', { ref: 'refs/heads/main' })).toThrow('repository');
});
