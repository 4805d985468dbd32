import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Inside } from './resolve-inside.js';

/**
 * What of a commit a render depends on. Gathered while it is walked, so that an overlay is rendered again only when something
 * changes that it reads.
 */
export class Reads {
  private readonly paths = new Set<string>();

  /** @param root real path of the exported commit */
  constructor(private readonly root: string) {}

  /** A file, or a folder with all that is in it; and the symlinks that lead there. */
  add(inside: Inside): void {
    this.addLinks(inside);
    this.paths.add(inside.relative);
  }

  addLinks({ links }: Inside): void {
    for (const link of links) this.paths.add(link);
  }

  /** A path below the root, whether anything is there or not. */
  addPath(relative: string): void {
    this.paths.add(relative);
  }

  /**
   * A folder of which some files are read. One that has no folders in it counts as a whole: a little more than is read, and one
   * entry instead of many.
   * @param names what is looked for in it, also where it isn't there: it would matter if it were
   */
  async addFolder(folder: string, names: readonly string[]): Promise<void> {
    const entries = await readdir(path.join(this.root, folder), { withFileTypes: true });
    if (entries.some((each) => each.isDirectory()))
      for (const name of names) this.paths.add(folder === '.' ? name : `${folder}/${name}`);
    else this.paths.add(folder);
  }

  /** In order, without what is in a folder that is among them. */
  list(): readonly string[] {
    if (this.paths.has('.')) return ['.'];
    return [...this.paths].filter((each) => !this.isCovered(each)).sort();
  }

  private isCovered(file: string): boolean {
    for (let at = file.lastIndexOf('/'); at > 0; at = file.lastIndexOf('/', at - 1)) {
      if (this.paths.has(file.slice(0, at))) return true;
    }
    return false;
  }
}
