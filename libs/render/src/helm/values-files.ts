import { readFile, realpath, stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { RejectedError } from '#kit';
import type { JsonValue } from '#domain';
import type { HelmInput } from '#ports';
import { parseYaml } from '../parse-yaml.js';
import type { Reads } from '../reads.js';
import { resolveInside } from '../resolve-inside.js';

export interface ValuesText {
  /** `config:web/prod.yaml`, as messages name it. */
  readonly name: string;
  readonly text: Buffer;
}

const maxBytes = 1024 * 1024;

/**
 * Reads the values files of a render, from whichever commits they are in.
 * @param root real path of the chart's own commit
 * @param reads gets those that are in it, also where they are looked for and not there
 * @returns in their order: later ones win
 * @throws RejectedError `values-not-found`, `values-encrypted`, `path-escapes`, `helm-failed`
 */
export async function readValuesFiles(
  root: string,
  files: HelmInput['valuesFiles'],
  reads: Reads,
): Promise<readonly ValuesText[]> {
  const texts: ValuesText[] = [];
  for (const { folder, path, optional, name } of files) {
    const base = await realpath(folder);
    const inside = await resolveInside(base, '.', path, name);
    // Once it is there, the render is another.
    if (base === root && inside === null) reads.addPath(posix.normalize(path));
    if (base === root && inside !== null) reads.add(inside);
    if (inside?.kind === 'file') {
      const { size } = await stat(inside.real);
      if (size > maxBytes) {
        throw new RejectedError('helm-failed', `${name} has ${size} bytes; at most ${maxBytes} are taken.`);
      }
      texts.push({ name, text: refuseEncrypted(await readFile(inside.real), name) });
    } else if (inside !== null) {
      throw new RejectedError('values-not-found', `${name} is a folder: name a file of values.`, { file: name });
    } else if (!optional) {
      throw new RejectedError(
        'values-not-found',
        `${name} is not in the commit: add it, correct its path in spec.helm.valuesFiles, or say there that it is optional.`,
        { file: name },
      );
    }
  }
  return texts;
}

/**
 * The hub renders, and never decrypts: what a chart makes of encrypted values would be their cipher text.
 * @throws RejectedError `values-encrypted`
 */
export function refuseEncrypted(text: Buffer, name: string): Buffer {
  if (text.includes('sops') && isEncrypted(text, name)) {
    throw new RejectedError(
      'values-encrypted',
      `${name} is encrypted with SOPS, and the hub that renders charts never decrypts: put the secret into an encrypted Secret ` +
        `beside the chart, which the agents decrypt, and name that to the chart (most have a value such as existingSecret).`,
      { file: name },
    );
  }
  return text;
}

function isEncrypted(text: Buffer, name: string): boolean {
  try {
    return parseYaml(text, name).some(hasMetadata);
  } catch {
    // Helm says what is wrong with it; it may still read what we don't.
    return /^\s*["']?sops["']?\s*:/m.test(text.toString('utf8'));
  }
}

function hasMetadata(document: JsonValue): boolean {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return false;
  const sops = (document as Readonly<Record<string, JsonValue>>)['sops'];
  return typeof sops === 'object' && sops !== null && ('mac' in sops || 'lastmodified' in sops);
}
