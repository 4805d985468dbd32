import { readFile, writeFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import prettier from 'prettier';
import { agentConfigSchema } from '../../apps/agent/src/agent.config.js';
import { hubConfigSchema } from '../../apps/hub/src/hub.config.js';
import { configTable } from '#kit';

const FILE = 'docs/settings.md';

/** `UPDATE_DOCS=1 npm run jest -- test/docs` writes the file anew. */
it('the table of settings in the docs is the one that the schemas make', async () => {
  const text = [
    '# Settings',
    'Environment variables, checked once at the start; a bad one ends the program with its name and the mend. Made from the schemas by `UPDATE_DOCS=1 npm run jest -- test/docs`.',
    '## The hub',
    configTable(hubConfigSchema),
    'Beside these, `FLOTILLA_NATS_SERVER`, `FLOTILLA_KUSTOMIZE` and `FLOTILLA_HELM` name those programs, where the ones on PATH are not to be used.',
    '## The agent',
    configTable(agentConfigSchema),
  ].join('\n\n');
  const wanted = await prettier.format(text, { parser: 'markdown', printWidth: 120 });
  if (process.env['UPDATE_DOCS'] === '1') await writeFile(FILE, wanted);
  expect(await readFile(FILE, 'utf8')).toBe(wanted);
});
