import { expect, it } from '@jest/globals';
import { redactText, redactValue } from './redact.js';

const seed = `SU${'A'.repeat(56)}`;
const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl';
const token = `fj_${'x'.repeat(43)}`;

it.each([
  ['fetch https://bob:hunter2@git.example/x.git failed', 'hunter2'],
  ['fetch https://ghp_sEcReT@github.example/x.git failed', 'sEcReT'],
  [`nkey ${seed} refused`, seed],
  [`jwt=${jwt};`, jwt],
  [`GET /join/${token}/agent.yaml`, token],
  ['authorization: Bearer abcdefghijkl', 'abcdefghijkl'],
  ['-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----', 'MIIB'],
  ['-----BEGIN EC PRIVATE KEY-----\nMIIB cut off', 'MIIB'],
])('takes the secret out of %p', (text, secret) => {
  expect(redactText(text)).not.toContain(secret);
  expect(redactText(text)).toContain('[redacted]');
});

it.each([
  'ssh://git@example.com/team/repo.git',
  'git@example.com:team/repo.git',
  'https://example.com/a@b',
  'commit 0123abcd',
])('leaves %p as it is', (text) => {
  expect(redactText(text)).toBe(text);
});

it('hides values by their keys at any depth, and keeps what only speaks of secrets', () => {
  const value = {
    user: { password: 'a', apiKey: 'b', tokenId: 'kept', tokens: 3 },
    headers: [{ Authorization: 'c', 'set-cookie': ['d'] }],
    private_key: { pem: 'e' },
    secretName: 'kept',
  };
  expect(redactValue(value)).toEqual({
    user: { password: '[redacted]', apiKey: '[redacted]', tokenId: 'kept', tokens: 3 },
    headers: [{ Authorization: '[redacted]', 'set-cookie': '[redacted]' }],
    private_key: '[redacted]',
    secretName: 'kept',
  });
});

it('bounds depth, number and size, also of a value that holds itself', () => {
  const loop: Record<string, unknown> = {
    many: Array.from({ length: 5_000 }, (_, i) => i),
    long: 'x'.repeat(1_000_000),
  };
  loop['self'] = loop;
  expect(JSON.stringify(redactValue(loop)).length).toBeLessThan(60_000);
});
