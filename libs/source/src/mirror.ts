import { rm } from 'node:fs/promises';
import pLimit from 'p-limit';
import { FlotillaError, messageOf, RejectedError, type Logger } from '#kit';
import type { Commit } from '#ports';
import type { GitAccess } from './git-access.js';
import { beginMirror, isMirror, packBytes, placeMirror, sweepMirror } from './mirror-folder.js';
import { parseBatch, parseCommit, parseTree, type TreeEntry } from './parse-objects.js';
import { EXPORT_LIMITS, planExport } from './plan-export.js';
import { GitStopped, runGit, type GitCall, type GitOptions } from './run-git.js';
import { shareRuns } from './share-runs.js';
import { refNotFound, unreachable, withoutSecrets } from './source-errors.js';
import { writeExport } from './write-export.js';

export interface MirrorOptions {
  /** As it is shown. */
  readonly url: string;
  /** As git is given it. */
  readonly remote: string;
  /** Where the mirrors lie. */
  readonly root: string;
  /** This one's. */
  readonly folder: string;
  readonly git: GitOptions;
  /** Asked before each fetch. */
  readonly access: () => Promise<GitAccess>;
  readonly log: Logger;
  /** Of one fetch. */
  readonly timeoutMs: number;
  /** Of the mirror on the disk. */
  readonly maxBytes: number;
}

export interface Mirror {
  resolve(ref: string): Promise<Commit>;
  export(sha: string, folder: string): Promise<void>;
  treeIds(sha: string, paths: readonly string[]): Promise<readonly (string | null)[]>;
  isAncestor(sha: string, ancestor: string): Promise<boolean>;
}

