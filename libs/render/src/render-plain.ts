import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { RejectedError } from '#kit';
import type { JsonObject } from '#domain';
import { parseObjects } from './parse-yaml.js';
import type { Reads } from './reads.js';
import { resolveInside } from './resolve-inside.js';

const manifest = /\.(ya?ml|json)$/;

/**
 * Reads the manifests of one folder in the order of their names, as `kubectl apply -f FOLDER` does: not those of folders in it.
 * @throws RejectedError `path-not-found`, `yaml-invalid`, `path-escapes`, `output-too-large`
 */
export async function renderPlain(
  root: string,
  folder: string,
  maxBytes: number,
  reads: Reads,
): Promise<readonly JsonObject[]> {
  // Which files there are is part of what it says.
  reads.addPath(folder);
  const names = (await readdir(path.join(root, folder))).filter((name) => manifest.test(name)).sort();
  const objects: JsonObject[] = [];
  let files = 0;
  let bytes = 0;
  for (const name of names) {
    const file = folder === '.' ? name : `${folder}/${name}`;
    const inside = await resolveInside(root, folder, name, folder);
    if (inside?.kind !== 'file') continue;
    reads.add(inside);
    files += 1;
    bytes += (await stat(inside.real)).size;
    if (bytes > maxBytes) {
      throw new RejectedError('output-too-large', `${folder}: its manifests have more than ${maxBytes} bytes.`);
    }
    objects.push(...parseObjects(await readFile(inside.real), file));
  }
  // Nothing found is a wrong path, and must not look like "everything was removed".
  if (files === 0) {
    throw new RejectedError(
      'path-not-found',
      `${folder} holds no kustomization.yaml and no *.yaml, *.yml or *.json file (folders in it are not read).`,
    );
  }
  return objects;
}
