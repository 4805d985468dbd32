import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { keepingContext } from '../../../test/helpers/run-flotilla.js';
import { cliReference } from './cli-reference.js';
import { buildProgram } from './program.js';

it('docs/cli.md says what the commands say: `npm run docs:cli` writes it anew', async () => {
  const page = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
  expect(cliReference(await buildProgram(keepingContext().context, null))).toBe(page);
});
