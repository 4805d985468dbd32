import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { Ask } from '#contract';
import type { Manifest, SignedManifest } from '#domain';
import { RejectedError, writeFileAtomically } from '#kit';

/** Signs what agents obey. The key may live elsewhere one day; callers see only this. */
export interface ManifestSigner {
  sign(document: Manifest | Ask): SignedManifest;
  /** Public keys in PEM by key id: what an agent pins when it joins. */
  publicKeys(): Readonly<Record<string, string>>;
}

/**
 * Ed25519 from a PKCS#8 PEM file, mode 0600, made when it is missing.
 * @throws RejectedError `data-folder` when the file is not what was written: a new key would be believed by no agent.
 */
export async function openManifestSigner(file: string): Promise<ManifestSigner> {
  if (!existsSync(file)) {
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
    await writeFileAtomically(file, pem.toString(), { mode: 0o600 });
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(readFileSync(file));
  } catch {
    throw new RejectedError(
      'data-folder',
      `${file} does not hold the key that signs manifests: restore that file from its backup, or remove it and join every agent again.`,
    );
  }
  return signerOf(key);
}

/** A signer of a key at hand. */
export function signerOf(key: KeyObject): ManifestSigner {
  const publicKey = createPublicKey(key);
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const keyId = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16);
  return {
    publicKeys: () => ({ [keyId]: pem }),
    sign: (document) => {
      const payload = JSON.stringify(document);
      return { payload, keyId, signature: sign(null, Buffer.from(payload), key).toString('base64url') };
    },
  };
}
