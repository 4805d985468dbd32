import { existsSync } from 'node:fs';
import path from 'node:path';

/** Where the build puts the page: `dist/web` of the package that this file is part of, from the sources as from the build. */
export function webFolder(): string {
  for (let folder = import.meta.dirname; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, 'package.json')) || path.dirname(folder) === folder) {
      return path.join(folder, 'dist/web');
    }
  }
}
