import { rm } from 'node:fs/promises';
import pLimit from 'p-limit';
import { FlotillaError, messageOf, type Logger } from '#kit';
import type { Commit } from '#ports';
import { fetchInto, partialSettings, wantsWhole, type FetchOptions, type FetchTerms } from './mirror-fetch.js';
import { beginMirror, isMirror, isPartial, isShallow, markPartial, placeMirror, sweepMirror } from './mirror-folder.js';
import { readTrees, type MirrorTree } from './mirror-tree.js';
import { parseBatch, parseCommit } from './parse-objects.js';
import { pickVersions, type VersionRange } from './pick-version.js';
import { GitStopped, runGit, type GitCall } from './run-git.js';
import { shareRuns } from './share-runs.js';
import { refNotFound, unreachable } from './source-errors.js';

export interface MirrorOptions extends FetchOptions {
  /** As it is shown. */
  readonly url: string;
  /** Where the mirrors lie. */
  readonly root: string;
  /** This one's. */
  readonly folder: string;
  /** Whether less than all of the repository is brought where the server can do that. */
  readonly partial: boolean;
  readonly log: Logger;
}

export interface Mirror extends MirrorTree {
  resolve(ref: string): Promise<Commit>;
  /** The newest tag within a range. */
  resolveVersion(range: VersionRange): Promise<Commit>;
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
/** Tags of versions that may be of something else than a commit. */
const maxTagsTried = 20;

export function isFullId(ref: string): boolean {
  return fullId.test(ref);
}

/** A bare copy of one repository on the disk, made at first use and fetched into from then on. */
export function openMirror(options: MirrorOptions): Mirror {
  const { url, folder, git, log } = options;
  let ready = false;
  let damaged = false;
  let fetches = 0;
  /** The server has shown that it hands out nothing but all of it. */
  let whole = !options.partial;
  /** Commits whose history was deepened to its beginning. */
  const deepened = new Set<string>();
  /** Whatever writes to the mirror, one after the other: what one sweeps away is then no other's. */
  const writing = pLimit(1);

  const local = (args: readonly string[], call: Partial<GitCall> = {}): Promise<Buffer> =>
    runGit(git, { folder, args, timeoutMs: localTimeoutMs, maxOutputBytes: 32 * mebibyte, ...call });
  const fetchHere = async (terms: Omit<FetchTerms, 'folder' | 'partial'>): Promise<void> =>
    fetchInto(options, { folder, partial: await isPartial(folder), ...terms });

  /** A clone is a fetch into a new folder that is put in place when it is whole: one that is there is never half of one. */
  async function clone(): Promise<void> {
    const made = await beginMirror(options.root);
    const partial = !whole;
    try {
      await local(['init', '--bare', '--template=', '.'], { folder: made });
      if (partial) await markPartial(made);
      await fetchInto(options, { folder: made, partial, refs: everyRef, depth: 'tip' });
      await placeMirror(made, folder);
      deepened.clear();
    } catch (error) {
      await rm(made, { recursive: true, force: true });
      if (!partial || !wantsWhole(error)) throw error;
      await cloneWhole();
    }
  }

  async function cloneWhole(): Promise<void> {
    log.info({ url }, 'the server hands out whole repositories only: all of it is fetched');
    whole = true;
    await clone();
  }

  async function isWhole(): Promise<boolean> {
    try {
      const lacking = (await isPartial(folder)) ? ['--missing=allow-any'] : [];
      await local(['rev-list', '--all', '--objects', '--quiet', ...lacking]);
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
      await fetchHere({ refs: everyRef }).catch(async (error: unknown) => {
        await sweepMirror(folder);
        if (wantsWhole(error) && (await isPartial(folder))) return cloneWhole();
        if (error instanceof GitStopped || !ofDamage.test(messageOf(error)) || (await isWhole())) throw error;
        log.warn({ url }, 'the mirror is damaged and is made anew');
        await clone();
      });
    } catch (error) {
      throw unreachable(url, folder, error);
    }
    fetches += 1;
    if (fetches % tidyEvery === 0) {
      writing(tidy).catch((error: unknown) => log.warn({ url, err: error }, 'the mirror could not be tidied up'));
    }
  }

  async function tidy(): Promise<void> {
    const partial = (await isPartial(folder)) ? partialSettings(options.remote) : [];
    const settings = ['-c', 'gc.auto=2000', '-c', 'gc.autoPackLimit=40', '-c', 'gc.autoDetach=false', ...partial];
    await local([...settings, 'gc', '--auto', '--quiet', '--prune=90.days.ago'], { timeoutMs: 600_000 });
  }

  const fetchShared = shareRuns(() => writing(update));

  /** Brings more of what is there already than the fetches of refs did. */
  const bring = (terms: Omit<FetchTerms, 'folder' | 'partial'>): Promise<void> =>
    writing(async () => {
      try {
        await fetchHere(terms).catch((error: unknown) => {
          if (!wantsWhole(error)) throw error;
          return cloneWhole();
        });
      } catch (error) {
        await sweepMirror(folder);
        throw unreachable(url, folder, error);
      }
    });
  const trees = readTrees({ folder, local, bring });

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

  async function knownRefs(prefixes: readonly string[], more: readonly string[]): Promise<readonly string[]> {
    const args = ['for-each-ref', '--format=%(refname:lstrip=2)', ...more, ...prefixes];
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
      await bring({ refs: [ref], depth: 'tip' }).catch((error: unknown) =>
        log.debug({ url, ref, err: error }, 'no such commit'),
      );
      const unnamed = await find(ref);
      if (unnamed !== null) return unnamed;
    }
    throw refNotFound(url, ref, await knownRefs(['refs/heads', 'refs/tags'], ['--count=500']));
  }

