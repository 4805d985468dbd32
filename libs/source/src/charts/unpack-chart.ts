import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Entry, type Headers } from 'tar-stream';
import { BugError, FlotillaError, messageOf, RejectedError } from '#kit';

export interface UnpackLimits {
  readonly maxFiles: number;
  /** Of all that the pack becomes, the archive's own blocks too. */
  readonly maxBytes: number;
  /** Of one file. */
  readonly maxFileBytes: number;
  /** How often more a pack of any size may become than it was. */
  readonly maxRatio: number;
}

/** Helm's own bounds for the bytes of a chart and of one of its files are 100 and 5 MiB. */
export const UNPACK_LIMITS: UnpackLimits = {
  maxFiles: 10_000,
  maxBytes: 100 * 1024 * 1024,
  maxFileBytes: 5 * 1024 * 1024,
  maxRatio: 200,
};

/** Below it the ratio tells nothing: a small chart of many like templates packs well. */
const RATIO_FROM = 8 * 1024 * 1024;
const MAX_MS = 60_000;
const MAX_PATH_BYTES = 1024;
const MAX_DEPTH = 64;

/**
 * Unpacks a packed chart into an empty folder, which is made where it is missing, without the folder that all of it is in: Chart.yaml then lies at its root.
 * A pack is bytes from a stranger: only regular files are written, under plain names, each once.
 * @throws RejectedError `chart-invalid`, `chart-too-large`; then nothing is left in the folder.
 */
export async function unpackChart(pack: Buffer, folder: string, limits: UnpackLimits = UNPACK_LIMITS): Promise<void> {
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0) throw new BugError('export-not-empty', 'An export needs an empty folder.');
  try {
    const files = new Set<string>();
    await eachFile(pack, limits, async (name, entry) => {
      if (files.has(name)) throw invalid(name, 'is there twice');
      files.add(name);
      const target = path.join(folder, name);
      await mkdir(path.dirname(target), { recursive: true }).catch(unlessClash(name));
      await pipeline(entry, createWriteStream(target, { flags: 'wx', mode: 0o644 })).catch(unlessClash(name));
    });
    if (!files.has('Chart.yaml'))
      throw new RejectedError('chart-invalid', 'The chart has no Chart.yaml in its folder.');
  } catch (error) {
    for (const name of await readdir(folder)) await rm(path.join(folder, name), { recursive: true, force: true });
    throw error;
  }
}

async function eachFile(
  pack: Buffer,
  limits: UnpackLimits,
  take: (name: string, entry: Entry) => Promise<void>,
): Promise<void> {
  const archive = extract();
  const write = pipeline([inPieces(pack), createGunzip(), bounded(pack.length, limits), archive], {
    signal: AbortSignal.timeout(MAX_MS),
  });
  // Told by the loop below, which ends by the same error.
  write.catch(() => undefined);
  let count = 0;
  try {
    for await (const entry of archive as AsyncIterable<Entry>) {
      const name = nameOf(entry.header, limits);
      if (name === null) {
        entry.resume();
        continue;
      }
      count += 1;
      if (count > limits.maxFiles) throw tooLarge(`has more than ${limits.maxFiles} files`);
      await take(name, entry);
    }
    await write;
  } catch (error) {
    archive.destroy();
    if (error instanceof FlotillaError) throw error;
    const cause: unknown = await write.then(
      () => error,
      (reason: unknown) => (reason instanceof FlotillaError ? reason : error),
    );
    if (cause instanceof FlotillaError) throw cause;
    if (isOfTheDisk(cause)) throw cause;
    throw new RejectedError(
      'chart-invalid',
      `The chart is no packed chart that can be read: ${messageOf(cause, 200)}.`,
    );
  }
}

/** Whole, a pack would be unzipped in one go, however much it becomes. */
function inPieces(pack: Buffer): Readable {
  const pieces: Buffer[] = [];
  for (let at = 0; at < pack.length; at += 64 * 1024) pieces.push(pack.subarray(at, at + 64 * 1024));
  return Readable.from(pieces);
}

function bounded(packed: number, { maxBytes, maxRatio }: UnpackLimits): Transform {
  let bytes = 0;
  return new Transform({
    transform(part: Buffer, _encoding, done) {
      bytes += part.length;
      if (bytes > maxBytes) return done(tooLarge(`becomes more than ${maxBytes} bytes`));
      if (bytes > RATIO_FROM && bytes > packed * maxRatio) {
        return done(tooLarge(`becomes more than ${maxRatio} times its packed size`));
      }
      done(null, part);
    },
  });
}

/** The name of a file below the chart's folder; null: it is a folder, which comes with what is in it. */
function nameOf({ name, type, size }: Headers, limits: UnpackLimits): string | null {
  // One that is no number at all would have the reader wait for ever.
  if (size === undefined || !Number.isSafeInteger(size) || size < 0)
    throw invalid(name, 'has no size that can be read');
  if (type === 'directory') return null;
  if (type !== 'file' && type !== 'contiguous-file') {
    const what = type === 'symlink' || type === 'link' ? 'a link' : `of the kind ${String(type)}`;
    throw invalid(name, `is ${what}, and charts are packed as plain files`);
  }
  if (size > limits.maxFileBytes)
    throw tooLarge(`has a file of more than ${limits.maxFileBytes} bytes: ${quoted(name)}`);
  const parts = name.replace(/^(\.\/)+/, '').split('/');
  if (Buffer.byteLength(name) > MAX_PATH_BYTES) throw invalid(name, `is a path of more than ${MAX_PATH_BYTES} bytes`);
  if (parts.length > MAX_DEPTH) throw invalid(name, `is more than ${MAX_DEPTH} folders deep`);
  for (const part of parts) checkName(part, name);
  if (parts.length === 1) throw invalid(name, 'is beside the chart’s folder and not in it');
  return parts.slice(1).join('/');
}

function checkName(part: string, name: string): void {
  if (part === '' || part === '.' || part === '..') throw invalid(name, 'leads through "", "." or ".."');
  if (part.toLowerCase() === '.git') throw invalid(name, 'is inside a ".git" folder');
  if (/[\p{Cc}\\]/u.test(part)) throw invalid(name, 'has a control character or a backslash in its name');
  if (Buffer.byteLength(part) > 255) throw invalid(name, 'has a name of more than 255 bytes');
}

/** A file where a folder is, or the other way round; or, on some disks, a name that differs by letter case alone. */
function unlessClash(name: string): (error: unknown) => never {
  return (error) => {
    if (!['EEXIST', 'ENOTDIR', 'EISDIR'].includes(codeOf(error))) throw error;
    throw invalid(name, 'is in the way of another file of the chart');
  };
}

function isOfTheDisk(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'EMFILE', 'EIO'].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : '';
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 300));
}

function tooLarge(reason: string): RejectedError {
  return new RejectedError('chart-too-large', `The chart ${reason}.`);
}

function invalid(name: string, reason: string): RejectedError {
  return new RejectedError('chart-invalid', `${quoted(name)} of the chart ${reason}.`);
}
