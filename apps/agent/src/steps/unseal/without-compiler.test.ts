import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { carryFiles, type JsonObject, sealOf } from '#domain';
import { build } from 'esbuild';
import { load } from 'js-yaml';

const folder = path.join(import.meta.dirname, 'fixtures');
/** As the agent's image runs it: parts of Node do not load then. */
const FLAGS = ['--jitless', '--optimize-for-size'];

describe('what SOPS encrypted, in a process without a compiler', () => {
  it('is decrypted all the same', async () => {
    const scratch = await mkdtemp(path.join(os.tmpdir(), 'flotilla-jitless-'));
    try {
      const entry = path.join(import.meta.dirname, 'open-object.ts');
      const outfile = path.join(scratch, 'open-object.mjs');
      const banner = {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      };
      await build({
        bundle: true,
        platform: 'node',
        format: 'esm',
        target: 'node20',
        conditions: ['source'],
        entryPoints: [entry],
        outfile,
        banner,
        logLevel: 'error',
      });
      const file = await readFile(path.join(folder, 'secret.enc.yaml'), 'utf8');
      const sealed = load(file) as JsonObject;
      const [object] = carryFiles([sealed], new Map([[sealOf(sealed) ?? '', file]]));
      const keys = (await readFile(path.join(folder, 'keys.txt'), 'utf8'))
        .split('\n')
        .filter((line) => /^AGE/.test(line));
      await writeFile(path.join(scratch, 'input.json'), JSON.stringify({ object, file, seal: sealOf(sealed), keys }));
      await writeFile(path.join(scratch, 'main.mjs'), MAIN);
      const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, 'main.mjs'], { cwd: scratch });
      expect(JSON.parse(stdout)).toMatchObject({ stringData: { user: 'shop-reader-v3ry-s3cret' } });
    } finally {
      await rm(scratch, { recursive: true });
    }
  }, 60_000);
});

const MAIN = `
import { readFileSync } from 'node:fs';
import { ObjectOpener } from './open-object.mjs';
const { object, file, seal, keys } = JSON.parse(readFileSync('input.json', 'utf8'));
const opener = new ObjectOpener({ of: 'a/b', isThere: true, identities: keys }, new Map([[seal, file]]));
process.stdout.write(JSON.stringify((await opener.open(object)).object));
`;
