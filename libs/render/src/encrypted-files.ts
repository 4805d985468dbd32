import { lstat, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type JsonObject, sealOf } from '#domain';

/** Of a commit, what a render read. */
export interface ReadPlace {
  /** Real path of the exported commit. */
  readonly root: string;
  /** Files and folders below it. */
  readonly paths: readonly string[];
}

const SEALED = 'ENC[AES256_GCM,';
/** A larger file is none that an object, or the lines of a Secret, come of. */
const MOST_BYTES = 1024 * 1024;
const MOST_FILES = 50_000;

/**
 * The files as they stand in Git that encrypted objects came of, by the code over all their values. An object that was made in
 * another way, as of a template, has none. Nothing is read where nothing is encrypted.
 */
export async function findEncryptedFiles(
  objects: readonly JsonObject[],
  places: readonly ReadPlace[],
): Promise<ReadonlyMap<string, string>> {
  const wanted = new Set(objects.map(sealOf).filter((seal) => seal !== null));
  const found = new Map<string, string>();
  if (wanted.size === 0) return found;
  let files = 0;
  for (const { root, paths } of places) {
    for await (const file of filesOf(paths.map((each) => path.join(root, each)))) {
      files += 1;
      if (wanted.size === 0 || files > MOST_FILES) return found;
      const text = await textOf(file);
      if (!text?.includes(SEALED)) continue;
      for (const seal of wanted) {
        if (!text.includes(seal)) continue;
        found.set(seal, text);
        wanted.delete(seal);
      }
    }
  }
  return found;
}

/** What is to be told of encrypted objects whose file was not found, as sentences. */
export function lostFiles(objects: readonly JsonObject[], found: ReadonlyMap<string, string>): readonly string[] {
  return objects
    .filter((object) => {
      const seal = sealOf(object);
      return seal !== null && !found.has(seal);
    })
    .map(({ kind, metadata }) => {
      const { name } = (metadata ?? {}) as JsonObject;
      const title = [kind, name].filter((each) => typeof each === 'string').join(' ');
      return `${title.slice(0, 300)} is encrypted, and the file that it comes of was not found, so that its cluster will refuse it: write it as a file of its own under resources, of at most 1 MiB`;
    });
}

/** No symlink is followed: where one leads was read by the name that it has there. */
async function* filesOf(paths: readonly string[]): AsyncGenerator<string> {
  for (const each of paths) {
    const found = await lstat(each).catch(() => null);
    if (found?.isFile() === true && found.size <= MOST_BYTES) yield each;
    if (found?.isDirectory() !== true) continue;
    const names = (await readdir(each)).sort();
    yield* filesOf(names.map((name) => path.join(each, name)));
  }
}

/** Null: it is no text, or no longer there. */
async function textOf(file: string): Promise<string | null> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
  } catch {
    return null;
  }
}
