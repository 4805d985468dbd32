import { RejectedError } from '#kit';
import type { MirrorTree } from './mirror-tree.js';
import type { TreeEntry } from './parse-objects.js';
import type { ReadContents } from './write-export.js';

/** @throws RejectedError `submodule-refused` */
export type OpenSubmodule = (submodule: { readonly path: string; readonly address: string }) => Promise<OpenedTree>;

export interface OpenedTree {
  readonly tree: Pick<MirrorTree, 'list' | 'contents' | 'submodules'>;
  /** Opens the repository of a submodule of it; absent: submodules are refused. */
  readonly openSubmodule?: OpenSubmodule;
}

export interface GatheredTree {
  readonly entries: readonly TreeEntry[];
  readonly read: ReadContents;
}

/** Submodules within submodules, and of one commit in all. */
const maxDepth = 4;
const maxSubmodules = 50;

/**
 * The files of a commit and of the submodules in it, each at the commit that is pinned.
 * @throws RejectedError `submodule-refused`; what reading trees throws.
 */
export async function gatherTree(
  { tree, openSubmodule }: OpenedTree,
  sha: string,
  paths?: readonly string[],
): Promise<GatheredTree> {
  const owners = new Map<TreeEntry, OpenedTree['tree']>();
  let submodules = 0;

  async function gather(opened: OpenedTree, at: { sha: string; prefix: string; depth: number }): Promise<void> {
    // Which folders of a submodule are meant is not known before it is read.
    const listed = await opened.tree.list(at.sha, opened.openSubmodule ? undefined : paths);
    const pinned = listed.filter(({ kind }) => kind === 'submodule');
    for (const entry of listed) {
      if (entry.kind !== 'submodule') owners.set({ ...entry, path: at.prefix + entry.path }, opened.tree);
    }
    const [first] = pinned;
    if (first === undefined) return;
    const { openSubmodule: open } = opened;
    if (open === undefined) {
      throw submoduleRefused(
        at.prefix + first.path,
        'and this source takes none: set spec.submodules: true on the source, or take it out of the repository',
      );
    }
    submodules += pinned.length;
    if (submodules > maxSubmodules)
      throw submoduleRefused(at.prefix + first.path, `and one of more than ${maxSubmodules}`);
    if (at.depth >= maxDepth) throw submoduleRefused(at.prefix + first.path, `more than ${maxDepth} deep`);
    const addresses = await opened.tree.submodules(at.sha);
    for (const { path, id } of pinned) {
      const address = addresses.get(path);
      if (address === undefined) {
        throw submoduleRefused(
          at.prefix + path,
          'and .gitmodules has no address for it: add it, or take the folder out',
        );
      }
      const inner = await open({ path: at.prefix + path, address });
      await gather(inner, { sha: id, prefix: `${at.prefix}${path}/`, depth: at.depth + 1 });
    }
  }

  await gather({ tree, ...(openSubmodule && { openSubmodule }) }, { sha, prefix: '', depth: 0 });
  return {
    entries: [...owners.keys()],
    async read(entries) {
      const contents = new Map<TreeEntry, Uint8Array>();
      for (const [owner, own] of byOwner(entries, owners)) {
        const texts = await owner.contents(own);
        own.forEach((entry, index) => contents.set(entry, texts[index] ?? new Uint8Array()));
      }
      return entries.map((entry) => contents.get(entry) ?? new Uint8Array());
    },
  };
}

function byOwner(
  entries: readonly TreeEntry[],
  owners: ReadonlyMap<TreeEntry, OpenedTree['tree']>,
): Map<OpenedTree['tree'], TreeEntry[]> {
  const grouped = new Map<OpenedTree['tree'], TreeEntry[]>();
  for (const entry of entries) {
    const owner = owners.get(entry);
    if (owner === undefined) continue;
    const group = grouped.get(owner) ?? [];
    grouped.set(owner, group);
    group.push(entry);
  }
  return grouped;
}

export function submoduleRefused(path: string, why: string): RejectedError {
  return new RejectedError('submodule-refused', `${JSON.stringify(path.slice(0, 300))} is a submodule, ${why}.`, {
    path,
  });
}
