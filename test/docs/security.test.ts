import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from '@jest/globals';
import prettier from 'prettier';
import type { AttemptTable } from '../helpers/attempts.js';

const FILE = 'docs/security.md';
const FOLDER = 'test/trust';
const BEGIN = '<!-- attempts: made by the tests -->';

/** `UPDATE_DOCS=1 npm run jest -- test/docs` writes the tables anew. */
it('the attempts in the docs are those that the tests make', async () => {
  const tables = await readTables();
  const names = tables.flatMap(({ test, attempts }) => attempts.map(({ name }) => `${test}: ${name}`));
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  for (const { test } of tables) expect(await readFile(test, 'utf8')).toContain('attempts');

  const text = await readFile(FILE, 'utf8');
  const [page = ''] = text.split(BEGIN);
  const wanted = await prettier.format([page.trimEnd(), BEGIN, ...tables.map(section)].join('\n\n'), {
    parser: 'markdown',
    printWidth: 120,
  });
  if (process.env['UPDATE_DOCS'] === '1') await writeFile(FILE, wanted);
  expect(await readFile(FILE, 'utf8')).toBe(wanted);
}, 120_000);

/** What each file of attempts exports, in the order of their files' names. */
async function readTables(): Promise<readonly AttemptTable<never>[]> {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.attempts.ts')).sort();
  const tables: (readonly AttemptTable<never>[])[] = [];
  // One after the other: jest can't link what several of them import at the same time.
  for (const name of files) {
    const found: unknown = await import(pathToFileURL(path.resolve(FOLDER, name)).href);
    const exported = Object.values(found as object).filter(isTable);
    expect(`${name} ${exported.length > 0}`).toBe(`${name} true`);
    tables.push(exported);
  }
  return tables.flat();
}

function isTable(value: unknown): value is AttemptTable<never> {
  return typeof value === 'object' && value !== null && 'attempts' in value && 'who' in value;
}

function section({ title, who, test, attempts }: AttemptTable<never>): string {
  const line = (...cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [
    `### ${title}`,
    `${who} ${attempts.length} attempts, in \`${test}\`.`,
    [
      line('Attempt', 'What stops it'),
      line('---', '---'),
      ...attempts.map(({ name, stoppedBy }) => line(name, stoppedBy)),
    ].join('\n'),
  ].join('\n\n');
}
