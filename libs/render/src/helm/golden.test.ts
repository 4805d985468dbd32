import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { JsonObject } from '#domain';
import { createLogger, findProgram, helm } from '#kit';
import type { HelmInput, RenderInput, Renderer } from '#ports';
import { parseObjects } from '../parse-yaml.js';
import { openRenderer } from '../render.js';

const log = createLogger({ level: 'silent' });
const golden = path.join(import.meta.dirname, '..', 'golden', 'helm');
const cases = readdirSync(golden, { withFileTypes: true }).flatMap((each) => (each.isDirectory() ? [each.name] : []));

/** `case.json`: what is not as it mostly is. */
interface GoldenCase {
  readonly chart?: string;
  readonly releaseName?: string;
  readonly namespace?: string;
  readonly kubeVersion?: string;
  readonly apiVersions?: readonly string[];
  /** Files of the case, later ones win. */
  readonly values?: readonly string[];
  /** A file of the values that the application has itself. */
  readonly own?: string;
  readonly skipCrds?: boolean;
  /** By hand its dependencies are to be put together first. */
  readonly build?: boolean;
  /** By hand it needs `--skip-schema-validation`. */
  readonly schema?: false;
  /** Hooks that Helm prints and the hub leaves out: `Pod shop-test`. */
  readonly leftOut?: readonly string[];
  readonly warnings?: readonly string[];
  readonly reads?: readonly string[];
}

describe('what is rendered of a chart equals what helm prints for it', () => {
  let helmPath: string;
  let renderer: Renderer;
  let scratch: string;

  beforeAll(async () => {
    const found = await findProgram(helm, { log });
    helmPath = found.path;
    scratch = await mkdtemp(path.join(tmpdir(), 'flotilla-golden-'));
    renderer = openRenderer({
      kustomizePath: '/nowhere/kustomize',
      findHelm: async () => found,
      scratchFolder: scratch,
      log,
    });
  }, 600_000);
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  async function run(...args: readonly string[]): Promise<string> {
    return (await promisify(execFile)(helmPath, [...args], { env: { HOME: scratch } })).stdout;
  }

  /** As a person would, with no fence and nothing of ours. */
  async function printByHand(name: string, its: GoldenCase): Promise<string> {
    const folder = path.join(scratch, 'by-hand', name);
    cpSync(path.join(golden, name), folder, { recursive: true, verbatimSymlinks: true });
    const chart = path.join(folder, its.chart ?? 'chart');
    if (its.build === true) {
      await run('dependency', 'build', path.join(folder, 'library/common'));
      await run('dependency', 'build', chart);
    }
    const args = ['template', its.releaseName ?? 'shop', chart, '--namespace', its.namespace ?? 'store'];
    args.push('--kube-version', `${its.kubeVersion ?? '1.33'}.0`);
    if (its.skipCrds !== true) args.push('--include-crds');
    if (its.schema === false) args.push('--skip-schema-validation');
    for (const each of its.apiVersions ?? []) args.push('--api-versions', each);
    for (const [index, each] of [...(its.values ?? []), ...(its.own === undefined ? [] : [its.own])].entries()) {
      const plain = path.join(folder, `values-${index}.yaml`);
      cpSync(path.join(folder, each), plain, { dereference: true });
      args.push('--values', plain);
    }
    return run(...args);
  }

  function inputOf(root: string, name: string, its: GoldenCase): RenderInput & { helm: HelmInput } {
    const own = its.own === undefined ? {} : parseObjects(readFileSync(path.join(golden, name, its.own)), its.own)[0];
    return {
      folder: root,
      path: path.posix.join(name, its.chart ?? 'chart'),
      renderer: 'auto',
      helm: {
        releaseName: its.releaseName ?? 'shop',
        namespace: its.namespace ?? 'store',
        valuesFiles: (its.values ?? []).map((each) => ({
          folder: root,
          path: `${name}/${each}`,
          optional: false,
          name: each,
        })),
        values: own ?? {},
        kubeVersion: its.kubeVersion ?? '1.33',
        apiVersions: its.apiVersions ?? [],
        includeCrds: its.skipCrds !== true,
        random: 'refuse',
      },
    };
  }

  it.each(cases)(
    '%s',
    async (name) => {
      const its = JSON.parse(readFileSync(path.join(golden, name, 'case.json'), 'utf8')) as GoldenCase;
      const printed = await printByHand(name, its);
      if (process.env['UPDATE_GOLDEN'] === '1') await writeFile(path.join(golden, name, 'expected.yaml'), printed);
      expect(printed).toBe(readFileSync(path.join(golden, name, 'expected.yaml'), 'utf8'));

      const { objects, reads, warnings, tool } = await renderer.render(inputOf(golden, name, its));
      const all = parseObjects(printed, 'expected.yaml');
      const leftOut = new Set(its.leftOut);
      expect(all.filter((each) => leftOut.has(nameOf(each)))).toHaveLength(leftOut.size);
      expect(objects).toEqual(all.filter((each) => !leftOut.has(nameOf(each))));
      expect(tool).toMatch(/^helm v4\.\d+\.\d+$/);
      expect(warnings).toEqual(its.warnings ?? []);
      expect(reads).toEqual(
        its.reads ??
          [path.posix.join(name, its.chart ?? 'chart'), ...(its.values ?? []).map((each) => `${name}/${each}`)].sort(),
      );

      // Nothing but what it says that it reads is needed.
      const alone = path.join(scratch, 'alone');
      for (const each of reads) copyAlone(path.join(golden, each), path.join(alone, each));
      expect(await renderer.render(inputOf(alone, name, its))).toEqual({ objects, reads, warnings, tool });
    },
    60_000,
  );

  it('covers the odd ones', () => {
    expect(cases.length).toBeGreaterThanOrEqual(25);
  });
});

function nameOf(object: JsonObject): string {
  return `${object['kind'] as string} ${(object['metadata'] as { readonly name?: string } | undefined)?.name ?? ''}`;
}

function copyAlone(from: string, to: string): void {
  mkdirSync(path.dirname(to), { recursive: true });
  const found = lstatSync(from);
  if (found.isSymbolicLink()) symlinkSync(readlinkSync(from), to);
  else if (found.isFile()) copyFileSync(from, to);
  else cpSync(from, to, { recursive: true, verbatimSymlinks: true });
}