  /** Whether the history that is here has it. */
  async function hasBehind(sha: string, ancestor: string): Promise<boolean> {
    const base = await local(['merge-base', sha, ancestor]).catch((error: unknown) => {
      if (error instanceof GitStopped) throw unreachable(url, folder, error);
      return Buffer.alloc(0);
    });
    return base.toString('utf8').trim() === ancestor;
  }

  return {
    resolve,
    async resolveVersion(range) {
      await fetchShared();
      const tags = await read(() => knownRefs(['refs/tags'], []));
      const picked = pickVersions(tags, range, { of: url, field: 'spec.semver' });
      for (const tag of picked.slice(0, maxTagsTried)) {
        const found = await read(() => find(`refs/tags/${tag}`));
        if (found !== null) return { ...found, tag };
      }
      throw refNotFound(url, `refs/tags/${picked[0] ?? ''}`, []);
    },
    async isAncestor(sha, ancestor) {
      if (!fullId.test(ancestor)) return false;
      if (await hasBehind(sha, ancestor)) return true;
      await resolve(sha);
      if (!deepened.has(sha) && (await isShallow(folder))) {
        await bring({ refs: [sha], depth: 'whole' });
        deepened.add(sha);
      }
      return await hasBehind(sha, ancestor);
    },
    object: (name) => read(() => trees.object(name)),
    async ids(sha, paths) {
      await resolve(sha);
      return read(() => trees.ids(sha, paths));
    },
    async list(sha, paths) {
      if (!fullId.test(sha)) throw refNotFound(url, sha.slice(0, 255), []);
      // The mirror may be younger than the release: a data folder that was lost is fetched anew.
      return trees.list(sha, paths).catch(async (error: unknown) => {
        if (error instanceof FlotillaError) throw error;
        log.debug({ url, sha, err: error }, 'not in the mirror as it is');
        await resolve(sha);
        return read(() => trees.list(sha, paths));
      });
    },
    submodules: (sha) => read(() => trees.submodules(sha)),
    contents: (entries) => read(() => trees.contents(entries)),
  };
}
