import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import path from 'node:path';
import { RejectedError } from '../errors.js';
import { buildWithGo, findGo, isGoNewEnough } from './build-with-go.js';
import { type Program } from './known-programs.js';
import { isAtLeast, readVersion } from './program-version.js';
import { runBriefly } from './run-briefly.js';
import { buildIntoCache, type ProgramLog, toolCacheFolder } from './tool-cache.js';

export interface FoundProgram {
  /** Absolute. */
  readonly path: string;
  /** `2.15.2`, or `unknown` where an explicitly set one doesn't tell. */
  readonly version: string;
  readonly from: 'setting' | 'path' | 'cache' | 'built';
}

export interface FindOptions {
  readonly log: ProgramLog;
  readonly env?: NodeJS.ProcessEnv;
  /** The tool cache unless told. */
  readonly cacheFolder?: string;
  /** How long a build, or waiting for another process' build, may take in milliseconds; ten minutes unless told. */
  readonly limitMs?: number;
}

/**
 * Finds a program: the one that its setting names, else one on PATH that is new enough, else the tool cache's, else it is built
 * into the cache with Go. Throws a RejectedError: `program-setting-bad`, `program-missing` (one sentence with the ways to get
 * it), `program-build-failed`, `tool-cache-unwritable`.
 */
export async function findProgram(program: Program, options: FindOptions): Promise<FoundProgram> {
  const env = options.env ?? process.env;
  const explicit = env[program.setting]?.trim();
  if (explicit) return await useSetting(program, explicit, env);
  const refused: string[] = [];
  const onPath = await searchPath(program, env, refused);
  if (onPath !== undefined) return onPath;
  return await useCache(program, { ...options, env }, refused);
}

async function useSetting(program: Program, file: string, env: NodeJS.ProcessEnv): Promise<FoundProgram> {
  const refuse = (why: string): RejectedError =>
    new RejectedError('program-setting-bad', `${program.setting} is ${file}, ${why}.`, { setting: program.setting });
  if (!path.isAbsolute(file)) throw refuse('which is not an absolute path');
  if (!(await isExecutable(file))) throw refuse('where there is no file that can be run: correct or unset it');
  const { output, problem } = await runBriefly(file, program.versionArguments, { env });
  if (problem !== undefined) throw refuse(`which does not run as ${program.name} (${problem}): correct or unset it`);
  const version = readVersion(output);
  if (version !== undefined && !isAtLeast(version, program.minimum)) {
    throw refuse(`which is ${program.name} ${version}: ${program.minimum} or newer is needed`);
  }
  return { path: file, version: version ?? 'unknown', from: 'setting' };
}

async function searchPath(
  program: Program,
  env: NodeJS.ProcessEnv,
  refused: string[],
): Promise<FoundProgram | undefined> {
  for (const folder of new Set((env['PATH'] ?? '').split(path.delimiter))) {
    // A relative entry would find another program in every folder that we are started from.
    if (!path.isAbsolute(folder)) continue;
    const file = path.join(folder, program.name);
    if (!(await isExecutable(file))) continue;
    const { output, problem } = await runBriefly(file, program.versionArguments, { env });
    const version = problem === undefined ? readVersion(output) : undefined;
    if (version !== undefined && isAtLeast(version, program.minimum)) return { path: file, version, from: 'path' };
    refused.push(`${file} is ${version ?? 'of no version that it tells'}`);
  }
  return undefined;
}

async function useCache(
  program: Program,
  { env, log, limitMs = 600_000, cacheFolder = toolCacheFolder(env) }: FindOptions & { env: NodeJS.ProcessEnv },
  refused: readonly string[],
): Promise<FoundProgram> {
  const { version, package: name, minimumGo, seconds } = program.build;
  const { folder, built } = await buildIntoCache({
    key: `${program.name}-${version}`,
    cacheFolder,
    log,
    limitMs,
    isWhole: async (where) => {
      const file = path.join(where, program.name);
      return (
        (await isExecutable(file)) && (await runBriefly(file, program.versionArguments, { env })).problem === undefined
      );
    },
    build: async (where) => {
      const go = await findGo(env);
      if (!isGoNewEnough(go, minimumGo)) throw missing(program, go, refused);
      log.info(`Building ${program.name} ${version} with Go ${go}, once; this takes about ${seconds} s on two cores …`);
      const started = performance.now();
      await buildWithGo({ package: name, version, folder: where, env, limitMs });
      log.info(`Built ${program.name} ${version} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
    },
  });
  return { path: path.join(folder, program.name), version, from: built ? 'built' : 'cache' };
}

function missing(program: Program, go: string | undefined, refused: readonly string[]): RejectedError {
  const { name, setting, minimum, build } = program;
  const found = refused.length === 0 ? '' : ` (${refused.join(', ')})`;
  const goes = go === undefined ? '' : ` (${go} is here)`;
  return new RejectedError(
    'program-missing',
    `${name} ${minimum} or newer is needed and was not found${found}: put it on PATH, name it in ${setting}, ` +
      `or install Go ${build.minimumGo} or newer${goes}, with which it is built by itself.`,
    { program: name, minimum, setting },
  );
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
