import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { copyFile, cp, lstat, mkdir, mkdtemp, readFile, readlink, rm, symlink } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { createLogger, findProgram, kustomize } from '#kit';
import { parseObjects } from './parse-yaml.js';
import { openRenderer } from './render.js';

const log = createLogger({ level: 'silent' });
const golden = path.join(import.meta.dirname, 'golden', 'kustomize');
const cases = readdirSync(golden);
const overlays: Readonly<Record<string, string>> = { 'line-endings-and-letters': 'überlagerung-β' };

describe('what is rendered of a kustomization equals what kustomize prints for it', () => {
  let kustomizePath: string;
  let scratch: string;

  beforeAll(async () => {
    kustomizePath = (await findProgram(kustomize, { log })).path;
    scratch = await mkdtemp(path.join(tmpdir(), 'flotilla-golden-'));
  }, 120_000);
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  it.each(cases)(
    '%s',
    async (name) => {
      const overlay = `${name}/${overlays[name] ?? 'overlay'}`;
      const expected = await readFile(path.join(golden, name, 'expected.yaml'), 'utf8');
      // By hand, with no fence: what is kept beside it is what this version prints.
      const { stdout } = await promisify(execFile)(kustomizePath, ['build', overlay], { cwd: golden });
      expect(stdout).toBe(expected);

      const renderer = openRenderer({ kustomizePath, log, scratchFolder: scratch });
      const rendered = await renderer.render({ folder: golden, path: overlay, renderer: 'auto' });
      const { objects, reads } = rendered;
      expect(objects).toEqual(parseObjects(expected, 'expected.yaml'));

      // Nothing but what it says that it reads is needed.
      expect(reads.every((each) => each.startsWith(`${name}/`))).toBe(true);
      const alone = path.join(scratch, name);
      for (const each of reads) await copyAlone(path.join(golden, each), path.join(alone, each));
      const again = await renderer.render({ folder: alone, path: overlay, renderer: 'auto' });
      expect(again).toEqual({ ...rendered, tool: expect.stringMatching(/^kustomize v5/), warnings: [] });
    },
    60_000,
  );

  it('covers the odd ones', () => {
    expect(cases.length).toBeGreaterThanOrEqual(25);
  });
});

async function copyAlone(from: string, to: string): Promise<void> {
  const found = await lstat(from).catch(() => null);
  if (found === null) return;
  await mkdir(path.dirname(to), { recursive: true });
  if (found.isSymbolicLink()) await symlink(await readlink(from), to);
  else if (found.isFile()) await copyFile(from, to);
  else await cp(from, to, { recursive: true, verbatimSymlinks: true });
}
