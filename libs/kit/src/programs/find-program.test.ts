import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { findProgram } from './find-program.js';
import { type Program } from './known-programs.js';

const program: Program = {
  name: 'frigate',
  setting: 'FLOTILLA_FRIGATE',
  minimum: '2.0.0',
  versionArguments: ['version'],
  build: { package: 'example.com/frigate', version: '2.5.0', minimumGo: '1.26.0', seconds: 1 },
};

let folder: string;
let lines: string[];
const log = { info: (line: string): unknown => lines.push(line) };
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-find-'));
  lines = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function script(file: string, body: string): Promise<string> {
  const whole = path.join(folder, file);
  await mkdir(path.dirname(whole), { recursive: true });
  await writeFile(whole, `#!/bin/sh\n${body}\n`);
  await chmod(whole, 0o755);
  return whole;
}

/** A `go` that takes a moment, notes each install, and makes a frigate of the version that it was asked for. */
const go = (version: string, install = '') =>
  script(
    'bin/go',
    `if [ "$1" = env ]; then echo go${version}; exit; fi
     echo "$*" >> "${folder}/installs"; sleep 0.3; ${install}
     printf '#!/bin/sh\\necho v2.5.0\\n' > "$GOBIN/frigate"; chmod +x "$GOBIN/frigate"`,
  );

const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  PATH: `${folder}/bin:/usr/bin:/bin`,
  XDG_CACHE_HOME: `${folder}/cache`,
  HOME: folder,
  ...more,
});
const cache = (): string => path.join(folder, 'cache/flotilla/tools');
const installs = async (): Promise<string[]> => (await readFile(`${folder}/installs`, 'utf8')).trim().split('\n');

it('takes the one that the setting names before any other', async () => {
  await script('bin/frigate', 'echo v9.0.0');
  const file = await script('mine/frigate', 'echo frigate 2.1');
  const found = await findProgram(program, { log, env: env({ FLOTILLA_FRIGATE: file }) });
  expect(found).toEqual({ path: file, version: '2.1.0', from: 'setting' });
});

it.each([
  ['is missing', '/nowhere/frigate', undefined, /FLOTILLA_FRIGATE is \/nowhere\/frigate, where there is no file/],
  ['is relative', 'frigate', undefined, /not an absolute path/],
  ['is too old', 'mine/frigate', 'echo v1.9.9', /which is frigate 1\.9\.9: 2\.0\.0 or newer is needed/],
  ['does not run', 'mine/frigate', 'exit 3', /does not run as frigate/],
])('refuses a set program that %s, and looks for no other', async (_case, file, body, message) => {
  await script('bin/frigate', 'echo v9.0.0');
  const value = body === undefined ? file : await script(file, body);
  await expect(findProgram(program, { log, env: env({ FLOTILLA_FRIGATE: value }) })).rejects.toMatchObject({
    code: 'program-setting-bad',
    message: expect.stringMatching(message),
  });
});

it('takes the first on PATH that is new enough', async () => {
  await script('old/frigate', 'echo v1.0.0');
  const file = await script('new/frigate', 'echo v2.0.0');
  const found = await findProgram(program, { log, env: env({ PATH: `.:${folder}/old:${folder}/new` }) });
  expect(found).toEqual({ path: file, version: '2.0.0', from: 'path' });
});

it('builds into the cache where there is none, says so, and finds it there the next time', async () => {
  await go('1.26.8');
  const file = path.join(cache(), 'frigate-2.5.0/frigate');
  expect(await findProgram(program, { log, env: env() })).toEqual({ path: file, version: '2.5.0', from: 'built' });
  expect(lines).toEqual([
    'Building frigate 2.5.0 with Go 1.26.8, once; this takes about 1 s on two cores …',
    expect.stringMatching(/^Built frigate 2\.5\.0 in \d+\.\d s$/),
  ]);
  expect(await findProgram(program, { log, env: env() })).toMatchObject({ path: file, from: 'cache' });
  expect(await installs()).toEqual(['install -trimpath example.com/frigate@v2.5.0']);
  expect(await readdir(cache())).toEqual(['frigate-2.5.0']);
});

it('builds once when many ask at once', async () => {
  await go('1.26.8');
  const found = await Promise.all(Array.from({ length: 5 }, () => findProgram(program, { log, env: env() })));
  expect(found.map((each) => each.from).sort()).toEqual(['built', 'cache', 'cache', 'cache', 'cache']);
  expect(await installs()).toHaveLength(1);
  expect(lines).toContainEqual(expect.stringMatching(/^Another process .* is building frigate-2\.5\.0; waiting/));
});

it('builds again what lies broken in the cache', async () => {
  await go('1.26.8');
  await script('cache/flotilla/tools/frigate-2.5.0/frigate', 'exit 1');
  expect(await findProgram(program, { log, env: env() })).toMatchObject({ from: 'built' });
});

it('tells the end of what Go said when a build fails, and leaves nothing in the cache', async () => {
  await go('1.26.8', 'echo "module not found" >&2; exit 1;');
  await expect(findProgram(program, { log, env: env() })).rejects.toMatchObject({
    code: 'program-build-failed',
    message: 'go install example.com/frigate@v2.5.0 failed: module not found',
  });
  expect(await readdir(cache())).toEqual([]);
});

it('gives up a build that takes too long', async () => {
  await go('1.26.8', 'exec sleep 20;');
  await expect(findProgram(program, { log, env: env(), limitMs: 500 })).rejects.toThrow(/failed: .*SIGKILL/);
});

it('names the program, the minimum and the ways to get it where nothing helps', async () => {
  await script('bin/frigate', 'echo v1.0.0');
  await expect(findProgram(program, { log, env: env({ PATH: `${folder}/bin` }) })).rejects.toMatchObject({
    code: 'program-missing',
    message:
      `frigate 2.0.0 or newer is needed and was not found (${folder}/bin/frigate is 1.0.0): put it on PATH, ` +
      'name it in FLOTILLA_FRIGATE, or install Go 1.26.0 or newer, with which it is built by itself.',
  });
});

it('does not build with a Go that is too old', async () => {
  await go('1.22.1');
  await expect(findProgram(program, { log, env: env() })).rejects.toThrow(
    /or install Go 1\.26\.0 or newer \(1\.22\.1 is here\)/,
  );
});

it('tells in one sentence that the cache cannot be written', async () => {
  await go('1.26.8');
  await writeFile(`${folder}/file`, '');
  await expect(findProgram(program, { log, env: env({ XDG_CACHE_HOME: `${folder}/file` }) })).rejects.toMatchObject({
    code: 'tool-cache-unwritable',
    message: expect.stringMatching(/^The tool cache .* cannot be written .*XDG_CACHE_HOME\.$/),
  });
});
