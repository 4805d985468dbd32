import { RejectedError, type Logger } from '#kit';
import type { HubConfig } from '../../hub.config.js';
import { openFileSigner, openOwnSigner } from './manifest-signer-file.js';
import { openProgramSigner } from './manifest-signer-program.js';
import type { ManifestSigner } from './manifest-signer.js';

/**
 * What signs manifests, as the settings say; else keys of the hub's own in `ownFile`.
 * @throws RejectedError `config-invalid`, `data-folder`
 */
export async function openManifestSigner(
  { manifestKeyFile, manifestSigner }: Pick<HubConfig, 'manifestKeyFile' | 'manifestSigner'>,
  ownFile: string,
  log: Pick<Logger, 'warn' | 'info'>,
): Promise<ManifestSigner> {
  if (manifestKeyFile !== undefined && manifestSigner !== undefined) {
    throw new RejectedError(
      'config-invalid',
      'FLOTILLA_MANIFEST_KEY_FILE and FLOTILLA_MANIFEST_SIGNER exclude each other: set one of them.',
    );
  }
  if (manifestSigner !== undefined) return await openProgramSigner(manifestSigner, log);
  return manifestKeyFile === undefined ? await openOwnSigner(ownFile) : await openFileSigner(manifestKeyFile);
}
