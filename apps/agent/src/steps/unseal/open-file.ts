import type { DataKeys } from './data-keys.js';
import { envMetadata, iniMetadata, openEnv, openIni } from './open-lines.js';
import { SopsFile } from './open-yaml.js';
import { readMetadata } from './sops-metadata.js';
import { SopsOpening } from './sops-opening.js';
import type { SealedFormat } from './sealed-format.js';

export interface OpenedFile {
  readonly bytes: Buffer;
  /** All that was encrypted of it. */
  readonly values: readonly string[];
}

/**
 * A whole file that SOPS encrypted, as it was before: nothing of it was changed since.
 * @param name of the file: what is JSON and is not called so may be anything that was encrypted as a whole
 * @throws RejectedError
 */
export async function openFile(text: string, name: string, format: SealedFormat, keys: DataKeys): Promise<OpenedFile> {
  switch (format) {
    case 'env':
    case 'ini': {
      const metadata = readMetadata(format === 'env' ? envMetadata(text) : iniMetadata(text));
      const opening = new SopsOpening(metadata, await keys.open(metadata));
      const opened = format === 'env' ? openEnv(text, opening) : openIni(text, opening);
      return { bytes: Buffer.from(opened), values: opening.values };
    }
    case 'json':
    case 'yaml': {
      const file = SopsFile.parse(text);
      const metadata = readMetadata(file.metadata);
      const opening = new SopsOpening(metadata, await keys.open(metadata));
      const isWhole = format === 'json' && !/\.json$/i.test(name) && file.onlyData !== null;
      if (isWhole) {
        const plain = opening.open(['data'], file.onlyData);
        opening.expectWhole();
        return { bytes: plain?.bytes ?? Buffer.alloc(0), values: opening.values };
      }
      file.open(opening);
      return { bytes: Buffer.from(format === 'json' ? file.toJson() : file.toYaml()), values: opening.values };
    }
  }
}
