import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';

const root = path.resolve(import.meta.dirname, '../..');
let folder;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-reporter-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run(files) {
  for (const [name, contents] of Object.entries(files)) writeFileSync(path.join(folder, name), contents);
  const config = {
    rootDir: folder,
    transform: {},
    reporters: ['default', path.join(root, 'test/helpers/closing-line-reporter.mjs')],
  };
  const args = [path.join(root, 'node_modules/jest/bin/jest.js'), '--config', JSON.stringify(config), '--no-watchman'];
  const { stdout, status } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', timeout: 60_000 });
  return { status, last: stdout.split('\n').at(-2), ends: stdout.endsWith('\n') };
}

it('prints the totals alone on the last line', () => {
  const files = { 'a.test.js': 'it("a", () => {}); it("b", () => {}); it.skip("c", () => {});' };
  expect(run(files)).toEqual({ status: 0, last: '2 passed, 0 failed, 1 skipped', ends: true });
});

it('counts a file that does not load as a failure', () => {
  const files = {
    'a.test.js': 'it("a", () => { throw new Error("x"); });',
    'b.test.js': 'it("b", () => {}); throw 1;',
  };
  expect(run(files)).toMatchObject({ status: 1, last: '0 passed, 2 failed, 0 skipped' });
});
