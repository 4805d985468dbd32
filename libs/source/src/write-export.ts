import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { BugError, RejectedError } from '#kit';
import { checkSymlinks, type ExportPlan } from './plan-export.js';
import type { TreeEntry } from './parse-objects.js';

/** Bytes and files that are held in memory at once. */
const chunkBytes = 8 * 1024 * 1024;
const chunkFiles = 1000;
const parallelWrites = 16;
const pointer = /^version https:\/\/(git-lfs\.github\.com|hawser\.github\.com)\/spec\//;

/** The contents of these entries, in their order. */
export type ReadContents = (entries: readonly TreeEntry[]) => Promise<readonly Uint8Array[]>;

/**
 * Writes a checked plan into an empty folder, which is made where it is missing. Where something is refused, the folder is empty again.
 * @throws RejectedError `symlink-escapes`, `tree-invalid`, `lfs-pointer`
 */
export async function writeExport(plan: ExportPlan, folder: string, read: ReadContents): Promise<void> {
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0) throw new BugError('export-not-empty', 'An export needs an empty folder.');
  await writeInto(plan, folder, read).catch(async (error: unknown) => {
    for (const name of await readdir(folder)) await rm(path.join(folder, name), { recursive: true, force: true });
    throw error;
  });
}

async function writeInto(plan: ExportPlan, folder: string, read: ReadContents): Promise<void> {
  const links = new Map<string, string>();
  // Before anything is written: a refused commit leaves nothing behind.
  for (const chunk of chunksOf(plan.symlinks)) {
    const texts = await read(chunk);
    chunk.forEach((entry, index) => links.set(entry.path, Buffer.from(texts[index] ?? []).toString('utf8')));
  }
  checkSymlinks(links);
  for (const each of plan.folders) await mkdir(path.join(folder, each)).catch(unlessThere(each));
  for (const chunk of chunksOf(plan.files)) {
    const contents = await read(chunk);
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let index = next++; index < chunk.length; index = next++) {
        const entry = chunk[index];
        const content = contents[index];
        if (entry === undefined || content === undefined) continue;
        refusePointer(entry.path, content);
        await writeFile(path.join(folder, entry.path), content, { flag: 'wx', mode: 0o644 }).catch(
          unlessThere(entry.path),
        );
      }
    };
    await Promise.all(Array.from({ length: Math.min(parallelWrites, chunk.length) }, worker));
  }
  // Last, so that no file is ever written through one.
  for (const [link, target] of links) await symlink(target, path.join(folder, link)).catch(unlessThere(link));
}

/** Git LFS keeps contents elsewhere; in the repository is a text of a few lines that says which. */
function refusePointer(name: string, content: Uint8Array): void {
  if (content.length > 1024 || !pointer.test(Buffer.from(content.subarray(0, 64)).toString('latin1'))) return;
  throw new RejectedError(
    'lfs-pointer',
    `${name} is kept in Git LFS, and its contents are not in the repository: put it into Git itself (git lfs migrate export --include=…), ` +
      'or take it out of the folders that are read.',
    { path: name },
  );
}

function unlessThere(name: string): (error: unknown) => never {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new RejectedError(
      'tree-invalid',
      `${JSON.stringify(name)} of the commit differs from another name by letter case alone, which this disk cannot hold.`,
    );
  };
}

function* chunksOf(entries: readonly TreeEntry[]): Generator<readonly TreeEntry[]> {
  let chunk: TreeEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    if (chunk.length > 0 && (bytes + entry.size > chunkBytes || chunk.length >= chunkFiles)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(entry);
    bytes += entry.size;
  }
  if (chunk.length > 0) yield chunk;
}
