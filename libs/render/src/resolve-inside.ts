import { lstat, readlink, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { RejectedError } from '#kit';

export interface Inside {
  /** With every symlink followed. */
  readonly real: string;
  /** Below the root, with `/`; `.` is the root itself. */
  readonly relative: string;
  readonly kind: 'file' | 'folder';
  /** Symlinks that lead there, below the root: where one of them changes, so does what the text names. */
  readonly links: readonly string[];
}

/** Who names a path, for messages: `overlays/dev/kustomization.yaml: resources`. Empty: the application's own `spec.path`. */
export type NamedBy = string;

/**
 * Finds what a text of the repository names, and makes sure that it lies in the repository, symlinks followed.
 * @param root real path of the exported commit
 * @param from folder that the text is relative to, below the root
 * @returns null where there is nothing
 * @throws RejectedError `path-escapes`
 */
export async function resolveInside(
  root: string,
  from: string,
  text: string,
  namedBy: NamedBy,
): Promise<Inside | null> {
  const shown = JSON.stringify(text.slice(0, 200));
  const escapes = (how: string): RejectedError =>
    new RejectedError('path-escapes', `${namedBy} names ${shown}, which ${how}.`, { path: text.slice(0, 200) });
  if (path.isAbsolute(text) || text.startsWith('~')) throw escapes('is not a path inside the repository');
  if (/[\p{Cc}\\]/u.test(text)) throw escapes('has a control character or a backslash in it');
  const lexical = path.resolve(root, from, text);
  if (!isWithin(root, lexical)) throw escapes('leaves the repository');
  let real: string;
  try {
    real = await realpath(lexical);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ELOOP') throw escapes('is a symlink that leads in a circle');
    return null;
  }
  if (!isWithin(root, real)) throw escapes('leaves the repository through a symlink');
  const found = await stat(real);
  if (!found.isFile() && !found.isDirectory()) throw escapes('is neither a file nor a folder');
  return {
    real,
    relative: below(root, real),
    kind: found.isFile() ? 'file' : 'folder',
    links: real === lexical ? [] : await linksTo(root, lexical),
  };
}

/** The symlinks that the system follows on its way to a path; there is an end to them, for it has come there. */
async function linksTo(root: string, lexical: string): Promise<readonly string[]> {
  const links = new Set<string>();
  const rest = path.relative(root, lexical).split(path.sep);
  let at = root;
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    const here = path.resolve(at, name);
    if (name === '' || !(await lstat(here)).isSymbolicLink()) {
      at = here;
      continue;
    }
    if (isWithin(root, here)) links.add(below(root, here));
    const target = await readlink(here);
    if (path.isAbsolute(target)) at = path.parse(target).root;
    rest.unshift(...target.split('/'));
  }
  return [...links];
}

function below(root: string, real: string): string {
  return path.relative(root, real).split(path.sep).join('/') || '.';
}

function isWithin(root: string, candidate: string): boolean {
  return candidate === root || candidate.startsWith(root.endsWith(path.sep) ? root : root + path.sep);
}
