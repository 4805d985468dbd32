import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runFlotilla } from '../../../../test/helpers/run-flotilla.js';

const run = promisify(execFile);

/** In a real bash, with a `flotilla` that answers what it is told to and keeps what it was asked. */
describe('the script for bash', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'flotilla-completion-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function pressTab(line: string, answer: readonly string[]): Promise<{ words: string; offered: string[] }> {
    const program = path.join(folder, 'flotilla');
    await writeFile(path.join(folder, 'answer'), `${answer.join('\n')}\n`);
    await writeFile(program, `#!/bin/sh\nprintf '<%s>' "$@" > '${folder}/asked'\ncat '${folder}/answer'\n`);
    await chmod(program, 0o755);
    await writeFile(path.join(folder, 'script'), (await runFlotilla(['completion', 'bash'])).out);
    const typed = `source '${folder}/script'; COMP_LINE=$1; COMP_POINT=\${#1}; _flotilla; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await run('bash', ['--norc', '-c', typed, 'bash', line], {
      cwd: folder,
      env: { PATH: `${folder}:${process.env['PATH'] ?? ''}` },
    });
    return { words: await readFile(path.join(folder, 'asked'), 'utf8'), offered: stdout.split('\n').filter(Boolean) };
  }

  it('asks with the words before the cursor, and offers what comes back without the descriptions', async () => {
    expect(await pressTab('flotilla rollout p', ['pause\tStop a rollout', 'promote\tEnd a soak', ':done'])).toEqual({
      words: '<__complete><rollout><p>',
      offered: ['pause', 'promote'],
    });
    expect((await pressTab('flotilla get ', ['clusters', ':done'])).words).toBe('<__complete><get><>');
  });

  it('offers after an = and a : only what comes after it, as bash parts words there', async () => {
    expect((await pressTab('flotilla get clusters --output=js', ['--output=json', ':done'])).offered).toEqual(['json']);
  });

  it('offers files where the value is one', async () => {
    await writeFile(path.join(folder, 'fleet.yaml'), '');
    expect((await pressTab('flotilla apply -f fl', [':files'])).offered.sort()).toEqual(['fleet.yaml', 'flotilla']);
  });
});

describe('the hidden verb behind the scripts', () => {
  it('answers a line a candidate, and how to go on, without a hub', async () => {
    expect((await runFlotilla(['__complete', 'unfr'])).out).toBe('unfreeze\tLift the freeze\n:done\n');
    expect((await runFlotilla(['__complete', 'get', 'cluster', ''])).out).toBe(':done\n');
    expect((await runFlotilla(['__complete', 'apply', '-f', ''])).out).toBe(':files\n');
    expect((await runFlotilla(['__complete'])).out).toContain('describe\t');
  });
});
