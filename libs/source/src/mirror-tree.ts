import { RejectedError } from '#kit';
import type { FetchTerms } from './mirror-fetch.js';
import { isMirror, isPartial } from './mirror-folder.js';
import { parseBatch, parseTree, type GitObject, type TreeEntry } from './parse-objects.js';
import { EXPORT_LIMITS } from './plan-export.js';
import { GitStopped, type GitCall } from './run-git.js';

export interface TreeTerms {
  readonly folder: string;
  /** A run of git that reads the mirror. */
  readonly local: (args: readonly string[], call?: Partial<GitCall>) => Promise<Buffer>;
  /** Brings objects that a partial mirror lacks. */
  readonly bring: (terms: Pick<FetchTerms, 'objects' | 'again'>) => Promise<void>;
}

export interface MirrorTree {
  /** A raw object, by whatever names it; null: there is none. */
  object(name: string): Promise<GitObject | null>;
  /** The files of a commit, their contents being there; those below `paths`, or all. */
  list(sha: string, paths?: readonly string[]): Promise<readonly TreeEntry[]>;
  contents(entries: readonly TreeEntry[]): Promise<readonly Uint8Array[]>;
  ids(sha: string, paths: readonly string[]): Promise<readonly (string | null)[]>;
  /** Path of each submodule of a commit -> its address, as `.gitmodules` has them. */
  submodules(sha: string): Promise<ReadonlyMap<string, string>>;
}

const mebibyte = 1024 * 1024;
/** A path begins with no magic, and has no wildcards. */
const literally = { GIT_LITERAL_PATHSPECS: '1' };
/** Above this, looking for paths in a tree costs more than reading all of it. */
const maxPathspecs = 1000;

/** Reads trees and files of one mirror's commits. Errors are git's own: the caller knows whether the mirror is to be blamed. */
export function readTrees({ folder, local, bring }: TreeTerms): MirrorTree {
  async function object(name: string): Promise<GitObject | null> {
    return parseBatch(await local(['cat-file', '--batch'], { stdin: `${name}\n` }))[0] ?? null;
  }

  async function treeOf(sha: string): Promise<string | null> {
    const commit = await object(`${sha}^{commit}`);
    return /^tree ([0-9a-f]{40,64})\n/.exec(commit?.content.toString('latin1', 0, 100) ?? '')?.[1] ?? null;
  }

  /** `git ls-tree`; where trees are missing, once more with all trees of the commit: a server leaves out what it holds for known. */
  async function listed(sha: string, args: readonly string[], paths: readonly string[]): Promise<Buffer> {
    if (!(await isMirror(folder))) throw new Error('there is no mirror yet');
    const all = ['ls-tree', '-z', '--full-tree', ...args, sha, ...(paths.length > 0 ? ['--', ...paths] : [])];
    const run = (): Promise<Buffer> => local(all, { env: literally, maxOutputBytes: 64 * mebibyte });
    try {
      return await run().catch(async (error: unknown) => {
        const tree = error instanceof GitStopped || !(await isPartial(folder)) ? null : await treeOf(sha);
        if (tree === null) throw error;
        await bring({ objects: [tree], again: true });
        return run();
      });
    } catch (error) {
      if (error instanceof GitStopped && error.why !== 'closed') {
        throw new RejectedError('tree-too-large', `The commit ${sha} has more files than this hub takes.`);
      }
      throw error;
    }
  }

  async function list(sha: string, paths: readonly string[] = []): Promise<readonly TreeEntry[]> {
    const asked = paths.map(plain);
    const few = asked.includes('.') ? [] : asked;
    const look = async (missing?: Set<string>): Promise<readonly TreeEntry[]> => {
      const found = parseTree(await listed(sha, ['-r', '-l'], few), missing);
      const unsure = unsureParents(few, found);
      if (unsure.length === 0) return found;
      const parents = parseTree(await listed(sha, ['-l'], unsure), missing);
      return [...found, ...parents.filter(({ kind }) => kind === 'symlink' || kind === 'submodule')];
    };
    if (!(await isPartial(folder))) return look();
    const missing = new Set<string>();
    const entries = await look(missing);
    // So many are refused in any case.
    if (missing.size === 0 || entries.length > EXPORT_LIMITS.maxFiles) return entries;
    await bring({ objects: [...missing] });
    return look();
  }

  return {
    object,
    list,
    async contents(entries) {
      const bytes = entries.reduce((sum, entry) => sum + entry.size + 128, 0);
      const stdin = entries.map((entry) => `${entry.id}\n`).join('');
      const objects = parseBatch(await local(['cat-file', '--batch'], { stdin, maxOutputBytes: bytes + mebibyte }));
      return entries.map((entry, index) => {
        const found = objects[index];
        if (found?.type !== 'blob') throw new Error(`the mirror lacks ${entry.id}`);
        return found.content;
      });
    },
    async ids(sha, paths) {
      const asked = paths.map(plain);
      const wanted = new Set(asked.flatMap(withParents));
      const few = wanted.size <= maxPathspecs && !asked.includes('.');
      const output = await listed(sha, few ? ['-t'] : ['-r', '-t'], few ? [...wanted] : []);
      const found = parseIds(output, wanted);
      const root = asked.includes('.') ? await treeOf(sha) : null;
      return asked.map((path) => {
        if (path === '.') return root;
        const parents = withParents(path);
        // Nothing of a submodule is listed.
        return found.get(path)?.id ?? parents.map((each) => found.get(each)).find((each) => each?.pinned)?.id ?? null;
      });
    },
    async submodules(sha) {
      const [file] = await list(sha, ['.gitmodules']);
      if (file?.kind !== 'file' || file.size > mebibyte) return new Map();
      const asked = ['--no-includes', '-z', '--get-regexp', '^submodule\\..*\\.(path|url)$'];
      const told = await local(['config', '--blob', file.id, ...asked]).catch((error: unknown) => {
        if (error instanceof GitStopped) throw error;
        // No text that git can read names no addresses.
        return Buffer.alloc(0);
      });
      return parseSubmodules(told);
    },
  };
}

