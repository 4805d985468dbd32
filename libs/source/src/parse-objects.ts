import type { Commit } from '#ports';

/** One answer of `git cat-file --batch`; null where it knows no such object. */
export interface GitObject {
  readonly id: string;
  readonly type: string;
  readonly content: Buffer;
}

/** Reads the output of `git cat-file --batch`: one entry per line asked, in its order. */
export function parseBatch(output: Buffer): readonly (GitObject | null)[] {
  const objects: (GitObject | null)[] = [];
  let at = 0;
  while (at < output.length) {
    const end = output.indexOf(10, at);
    if (end < 0) break;
    const header = /^([0-9a-f]{40,64}) (\w+) (\d+)$/.exec(output.toString('latin1', at, end));
    at = end + 1;
    if (header === null) {
      objects.push(null);
      continue;
    }
    const [, id = '', type = '', size = '0'] = header;
    objects.push({ id, type, content: output.subarray(at, at + Number(size)) });
    at += Number(size) + 1;
  }
  return objects;
}

const textLimit = 200;

/** Reads a raw commit object. Names and subject are one line each, cut at 200 characters, with no control characters. */
export function parseCommit(object: GitObject): Commit {
  const blank = object.content.indexOf('\n\n');
  const head = object.content.subarray(0, blank < 0 ? undefined : blank).toString('latin1');
  const field = (name: string): Buffer => {
    const line = head.split('\n').find((each) => each.startsWith(`${name} `));
    return Buffer.from(line?.slice(name.length + 1) ?? '', 'latin1');
  };
  const decode = decoderFor(field('encoding').toString('latin1'));
  const person = /^(.*) <([^>]*)> -?\d+ [+-]\d+$/s;
  const author = decode(field('author'));
  const [, name, email] = person.exec(author) ?? [];
  const seconds = Number(/ (-?\d+) [+-]\d+$/.exec(field('committer').toString('latin1'))?.[1] ?? '0');
  const message = blank < 0 ? '' : decode(object.content.subarray(blank + 2, blank + 2 + 4096));
  return {
    sha: object.id,
    author: oneLine(name === undefined ? author : `${name} <${email ?? ''}>`),
    subject: oneLine(message.trimStart().split('\n', 1)[0] ?? ''),
    committedAt: isoTime(seconds),
  };
}

function decoderFor(encoding: string): (bytes: Uint8Array) => string {
  try {
    const decoder = new TextDecoder(encoding === '' ? 'utf-8' : encoding);
    return (bytes) => decoder.decode(bytes);
  } catch {
    // A name that nobody knows: read as if none were given.
    return decoderFor('');
  }
}

function oneLine(text: string): string {
  return [...text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').trim()].slice(0, textLimit).join('');
}

/** A commit may claim any time at all; what no calendar holds becomes the epoch. */
function isoTime(seconds: number): string {
  const time = new Date(seconds * 1000);
  return (Number.isNaN(time.getTime()) ? new Date(0) : time).toISOString();
}

/** One file of a commit's tree. */
export interface TreeEntry {
  readonly path: string;
  readonly kind: 'file' | 'symlink' | 'submodule';
  readonly id: string;
  /** Bytes; 0 for a submodule. */
  readonly size: number;
}

/**
 * Reads the output of `git ls-tree -r -z -l`.
 * @param missing gets the ids of files that the mirror lacks, whose sizes are then 0
 * @throws Error for a line that is not understood, and where a file is missing and nobody asks which: git writes `BAD` for its size, and a file that is
 * left out would be taken for one that was removed.
 */
export function parseTree(output: Buffer, missing?: Set<string>): readonly TreeEntry[] {
  const entries: TreeEntry[] = [];
  for (const line of output.toString('utf8').split('\0')) {
    const match = /^(\d{6}) \w+ ([0-9a-f]{40,64}) +(\d+|-|BAD)\t(.+)$/s.exec(line);
    if (line === '') continue;
    const [, mode = '', id = '', size = '', path = ''] = match ?? [];
    if (match === null || (size === 'BAD' && missing === undefined))
      throw new Error('git ls-tree printed a line that is not understood');
    if (size === 'BAD') missing?.add(id);
    const kind = mode === '120000' ? 'symlink' : mode === '160000' ? 'submodule' : 'file';
    entries.push({ path, kind, id, size: /^\d/.test(size) ? Number(size) : 0 });
  }
  return entries;
}
