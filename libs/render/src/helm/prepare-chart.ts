import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { replaceWords } from './template-words.js';
import { isTemplate } from './chart-words.js';

/**
 * A function that takes any arguments and always fails, in place of `lookup`: so only those are found that the render comes to.
 * Libraries of helpers are full of others.
 */
export const LOOKUP_MARK = '7070707070';
const withoutLookup = { lookup: `index ${LOOKUP_MARK}` };

/**
 * What comes out otherwise in the second render, even where it was by chance or by the day's date the same: the time is another, a
 * random number is out of its range, a shuffled text is longer.
 */
const twin = {
  now: '(toDate "2006-01-02" "2001-02-03")',
  randInt: 'add 1000000007',
  shuffle: 'printf "~%v"',
};

/** The templates of a chart with `lookup` made to fail. */
export function withLookupsRefused(files: ReadonlyMap<string, Buffer>): ReadonlyMap<string, Buffer> {
  return withWords(files, withoutLookup);
}

/** The same chart for the second render; the same map where nothing in it is to be otherwise. */
export function twinOf(files: ReadonlyMap<string, Buffer>): ReadonlyMap<string, Buffer> {
  return withWords(files, twin);
}

function withWords(
  files: ReadonlyMap<string, Buffer>,
  by: Readonly<Record<string, string>>,
): ReadonlyMap<string, Buffer> {
  let changed: Map<string, Buffer> | null = null;
  for (const [file, content] of files) {
    if (!isTemplate(file)) continue;
    const text = replaceWords(content.toString('utf8'), by);
    if (text !== null) (changed ??= new Map(files)).set(file, Buffer.from(text));
  }
  return changed ?? files;
}

/** Writes a chart into a new folder. Its paths are those that were read: none leads out of it. */
export async function writeChart(files: ReadonlyMap<string, Buffer>, folder: string): Promise<void> {
  const folders = new Set([...files.keys()].map((file) => path.dirname(path.join(folder, file))));
  for (const each of folders) await mkdir(each, { recursive: true });
  for (const [file, content] of files) await writeFile(path.join(folder, file), content);
}
