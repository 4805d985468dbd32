import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { RejectedError } from '#kit';
import type { Reads } from '../reads.js';
import { resolveInside, type Inside } from '../resolve-inside.js';
import { unpackChart } from './unpack-chart.js';

/** A chart's files, with all charts in its `charts/`. */
export interface ChartFiles {
  /** By their paths below the chart; a packed chart `charts/a-1.tgz` is the folder `charts/a-1/`. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** Folders among them that are packed charts: `charts/a-1`. */
  readonly packed: ReadonlySet<string>;
}

export interface ChartBudget {
  files: number;
  bytes: number;
}

export const CHART_LIMITS: Readonly<ChartBudget> = { files: 10_000, bytes: 100 * 1024 * 1024 };

/** Thirty folders that have two symlinks each to the next one are a billion, and each is resolved anew. */
const maxLinks = 1000;

/** As Helm finds packed charts, at any depth. */
const packed = /(^|\/)charts\/[^/_.][^/]*\.tgz$/;

/**
 * Reads a chart as Helm does, symlinks followed: those that stay in the repository.
 * @param root real path of the exported commit
 * @param folder the chart's, below it
 * @param reads gets that folder, and wherever symlinks in it lead
 * @throws RejectedError `path-escapes`, `helm-failed` where it is larger than anything that Helm is let read
 */
export async function readChart(root: string, folder: string, reads: Reads): Promise<ChartFiles> {
  const files = new Map<string, Buffer>();
  const packs = new Set<string>();
  reads.addPath(folder);
  const budget: ChartBudget = { ...CHART_LIMITS };
  let links = 0;

  async function walk(at: string, below: string, ancestors: readonly string[]): Promise<void> {
    const entries = await readdir(path.join(root, at), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const named = `${at === '.' ? '' : `${at}/`}${entry.name}`;
      const name = `${below}${entry.name}`;
      const inside = await follow(at, entry, named);
      // Folders count too.
      budget.files -= 1;
      spend(budget, folder);
      if (inside.kind === 'folder') {
        if (ancestors.includes(inside.real)) throw tooOdd(folder, `${named} is a symlink that leads in a circle`);
        await walk(inside.relative, `${name}/`, [...ancestors, inside.real]);
        continue;
      }
      budget.bytes -= (await stat(inside.real)).size;
      spend(budget, folder);
      const content = await readFile(inside.real);
      if (packed.test(name)) {
        packs.add(name.replace(/\.tgz$/, ''));
        await unpackInto(files, name, content, { budget, shown: named, chart: folder });
      } else files.set(name, content);
    }
  }

  async function follow(at: string, entry: Dirent, named: string): Promise<Pick<Inside, 'real' | 'relative' | 'kind'>> {
    // `at` has no symlinks in it: whoever came here followed them.
    const real = path.join(root, named);
    if (entry.isFile()) return { real, relative: named, kind: 'file' };
    if (entry.isDirectory()) return { real, relative: named, kind: 'folder' };
    links += 1;
    if (links > maxLinks) throw tooOdd(folder, `the chart comes to more than ${maxLinks} symlinks`);
    const inside = await resolveInside(root, at, entry.name, folder);
    if (inside === null) throw tooOdd(folder, `${named} is a symlink to what is not there`);
    reads.add(inside);
    return inside;
  }

  await walk(folder, '', [path.join(root, folder)]);
  return { files, packed: packs };
}

async function unpackInto(
  files: Map<string, Buffer>,
  name: string,
  archive: Buffer,
  { budget, shown, chart }: { readonly budget: ChartBudget; readonly shown: string; readonly chart: string },
): Promise<void> {
  const into = name.replace(/\.tgz$/, '');
  for (const [entry, content] of await unpackChart(archive, shown, budget)) {
    budget.files -= 1;
    budget.bytes -= content.length;
    spend(budget, chart);
    const each = `${into}/${entry}`;
    if (packed.test(each)) await unpackInto(files, each, content, { budget, shown: `${shown}: ${entry}`, chart });
    else files.set(each, content);
  }
}

function spend(budget: ChartBudget, chart: string): void {
  if (budget.files >= 0 && budget.bytes >= 0) return;
  throw tooOdd(
    chart,
    budget.files < 0
      ? `the chart has more than ${CHART_LIMITS.files} files and folders`
      : `the chart has more than ${CHART_LIMITS.bytes / 1024 ** 2} MiB`,
  );
}

function tooOdd(chart: string, reason: string): RejectedError {
  return new RejectedError('helm-failed', `${chart}: ${reason}.`);
}
