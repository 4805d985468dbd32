import { lstat, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { RejectedError } from '#kit';
import type { JsonObject } from '#domain';
import { parseObjects } from './parse-yaml.js';
import { resolveInside, type Inside } from './resolve-inside.js';

/** The names that kustomize looks for, in its order. */
export const KUSTOMIZATION_NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'] as const;

const maxBytes = 1024 * 1024;

/** Whether a folder holds a kustomization. */
export async function hasKustomization(folder: string): Promise<boolean> {
  return (await namesIn(folder)).length > 0;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of KUSTOMIZATION_NAMES) {
    if ((await lstat(path.join(folder, name)).catch(() => null)) !== null) found.push(name);
  }
  return found;
}

/**
 * Reads a folder's kustomization strictly. kustomize matches field names without regard to case (`Resources` is `resources`), so what
 * is spelled otherwise than documented is refused rather than overlooked.
 * @throws RejectedError `kustomize-failed`, `yaml-invalid`, `path-escapes`
 */
export async function readKustomization(
  root: string,
  folder: string,
): Promise<{ readonly file: string; readonly inside: Inside; readonly fields: JsonObject }> {
  const names = await namesIn(path.join(root, folder));
  const [name] = names;
  const at = (text: string): string => (folder === '.' ? text : `${folder}/${text}`);
  if (name === undefined) throw failed(`${folder} holds no kustomization.yaml`);
  if (names.length > 1) throw failed(`${folder} holds ${names.join(' and ')}: keep one of them`);
  const file = at(name);
  const inside = await resolveInside(root, folder, name, folder);
  if (inside?.kind !== 'file') throw failed(`${file} is not a file that can be read`);
  const { size } = await stat(inside.real);
  if (size > maxBytes) throw failed(`${file} has ${size} bytes; at most ${maxBytes} are taken`);
  const documents = parseObjects(await readFile(inside.real), file, { unambiguous: true });
  const [fields] = documents;
  if (documents.length !== 1 || fields === undefined) {
    throw failed(`${file} has ${documents.length} documents; a kustomization is exactly one`);
  }
  for (const field of Object.keys(fields)) {
    if (/^helm/i.test(field)) {
      throw failed(`${file}: ${field} asks for Helm, which is not run from a kustomization`);
    }
    if (!knownFields.has(field))
      throw failed(`${file}: ${JSON.stringify(field.slice(0, 100))} is no field of a kustomization`);
  }
  return { file, inside, fields };
}

const knownFields: ReadonlySet<string> = new Set([
  'apiVersion',
  'kind',
  'metadata',
  'openapi',
  'namePrefix',
  'nameSuffix',
  'namespace',
  'commonLabels',
  'labels',
  'commonAnnotations',
  'patchesStrategicMerge',
  'patchesJson6902',
  'patches',
  'images',
  'imageTags',
  'replacements',
  'replicas',
  'vars',
  'sortOptions',
  'resources',
  'components',
  'crds',
  'bases',
  'configMapGenerator',
  'secretGenerator',
  'generatorOptions',
  'configurations',
  'generators',
  'transformers',
  'validators',
  'buildMetadata',
]);

export function failed(reason: string, details?: { readonly missingPath: string }): RejectedError {
  return new RejectedError('kustomize-failed', `${reason}.`, details);
}
