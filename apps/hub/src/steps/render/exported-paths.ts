import { posix } from 'node:path';

/** What of a commit is in a folder; null: all of it. */
export type ExportedPaths = ReadonlySet<string> | null;

/** The root of a commit. */
export const WHOLE = '.';

/** As Git has it: no `./` before it and no slash after. */
export function plainPath(path: string): string {
  return posix.normalize(path).replace(/(?<=.)\/+$/, '');
}

/** Pure: those that are neither among the paths nor in a folder that is. */
export function lackingOf(paths: ExportedPaths, wanted: readonly string[]): readonly string[] {
  if (paths === null || paths.has(WHOLE)) return [];
  return [...new Set(wanted.map(plainPath))].filter((path) => !isCovered(paths, path));
}

function isCovered(paths: ReadonlySet<string>, path: string): boolean {
  for (let at = path; at !== WHOLE && at !== '/'; at = posix.dirname(at)) if (paths.has(at)) return true;
  return false;
}
