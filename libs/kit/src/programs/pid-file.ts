import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { identifyProcess } from '../process-identity.js';

const pidFileSchema = z.object({
  name: z.string(),
  pid: z.int().positive(),
  started: z.string(),
  stopSignal: z.enum(['SIGTERM', 'SIGINT', 'SIGQUIT']),
});
export type PidFile = z.infer<typeof pidFileSchema>;

const ending = '.pid.json';

/**
 * Notes a child in `folder` and answers the file's path. Synchronous on purpose: between a child's start and its note nothing
 * else runs, so that a kill in the middle loses no child but for an instant.
 */
export function writePidFile(folder: string, child: Omit<PidFile, 'started'>): string {
  const started = identifyProcess(child.pid)?.started ?? 'gone';
  const file = path.join(folder, `${child.name}-${child.pid}${ending}`);
  const part = `${file}.${randomUUID()}`;
  writeFileSync(part, JSON.stringify({ ...child, started } satisfies PidFile), { mode: 0o600 });
  renameSync(part, file);
  return file;
}

export function removePidFile(file: string): void {
  rmSync(file, { force: true });
}

/** Every child that is noted in `folder`; a note that cannot be read is taken away. */
export function readPidFiles(folder: string): readonly (PidFile & { readonly file: string })[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith(ending))
    .flatMap((name) => {
      const file = path.join(folder, name);
      try {
        return [{ ...pidFileSchema.parse(JSON.parse(readFileSync(file, 'utf8'))), file }];
      } catch {
        removePidFile(file);
        return [];
      }
    });
}
