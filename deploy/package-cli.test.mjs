import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '..');

describe('the packed command line', () => {
  let folder = '';
  let tarball = '';
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'flotilla-packed-'));
    await run(process.execPath, [path.join(root, 'deploy/package-cli.mjs'), folder]);
    tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? '';
  }, 180_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const version = async () => JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')).version;

  it('is a tarball that npm installs without anything else', async () => {
    expect(tarball).toBe(`flotilla-cli-${await version()}.tgz`);
    const own = path.join(folder, 'own');
    await run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--prefix', own, path.join(folder, tarball)]);
    expect(await readdir(path.join(own, 'node_modules'))).toEqual(['.bin', '.package-lock.json', 'flotilla-cli']);
    const program = path.join(own, 'node_modules/.bin/flotilla');
    expect((await run(program, ['--version'])).stdout).toBe(`${await version()}\n`);
    expect((await run(program, ['help', 'get'])).stdout).toContain('flotilla get clusters -l env=prod');
  }, 120_000);

  it('is one program, which finds no Node and needs none', async () => {
    const program = path.join(folder, 'flotilla');
    const alone = { cwd: folder, env: { PATH: '' } };
    expect((await run(program, ['--version'], alone)).stdout).toBe(`${await version()}\n`);
    expect((await run(program, ['completion', 'bash'], alone)).stdout).toContain('complete -F _flotilla flotilla');
    // Every verb is in it, those that are loaded late too.
    await writeFile(path.join(folder, 'config'), 'no kubeconfig');
    const refused = await run(program, ['agent', 'uninstall', '--kubeconfig', 'config', '--yes'], alone).catch(
      (e) => e,
    );
    expect(refused.stderr).toMatch(/config/);
    expect(refused.stderr).not.toMatch(/Cannot find module|\n {4}at /);
    expect(refused.code).toBe(1);
  }, 120_000);
});
