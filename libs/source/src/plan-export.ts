import { RejectedError } from '#kit';
import type { TreeEntry } from './parse-objects.js';

export interface ExportLimits {
  /** Files and symlinks of one commit. */
  readonly maxFiles: number;
  /** Bytes of all of them together. */
  readonly maxBytes: number;
}

export const EXPORT_LIMITS: ExportLimits = { maxFiles: 50_000, maxBytes: 256 * 1024 * 1024 };

/** What an export will write: folders first, parents before children; then files; symlinks last. */
export interface ExportPlan {
  readonly folders: readonly string[];
  readonly files: readonly TreeEntry[];
  readonly symlinks: readonly TreeEntry[];
}

/**
 * Checks a tree before anything is written. A tree is bytes from a stranger: git itself lets a hand-made one hold `..`, `.git`,
 * or the same name as a symlink and as a folder, which would lead a writer out of its folder.
 * @throws RejectedError `tree-too-large`, `tree-invalid`
 */
export function planExport(entries: readonly TreeEntry[], limits: ExportLimits): ExportPlan {
  const kept = entries.filter((entry) => entry.kind !== 'submodule');
  if (kept.length > limits.maxFiles) {
    throw tooLarge(`has ${kept.length} files; at most ${limits.maxFiles} are taken`);
  }
  const bytes = kept.reduce((sum, entry) => sum + entry.size, 0);
  if (bytes > limits.maxBytes) throw tooLarge(`has ${bytes} bytes; at most ${limits.maxBytes} are taken`);
  for (const { kind, size, path } of kept) {
    if (kind === 'symlink' && size > maxPathBytes)
      throw invalid(path, `is a symlink of more than ${maxPathBytes} bytes`);
  }
  const leaves = new Set<string>();
  const folders = new Set<string>();
  for (const { path } of kept) {
    const parts = path.split('/');
    checkPath(path, parts);
    for (const part of parts) checkName(part, path);
    if (leaves.has(path)) throw invalid(path, 'is there twice');
    leaves.add(path);
    for (let depth = 1; depth < parts.length; depth += 1) folders.add(parts.slice(0, depth).join('/'));
  }
  for (const folder of folders) if (leaves.has(folder)) throw invalid(folder, 'is both a file and a folder');
  return {
    folders: [...folders],
    files: kept.filter((entry) => entry.kind === 'file'),
    symlinks: kept.filter((entry) => entry.kind === 'symlink'),
  };
}

/** Bytes of a path, and names in it: far from where the system's own limits end a write in the middle. */
const maxPathBytes = 1024;
const maxDepth = 64;

function checkPath(path: string, parts: readonly string[]): void {
  if (Buffer.byteLength(path) > maxPathBytes) throw invalid(path, `is a path of more than ${maxPathBytes} bytes`);
  if (parts.length > maxDepth) throw invalid(path, `is more than ${maxDepth} folders deep`);
}

function checkName(part: string, path: string): void {
  if (part === '' || part === '.' || part === '..') throw invalid(path, 'leads through "." or ".."');
  if (part.toLowerCase() === '.git') throw invalid(path, 'is inside a ".git" folder');
  if (/[\p{Cc}\\]/u.test(part)) throw invalid(path, 'has a control character or a backslash in its name');
  if (Buffer.byteLength(part) > 255) throw invalid(path, 'has a name of more than 255 bytes');
}

const maxHops = 40;
/** Of all symlinks together: each may be a long walk through the others. */
const maxSteps = 500_000;

/**
 * Follows every symlink as the operating system would, through other symlinks too, without touching the disk.
 * Comparing texts is not enough: where `a/b` leads to `..`, `a/b/../..` is outside although it looks inside.
 * @param targets path of the symlink -> its text
 * @throws RejectedError `symlink-escapes`; `tree-too-large` where it takes too long
 */
export function checkSymlinks(targets: ReadonlyMap<string, string>): void {
  let steps = 0;
  for (const [path, target] of targets) {
    // What is still to be walked, the next one last.
    const pending = split(path, target).reverse();
    pending.push(...path.split('/').slice(0, -1).reverse());
    const at: string[] = [];
    let hops = 0;
    for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
      if (part === '' || part === '.') continue;
      steps += 1;
      if (steps > maxSteps) throw tooLarge('has symlinks that lead through each other too often');
      if (part === '..') {
        if (at.length === 0) throw escapes(path, target);
        at.pop();
        continue;
      }
      at.push(part);
      if (at.length > maxDepth) throw escapes(path, target);
      const here = at.join('/');
      const next = targets.get(here);
      if (next === undefined) continue;
      hops += 1;
      if (hops > maxHops) throw invalidLink(path, target);
      at.pop();
      pending.push(...split(path, next).reverse());
    }
  }
}

function split(path: string, target: string): string[] {
  if (target.startsWith('/') || target.includes('\0')) throw escapes(path, target);
  return target.split('/');
}

function escapes(path: string, target: string): RejectedError {
  const shown = JSON.stringify(target.slice(0, 200));
  return new RejectedError('symlink-escapes', `${path} is a symlink to ${shown}, which leaves the repository.`, {
    path,
  });
}

function invalidLink(path: string, target: string): RejectedError {
  const shown = JSON.stringify(target.slice(0, 200));
  return new RejectedError('symlink-escapes', `${path} is a symlink to ${shown}, which leads in a circle.`, { path });
}

function tooLarge(reason: string): RejectedError {
  return new RejectedError('tree-too-large', `The commit ${reason}.`);
}

function invalid(path: string, reason: string): RejectedError {
  return new RejectedError('tree-invalid', `${JSON.stringify(path.slice(0, 300))} of the commit ${reason}.`);
}