/** Parents of what was asked for that may be symlinks or submodules: nothing was found in them. */
function unsureParents(asked: readonly string[], found: readonly TreeEntry[]): readonly string[] {
  const folders = new Set(found.flatMap(({ path }) => withParents(path).slice(0, -1)));
  const parents = new Set(asked.flatMap((path) => withParents(path).slice(0, -1)));
  const given = new Set(found.map(({ path }) => path));
  return [...parents].filter((path) => !folders.has(path) && !given.has(path));
}

/** Reads the output of `git config -z --get-regexp`; of a name that is there twice the last counts, as it does to git. */
function parseSubmodules(output: Buffer): ReadonlyMap<string, string> {
  const named = new Map<string, { path?: string; url?: string }>();
  for (const line of output.toString('utf8').split('\0')) {
    const [, name = '', key, value] = /^submodule\.(.*)\.(path|url)\n(.*)$/s.exec(line) ?? [];
    if (key !== undefined) named.set(name, { ...named.get(name), [key]: value });
  }
  return new Map([...named.values()].flatMap(({ path, url }) => (path === undefined || !url ? [] : [[path, url]])));
}

/** Ids of the wanted paths in the output of `git ls-tree -z`. */
function parseIds(output: Buffer, wanted: ReadonlySet<string>): Map<string, { id: string; pinned: boolean }> {
  const found = new Map<string, { id: string; pinned: boolean }>();
  for (const line of output.toString('utf8').split('\0')) {
    const tab = line.indexOf('\t');
    const path = line.slice(tab + 1);
    if (tab < 0 || !wanted.has(path)) continue;
    const [mode, , id = ''] = line.slice(0, tab).split(' ');
    found.set(path, { id, pinned: mode === '160000' });
  }
  return found;
}

/** `a/b/c` -> `a`, `a/b`, `a/b/c`. */
function withParents(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** As git writes it: no `./` before and no slash after. */
function plain(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new RejectedError('path-invalid', `${JSON.stringify(path)} leads through "..".`);
  return parts.length === 0 ? '.' : parts.join('/');
}
