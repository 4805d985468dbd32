import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The version in the package that this file is part of, from the sources as from the build. */
export function readVersion(): string {
  for (let folder = import.meta.dirname; ; folder = path.dirname(folder)) {
    const file = path.join(folder, 'package.json');
    if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
    if (path.dirname(folder) === folder) return 'unknown';
  }
}
