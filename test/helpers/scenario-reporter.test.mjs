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

function run(test, ...more) {
  writeFileSync(path.join(folder, 'a.test.js'), test);
  const reporter = (name) => path.join(root, `test/helpers/${name}-reporter.mjs`);
  const config = {
    rootDir: folder,
    transform: {},
    reporters: ['default', reporter('closing-line'), [reporter('scenario'), { scenarios: 2 }]],
  };
  const program = path.join(root, 'node_modules/jest/bin/jest.js');
  const args = [program, '--config', JSON.stringify(config), '--no-watchman', ...more];
  const { stdout, status } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', timeout: 60_000 });
  return { status, last: stdout.trimEnd().split('\n').slice(-2) };
}
const all = (...bodies) => bodies.map((body, index) => `it("${index}", () => { ${body} });`).join(' ');

it('counts the scenarios on the last line, below the line that sums the tests', () => {
  const last = ['2 passed, 0 failed, 0 skipped', '{"scenarios":2,"escaped":0}'];
  expect(run(all('', ''))).toEqual({ status: 0, last });
});

it('counts as escaped whatever did not end as it should', () => {
  const last = ['1 passed, 1 failed, 0 skipped', '{"scenarios":2,"escaped":1}'];
  expect(run(all('', 'throw 1;'))).toEqual({ status: 1, last });
});

it('fails when a scenario is missing, unless a part of them was asked for', () => {
  const last = ['1 passed, 0 failed, 0 skipped', '{"scenarios":1,"escaped":0}'];
  expect(run(all(''))).toEqual({ status: 1, last });
  expect(run(all('', 'throw 1;'), '--testNamePattern', '0')).toMatchObject({ status: 0 });
  expect(run(all(''), 'a.test')).toEqual({ status: 0, last });
});
