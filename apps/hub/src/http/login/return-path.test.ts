import { expect, it } from '@jest/globals';
import { returnPath, SIGNED_IN_PATH } from './return-path.js';

it.each(['/', '/rollouts/web-3', '/clusters?labels=env%3Dprod&limit=10'])('returns to %s', (path) => {
  expect(returnPath(path)).toBe(path);
});

it.each([
  undefined,
  '',
  'https://evil.example',
  '//evil.example',
  '/\\evil.example',
  '/\t/evil.example',
  '/..//evil.example',
  '/./\\evil.example',
  '/%0d%0aset-cookie:x=y\r\n',
  'javascript:alert(1)',
  '/#https://evil.example',
  'evil.example',
  '/auth/logout',
  '/x/../auth/login',
  `/${'x'.repeat(2000)}`,
])('does not go to %p', (path) => {
  expect(returnPath(path)).toBe(SIGNED_IN_PATH);
});
