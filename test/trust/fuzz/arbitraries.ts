import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { PUBLIC, ROUTES } from '../authorization.routes.js';
import { SECRET } from '../fuzz.scene.js';

/** Texts that have broken programs before. */
const nasty = fc.constantFrom(
  ...[
    '',
    ' ',
    '\u0000',
    '\ud800',
    '\u202e',
    '../../etc/passwd',
    '%00',
    '%2e%2e%2f',
    '%',
    "' or 1=1 --",
    '$(id)',
    '{{a}}',
  ],
  ...['__proto__', 'constructor', 'toString', 'null', 'NaN', '-1', '1e309', '99999999999999999999', 'a'.repeat(300)],
  ...['web', 'shop', 'dev-1', 'web-1', 'all', 'é'.repeat(64), '\n', '\u001b[2J', 'a=b,c!=d', '!(', 'in ()', SECRET],
);
export const junk: fc.Arbitrary<unknown> = fc.oneof(
  nasty,
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(2 ** 53, -0, 1e300, [], {}, [[]], null, true, Array(2000).fill('a'), {
    a: { b: { c: {} } },
  }),
);

const document = (kind: string, name: string, spec: object): object => ({
  apiVersion: 'flotilla.dev/v1',
  kind,
  metadata: { name },
  spec,
});
const application = document('Application', 'web', {
  source: 'shop',
  path: 'web/{{ labels.env }}',
  strategy: 'all',
  placement: { selector: { matchLabels: { env: 'dev' } } },
});
const strategy = document('Strategy', 'all', {
  waves: [{ name: 'one', maxConcurrency: '10%', healthyFor: '10m', after: [{ type: 'approval', name: 'yes' }] }],
});
/** Bodies that some route takes: what is sent is one of these, spoilt somewhere. */
const bodies: readonly object[] = [
  {},
  { documents: [application, strategy, document('Source', 'shop', { url: 'https://example.com/a', ref: 'main' })] },
  application,
  strategy,
  { name: 'x', labels: { env: 'dev' }, namespaces: ['a'], reason: 'because' },
  { labels: { env: 'prod' } },
  {
    name: 'x',
    role: 'viewer',
    email: 'a@example.org',
    ttl: '1h',
    scope: { applications: ['a-*'], clusters: { matchLabels: {} } },
  },
  { role: 'operator', subject: { kind: 'group', value: 'team' }, scope: { applications: ['a'] } },
  { name: 'hook', provider: 'github', reason: 'because' },
  { kind: 'https', host: 'example.com', username: 'git', password: SECRET },
  { kind: 'ssh', host: 'example.com', privateKey: SECRET, knownHosts: `example.com ssh-ed25519 ${SECRET}` },
  { wave: 'one', gate: 'yes', reason: 'because', version: 1 },
  { applications: ['web'], to: 1, reason: 'because' },
  { release: 1, revision: 'a'.repeat(40), reason: 'because' },
  { runs: 2, seed: 1, clusters: 10 },
  { token: SECRET, publicKey: 'U'.repeat(56), proof: 'x', name: 'dev-1', protocol: 1, facts: {} },
  { code: SECRET, verifier: SECRET, codeVerifier: SECRET },
  { clusters: ['dev-1'], workloads: 'leave', confirm: true },
];

/** A value with one place of it replaced, left out, or wrapped. */
export function spoil(value: unknown, at: number, by: unknown): unknown {
  const places: ((it: unknown) => unknown)[] = [];
  const walk = (it: unknown, put: (root: unknown, replaced: unknown) => unknown): void => {
    places.push(
      () => put(value, by),
      () => put(value, [it]),
      () => put(value, undefined),
    );
    if (typeof it !== 'object' || it === null) return;
    for (const key of Object.keys(it)) {
      walk((it as Record<string, unknown>)[key], (root, replaced) => put(root, withKey(it, key, replaced)));
    }
    places.push(() => put(value, withKey(it, String(by), by)));
  };
  walk(value, (_root, replaced) => replaced);
  return places[at % places.length]?.(value);
}

