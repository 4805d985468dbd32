import { copyFile, cp, lstat, mkdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { JsonObject, JsonValue } from '#domain';
import type { CommitTree, CommitTrees } from './commit-tree.js';
import { failed } from './kustomization-file.js';

/**
 * Puts what an overlay reads of several commits into one folder, each in a folder of its own, with paths in place of the URLs that
 * kustomize would fetch. The commits themselves are shared with other renders and stay as they are.
 * @param scratch real path of an empty folder
 * @returns the application's own commit there, and what messages call the folders
 */
export async function layOutTrees(
  { own, all }: CommitTrees,
  scratch: string,
): Promise<{ readonly root: string; readonly names: Readonly<Record<string, string>> }> {
  const rootOf = (tree: CommitTree): string => path.join(scratch, folderName(tree, all.indexOf(tree)));
  for (const tree of all) {
    const root = rootOf(tree);
    for (const each of tree.reads.list()) await copy(tree.root, root, each);
    for (const [file, { fields, to }] of tree.rebased) {
      const from = path.join(root, path.dirname(file));
      const replaced = replaceTexts(fields, (text) => {
        const base = to.get(text);
        return base === undefined ? text : path.relative(from, path.join(rootOf(base.tree), base.folder));
      });
      // It may have been a symlink.
      await rm(path.join(root, file), { force: true });
      await writeFile(path.join(root, file), JSON.stringify(replaced));
    }
  }
  const others = all.filter((each) => each !== own).map((each) => [rootOf(each), each.name]);
  return { root: rootOf(own), names: Object.fromEntries(others) as Record<string, string> };
}

/** None of them the beginning of another; errors of kustomize may have it. */
function folderName({ name }: CommitTree, index: number): string {
  const last = name.slice(name.lastIndexOf('/') + 1).replace(/[^a-zA-Z0-9._-]/g, '-');
  return `${String(index).padStart(2, '0')}${last === '' ? '' : `-${last}`}`;
}

/** The same kustomization with other texts in the fields that may name a base. */
function replaceTexts(fields: JsonObject, replace: (text: string) => string): JsonObject {
  const replaced = ['resources', 'bases', 'components'].flatMap((field): [string, JsonValue][] => {
    const value = fields[field];
    if (!Array.isArray(value)) return [];
    return [[field, (value as JsonValue[]).map((each) => (typeof each === 'string' ? replace(each) : each))]];
  });
  return { ...fields, ...Object.fromEntries(replaced) };
}

/** A file, a symlink as it is, or a folder with all that is in it. */
async function copy(from: string, to: string, relative: string): Promise<void> {
  const source = path.join(from, relative);
  const target = path.join(to, relative);
  const found = await lstat(source).catch(() => null);
  if (found === null) return;
  await mkdir(path.dirname(target), { recursive: true });
  if (found.isSymbolicLink()) {
    const leads = await readlink(source);
    // An exported commit has none of these.
    if (path.isAbsolute(leads)) throw failed(`${relative} is a symlink to an absolute path`);
    await symlink(leads, target);
  } else if (found.isDirectory()) await cp(source, target, { recursive: true, verbatimSymlinks: true });
  else await copyFile(source, target);
}
