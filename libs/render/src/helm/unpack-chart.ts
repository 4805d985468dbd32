import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { RejectedError } from '#kit';
import type { ChartBudget } from './read-chart.js';

const unzip = promisify(gunzip);

/**
 * The files of a packed chart, in memory, without the folder that all of them are in.
 * @param shown how messages name the archive
 * @throws RejectedError `helm-failed`: it is no archive, it is larger than the budget, or a file in it would lie outside
 */
export async function unpackChart(
  archive: Buffer,
  shown: string,
  budget: Readonly<ChartBudget>,
): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>();
  let count = 0;
  try {
    // Bounded before anything is unpacked: a few kilobytes can stand for gigabytes.
    const unzipped = await unzip(archive, { maxOutputLength: Math.max(budget.bytes, 0) + 1024 * 1024 });
    const reader = extract();
    reader.end(unzipped);
    for await (const entry of reader) {
      const { name, type } = entry.header;
      const chunks: Buffer[] = [];
      for await (const chunk of entry) chunks.push(chunk);
      count += 1;
      if (count > budget.files) throw bad(shown, 'has too many files');
      // Links hold nothing: Helm reads them as empty files.
      if (type !== 'file' && type !== 'contiguous-file') continue;
      files.set(placeOf(name, shown), Buffer.concat(chunks));
    }
  } catch (error) {
    if (error instanceof RejectedError) throw error;
    const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw bad(shown, tooLarge ? 'is too large once it is unpacked' : 'is not a packed chart (a .tgz) that can be read');
  }
  return files;
}

function placeOf(name: string, shown: string): string {
  const parts = name.replace(/^\.\//, '').split('/').slice(1);
  const odd = parts.length === 0 || parts.some((part) => part === '' || part === '.' || part === '..');
  if (odd || name.startsWith('/') || /[\p{Cc}\\]/u.test(name)) {
    throw bad(shown, `has a file ${JSON.stringify(name.slice(0, 200))}, which is not inside a chart`);
  }
  return parts.join('/');
}

function bad(shown: string, what: string): RejectedError {
  return new RejectedError('helm-failed', `${shown} ${what}.`);
}
