import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { keepingContext } from '../../../test/helpers/run-flotilla.js';
import { cliReference } from './cli-reference.js';
import { buildProgram } from './program.js';

it('docs/cli.md says what the commands say: `npm run docs:cli` (or UPDATE_DOCS=1) writes it anew', async () => {
  const page = new URL('../../../docs/cli.md', import.meta.url);
  const text = cliReference(await buildProgram(keepingContext().context, null));
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(page, text);
  expect(text).toBe(readFileSync(page, 'utf8'));
});
