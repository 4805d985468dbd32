import type { DataKeys } from './data-keys.js';
import { envMetadata, iniMetadata, openEnv, openIni } from './open-lines.js';
import { SopsFile } from './open-yaml.js';
import type { SealedFormat } from './sealed-format.js';
import { readMetadata, type SopsMetadata } from './sops-metadata.js';
import { SopsOpening } from './sops-opening.js';

/** A whole file that SOPS encrypted: nothing of it was changed since. */
export interface OpenedFile {
  readonly metadata: SopsMetadata;
  readonly key: Uint8Array;
  /** All that was encrypted of it. */
  readonly values: readonly string[];
  /** The encrypted values of each of its documents, with where they stand. */
  readonly documents: readonly ReadonlySet<string>[];
  /** The file as it was before. */
  readonly read: () => Buffer;
}

/**
 * Opens a file with the keys that are there, and makes sure of the code over all its values.
 * @param name of the file: what is JSON and is not called so may be anything that was encrypted as a whole
 * @throws RejectedError
 */
export async function openFile(text: string, name: string, format: SealedFormat, keys: DataKeys): Promise<OpenedFile> {
  keys.budget.takeFile(text);
  switch (format) {
    case 'env':
    case 'ini': {
      const metadata = readMetadata(format === 'env' ? envMetadata(text) : iniMetadata(text));
      const key = await keys.open(metadata);
      const opening = new SopsOpening(metadata, key);
      const opened = format === 'env' ? openEnv(text, opening) : openIni(text, opening);
      const documents = [opening.endDocument()];
      return { metadata, key, values: opening.values, documents, read: () => Buffer.from(opened) };
    }
    case 'json':
    case 'yaml': {
      const file = SopsFile.parse(text);
      const metadata = readMetadata(file.metadata);
      const key = await keys.open(metadata);
      const opening = new SopsOpening(metadata, key);
      const common = { metadata, key, values: opening.values };
      const isWhole = format === 'json' && !/\.json$/i.test(name) && file.onlyData !== null;
      if (isWhole) {
        const plain = opening.open(['data'], file.onlyData);
        opening.expectWhole();
        return { ...common, documents: [opening.endDocument()], read: () => plain?.bytes ?? Buffer.alloc(0) };
      }
      const documents = file.open(opening);
      return { ...common, documents, read: () => Buffer.from(format === 'json' ? file.toJson() : file.toYaml()) };
    }
  }
}
