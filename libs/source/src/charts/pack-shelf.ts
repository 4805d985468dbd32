import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { BugError, messageOf, type Logger } from '#kit';

export interface PackShelf {
  /** A pack that is what its name says; null: it is not kept. */
  get(place: string, digest: string): Promise<Buffer | null>;
  has(place: string, digest: string): Promise<boolean>;
  put(place: string, digest: string, pack: Buffer): Promise<void>;
}

export interface PackShelfOptions {
  /** The hub's alone; made where it is missing. */
  readonly folder: string;
  /** Of all packs; the one that was used longest ago goes first. */
  readonly maxBytes: number;
  readonly log: Logger;
}

const UNFINISHED = 'new-';

/**
 * Packed charts on the disk by place and digest, so that a release can be rendered again when nobody publishes them any more. What one place
 * published, with one credential, is not handed to another: a digest that somebody names in an index of his own gets him nothing.
 */
export function openPackShelf({ folder, maxBytes, log }: PackShelfOptions): PackShelf {
  const folderOf = (place: string): string =>
    path.join(folder, createHash('sha256').update(place).digest('hex').slice(0, 32));
  const fileOf = (place: string, digest: string): string => {
    // It becomes the name of a file.
    if (!/^[0-9a-f]{64}$/.test(digest)) throw new BugError('digest-odd', 'A pack is kept by 64 hexadecimal digits.');
    return path.join(folderOf(place), `${digest}.tgz`);
  };

  async function touch(file: string): Promise<boolean> {
    const now = new Date();
    return await utimes(file, now, now).then(
      () => true,
      () => false,
    );
  }

  async function sweep(kept: string): Promise<void> {
    const packs: { readonly file: string; readonly bytes: number; readonly usedAt: number }[] = [];
    for (const file of await filesIn(folder)) {
      const { size, mtimeMs } = await stat(file).catch(() => ({ size: 0, mtimeMs: 0 }));
      // A hub that was killed left it; one that is written now is no hour old.
      if (path.basename(file).startsWith(UNFINISHED)) {
        if (mtimeMs < Date.now() - 3_600_000) await rm(file, { force: true });
      } else packs.push({ file, bytes: size, usedAt: mtimeMs });
    }
    let bytes = packs.reduce((sum, pack) => sum + pack.bytes, 0);
    for (const pack of packs.sort((left, right) => left.usedAt - right.usedAt)) {
      if (bytes <= maxBytes) return;
      if (pack.file === kept) continue;
      await rm(pack.file, { force: true });
      bytes -= pack.bytes;
    }
  }

  return {
    async get(place, digest) {
      const file = fileOf(place, digest);
      const pack = await readFile(file).catch(() => null);
      if (pack === null) return null;
      if (digestOf(pack) !== digest) {
        log.warn({ file }, 'a kept chart is damaged and is fetched anew');
        await rm(file, { force: true });
        return null;
      }
      await touch(file);
      return pack;
    },
    has: async (place, digest) => touch(fileOf(place, digest)),
    async put(place, digest, pack) {
      const target = fileOf(place, digest);
      await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
      const made = path.join(path.dirname(target), `${UNFINISHED}${randomUUID()}`);
      try {
        await writeFile(made, pack, { mode: 0o600 });
        await rename(made, target);
      } catch (error) {
        await rm(made, { force: true });
        throw error;
      }
      await sweep(target).catch((error: unknown) =>
        log.warn({ error: messageOf(error, 200) }, 'kept charts could not be tidied up'),
      );
    },
  };
}

async function filesIn(folder: string): Promise<string[]> {
  const places = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const lists = await Promise.all(
    places
      .filter((place) => place.isDirectory() && /^[0-9a-f]{32}$/.test(place.name))
      .map(async ({ name }) =>
        (await readdir(path.join(folder, name)).catch(() => [])).map((file) => path.join(folder, name, file)),
      ),
  );
  return lists.flat();
}

export function digestOf(pack: Buffer): string {
  return createHash('sha256').update(pack).digest('hex');
}
