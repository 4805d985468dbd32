import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { ChartFiles } from './read-chart.js';
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

/**
 * Writes a chart into a new folder. Its paths are those that were read: none leads out of it. What was packed is packed again: a
 * folder would be subject to the `.helmignore` of the chart that it is in.
 */
export async function writeChart({ files, packed }: ChartFiles, folder: string): Promise<void> {
  const plain = new Map<string, Buffer>();
  const packs = new Map<string, Map<string, Buffer>>();
  for (const [file, content] of files) {
    const within = [...packed].find((each) => file.startsWith(`${each}/`));
    if (within === undefined) plain.set(file, content);
    else
      packs.set(within, (packs.get(within) ?? new Map<string, Buffer>()).set(file.slice(within.length + 1), content));
  }
  for (const [name, inside] of packs) plain.set(`${name}.tgz`, await packChart(inside));
  const folders = new Set([...plain.keys()].map((file) => path.dirname(path.join(folder, file))));
  for (const each of folders) await mkdir(each, { recursive: true });
  for (const [file, content] of plain) await writeFile(path.join(folder, file), content);
}

async function packChart(files: ReadonlyMap<string, Buffer>): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of files) archive.entry({ name: `chart/${name}` }, content);
  archive.finalize();
  return gzipSync(await buffer(archive), { level: 1 });
}
