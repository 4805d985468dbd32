import { signedManifestSchema } from '#contract';
import { isSignedBy } from './manifest-signer.js';

/**
 * Sequence of a manifest that stands on the bus; 0 where none of these keys signed it, as it is about to be replaced: whoever can
 * write there must not choose how the hub counts on.
 * @param keys PEM by key id
 */
export function standingSequence(envelope: Uint8Array, keys: Readonly<Record<string, string>>): number {
  try {
    const { payload, keyId, signature } = signedManifestSchema.parse(
      JSON.parse(Buffer.from(envelope).toString('utf8')),
    );
    const pem = Object.hasOwn(keys, keyId) ? keys[keyId] : undefined;
    if (pem === undefined || !isSignedBy({ id: keyId, pem }, payload, signature)) return 0;
    const { sequence } = JSON.parse(payload) as { sequence?: unknown };
    return typeof sequence === 'number' && Number.isSafeInteger(sequence) ? sequence : 0;
  } catch {
    return 0;
  }
}