function withKey(it: object, key: string, value: unknown): unknown {
  const copy = Array.isArray(it) ? [...(it as unknown[])] : { ...it };
  Object.defineProperty(copy, key, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}

export const spoilt = fc
  .tuple(fc.constantFrom(...bodies), fc.nat(400), junk)
  .map(([body, at, by]) => spoil(body, at, by))
  .map((value) => JSON.stringify(value) ?? '');
/** What is no JSON, or more than any JSON. */
export const notJson: fc.Arbitrary<string | Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  spoilt.map((text) => text.slice(0, -1)),
  fc.constantFrom<string | Uint8Array>(
    '['.repeat(50_000),
    `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
    '{"a":1,"a":2,"__proto__":{"x":1}}',
    `{"a":${'9'.repeat(10_000)}}`,
    `{"${'k'.repeat(100_000)}":1}`,
    '"\\ud800"',
    gzipSync(Buffer.alloc(1_000_000)),
  ),
);

const routes = [...Object.keys(ROUTES), ...Object.keys(PUBLIC)]
  // Another authority would end the connections that the other attempts are made on.
  .filter((route) => !route.startsWith('POST /api/v1/trust'));
export const segment = fc.oneof(nasty, fc.string({ maxLength: 40 })).map((text) => encodeSafely(text));
const place = fc.oneof(fc.constantFrom('web', 'web-1', 'shop', 'all', 'dev-1', 'Source'), segment);
export const address = fc
  .tuple(fc.constantFrom(...routes), fc.array(place, { minLength: 2, maxLength: 2 }))
  .map(([route, [first = '', second = '']]) => {
    const [method = '', path = ''] = route.split(' ');
    const filled = path.replace(/:\w+/, () => first).replace(/:\w+/, () => second);
    return { method, path: filled };
  });
const queryNames = [
  'limit',
  'after',
  'cursor',
  'selector',
  'labels',
  'application',
  'cluster',
  'state',
  'order',
  'at',
  'q',
];
export const query = fc
  .array(fc.tuple(fc.oneof(fc.constantFrom(...queryNames), nasty), fc.oneof(nasty, fc.string({ maxLength: 60 }))), {
    minLength: 1,
    maxLength: 6,
  })
  .map((pairs) => pairs.map(([name, value]) => `${encodeSafely(name)}=${encodeSafely(value)}`).join('&'));

function encodeSafely(text: string): string {
  return encodeURIComponent(text.replace(/\p{Cs}/gu, '?'));
}

export const JSON_TYPE = { 'content-type': 'application/json' };
const visible = fc.string({ maxLength: 60 }).map((text) => text.replace(/[^\x20-\x7e]/g, '?'));
export const headers = fc.dictionary(
  fc.constantFrom(
    ...[
      'authorization',
      'cookie',
      'content-type',
      'accept',
      'origin',
      'x-forwarded-for',
      'x-forwarded-proto',
      'forwarded',
    ],
    ...[
      'last-event-id',
      'idempotency-key',
      'if-match',
      'range',
      'content-encoding',
      'host',
      'x-request-id',
      'traceparent',
    ],
    ...['x-http-method-override', 'upgrade-insecure-requests', 'flotilla-request', 'accept-encoding', 'te'],
  ),
  fc.oneof(
    visible,
    fc.constantFrom(
      `Bearer ${SECRET}`,
      'Bearer ',
      `Basic ${SECRET}`,
      'a'.repeat(5000),
      '-1',
      '__Host-flotilla=%',
      '*/*;q=9',
    ),
    fc.constantFrom(
      'application/json; charset=utf-16',
      'multipart/form-data',
      'text/plain',
      'null',
      '127.0.0.1, ::1',
      ',,,',
    ),
  ),
  { maxKeys: 6 },
);
