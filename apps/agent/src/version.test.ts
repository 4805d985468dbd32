import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { AGENT_VERSION } from './version.js';

it('is the version of the package', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(AGENT_VERSION).toBe(version);
});