const fullId = /^([0-9a-f]{40}|[0-9a-f]{64})$/;
/** As `git check-ref-format` has it, as far as it keeps a name from meaning something else to `git cat-file --batch`. */
const plainRef = /^(?!-)(?!.*(\.\.|@\{))[^\s~^:?*[\\\p{Cc}]{1,255}$/u;
const everyRef = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];
/** What git says of a repository whose own files are at fault, and also of a server's that is; only the first is looked into. */
const ofDamage =
  /bad object|corrupt|packfile|unable to (read|open)|necessary objects|missing (blob|tree|commit|object)|invalid sha1|not a valid|loose object|inflate|delta|not a git repository/i;
const localTimeoutMs = 60_000;
const mebibyte = 1024 * 1024;
/** Fetches that brought something between two looks at whether git wants to tidy up. */
const tidyEvery = 50;

/** A bare copy of one repository on the disk, made at first use and fetched into from then on. */
export function openMirror(options: MirrorOptions): Mirror {
  const { url, folder, git, log } = options;
  let ready = false;
  let damaged = false;
  let fetches = 0;
  /** Whatever writes to the mirror, one after the other: what one sweeps away is then no other's. */
  const writing = pLimit(1);

  const local = (args: readonly string[], call: Partial<GitCall> = {}): Promise<Buffer> =>
    runGit(git, { folder, args, timeoutMs: localTimeoutMs, maxOutputBytes: 32 * mebibyte, ...call });

  async function fetchInto(target: string, refs: readonly string[]): Promise<void> {
    const access = await options.access();
    const tooLarge = new AbortController();
    // git has no limit of its own for what a fetch brings.
    const watch = setInterval(() => {
      packBytes(target).then(
        (bytes) => bytes > options.maxBytes && tooLarge.abort(new GitStopped('too-large')),
        () => undefined,
      );
    }, 250);
    // --verbose: simple-git waits 50 ms more for a process that printed nothing.
    const flags = ['--verbose', '--prune', '--no-tags', '--force', '--no-write-fetch-head', '--no-auto-maintenance'];
    try {
      await runGit(git, {
        folder: target,
        args: ['fetch', ...flags, '--no-recurse-submodules', '--', options.remote, ...refs],
        timeoutMs: options.timeoutMs,
        maxOutputBytes: 32 * mebibyte,
        signal: tooLarge.signal,
        env: access.env,
      });
    } catch (error) {
      throw withoutSecrets(error, access.secrets);
    } finally {
      clearInterval(watch);
      await access.dispose();
    }
    if ((await packBytes(target)) > options.maxBytes) throw new GitStopped('too-large');
  }

  /** A clone is a fetch into a new folder that is put in place when it is whole: one that is there is never half of one. */
  async function clone(): Promise<void> {
    const made = await beginMirror(options.root);
    try {
      await local(['init', '--bare', '--template=', '.'], { folder: made });
      await fetchInto(made, everyRef);
      await placeMirror(made, folder);
    } catch (error) {
      await rm(made, { recursive: true, force: true });
      throw error;
    }
  }

  async function isWhole(): Promise<boolean> {
    try {
      await local(['rev-list', '--all', '--objects', '--quiet']);
      return true;
    } catch (error) {
      // One that is too large to be looked through in time is not damaged for that.
      return error instanceof GitStopped;
    }
  }

  async function update(): Promise<void> {
    try {
      const isNew = damaged || !(await isMirror(folder));
      if (isNew) await clone();
      else if (!ready) await sweepMirror(folder);
      ready = true;
      damaged = false;
      if (isNew) return;
      await fetchInto(folder, everyRef).catch(async (error: unknown) => {
        await sweepMirror(folder);
        if (error instanceof GitStopped || !ofDamage.test(messageOf(error)) || (await isWhole())) throw error;
        log.warn({ url }, 'the mirror is damaged and is made anew');
        await clone();
      });
    } catch (error) {
      throw unreachable(url, folder, error);
    }
    fetches += 1;
    if (fetches % tidyEvery === 0) {
      const settings = ['-c', 'gc.auto=2000', '-c', 'gc.autoPackLimit=40', '-c', 'gc.autoDetach=false'];
      const tidying = writing(() =>
        local([...settings, 'gc', '--auto', '--quiet', '--prune=90.days.ago'], { timeoutMs: 600_000 }),
      );
      tidying.catch((error: unknown) => log.warn({ url, err: error }, 'the mirror could not be tidied up'));
    }
  }

  const fetchShared = shareRuns(() => writing(update));

  /** Reads from the mirror; where that fails because the mirror is damaged, once more from a new one. */
  async function read<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof FlotillaError) throw error;
      if (error instanceof GitStopped || (await isWhole())) throw unreachable(url, folder, error);
      log.warn({ url }, 'the mirror is damaged and is made anew');
      damaged = true;
      await fetchShared();
      return await work().catch((again: unknown) => {
        throw again instanceof FlotillaError ? again : unreachable(url, folder, again);
      });
    }
  }

  async function find(ref: string): Promise<Commit | null> {
    if (!(await isMirror(folder))) return null;
    const names = fullId.test(ref) ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`];
    if (/^refs\/(heads|tags)\//.test(ref)) names.unshift(ref);
    const stdin = names.map((name) => `${name}^{commit}\n`).join('');
    const objects = parseBatch(await local(['cat-file', '--batch'], { stdin }));
    const found = objects.find((object) => object?.type === 'commit') ?? null;
    return found && parseCommit(found);
  }

  async function knownRefs(): Promise<readonly string[]> {
    const args = ['for-each-ref', '--format=%(refname:lstrip=2)', '--count=500', 'refs/heads', 'refs/tags'];
    return (await local(args)).toString('utf8').split('\n').filter(Boolean);
  }

  async function resolve(ref: string): Promise<Commit> {
    const named = fullId.test(ref);
    if (!named && !plainRef.test(ref)) throw refNotFound(url, ref.slice(0, 255), []);
    // A commit never changes: what is here already needs nobody's answer.
    const here = named ? await find(ref) : null;
    if (here !== null) return here;
    await fetchShared();
    const found = await read(() => find(ref));
    if (found !== null) return found;
    if (named) {
      // On no branch any more; some servers hand it out by its id all the same.
      await writing(() => fetchInto(folder, [ref])).catch((error: unknown) =>
        log.debug({ url, ref, err: error }, 'no such commit'),
      );
      const unnamed = await find(ref);
      if (unnamed !== null) return unnamed;
    }
    throw refNotFound(url, ref, await knownRefs());
  }

  async function readContents(entries: readonly TreeEntry[]): Promise<readonly Uint8Array[]> {
    const bytes = entries.reduce((sum, entry) => sum + entry.size + 128, 0);
    const stdin = entries.map((entry) => `${entry.id}\n`).join('');
    const objects = parseBatch(await local(['cat-file', '--batch'], { stdin, maxOutputBytes: bytes + mebibyte }));
    return entries.map((entry, index) => {
      const object = objects[index];
      if (object?.type !== 'blob') throw new Error(`the mirror lacks ${entry.id}`);
      return object.content;
    });
  }

  async function listTree(sha: string): Promise<readonly TreeEntry[]> {
    try {
      if (!(await isMirror(folder))) throw new Error('there is no mirror yet');
      return parseTree(await local(['ls-tree', '-r', '-z', '-l', '--full-tree', sha]));
    } catch (error) {
      if (error instanceof GitStopped && error.why !== 'closed') {
        throw new RejectedError('tree-too-large', `The commit ${sha} has more files than this hub takes.`);
      }
      throw error;
    }
  }

  return {
    resolve,
    async treeIds(sha, paths) {
      await resolve(sha);
      const stdin = paths.map((path) => `${sha}:${path === '.' ? '' : path}\n`).join('');
      const told = await read(() => local(['cat-file', '--batch-check=%(objectname)'], { stdin }));
      const lines = told.toString('utf8').split('\n');
      return paths.map((_, index) => (fullId.test(lines[index] ?? '') ? (lines[index] ?? null) : null));
    },
    async isAncestor(sha, ancestor) {
      await resolve(sha);
      const { sha: known } = await resolve(ancestor);
      const base = await read(() => local(['merge-base', sha, known]).catch(() => Buffer.alloc(0)));
      return base.toString('utf8').trim() === known;
    },
    async export(sha, target) {
      if (!fullId.test(sha)) throw refNotFound(url, sha.slice(0, 255), []);
      // The mirror may be younger than the release: a data folder that was lost is fetched anew.
      const entries = await listTree(sha).catch(async (error: unknown) => {
        if (error instanceof RejectedError) throw error;
        log.debug({ url, sha, err: error }, 'not in the mirror as it is');
        await resolve(sha);
        return read(() => listTree(sha));
      });
      await writeExport(planExport(entries, EXPORT_LIMITS), target, (chunk) => read(() => readContents(chunk)));
    },
  };
}
