import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { Ask } from '#contract';
import type { Manifest, SignedManifest } from '#domain';

/** What signs manifests, as everybody may know it. */
export interface SignerKey {
  readonly id: string;
  /** Ed25519, PEM. */
  readonly pem: string;
}

/** Signs what agents obey. Where its keys live is its own affair: in the data folder, in a file of somebody else's, in a program. */
export interface ManifestSigner {
  /** `outside`: somebody else makes and drops its keys, and orders them. */
  readonly kept: 'hub' | 'outside';
  /** What it signs with, the first one first. */
  keys(): readonly SignerKey[];
  /** @throws RetryableError `signer-unavailable`, `signer-key-missing`: what is to be signed waits */
  sign(document: Manifest | Ask, keyId: string): Promise<SignedManifest>;
  /** Looks for other keys. Never rejects: what is wrong is told by `problem`. */
  refresh(): Promise<void>;
  /** Why nothing can be signed now, or no other key be found, in a sentence; null: nothing is wrong. */
  problem(): string | null;
  /** Of keys that the hub keeps itself; null: somebody else does. */
  readonly rotation: KeyRotation | null;
  close(): Promise<void>;
}

export interface KeyRotation {
  /** Makes one more key, last of all. */
  add(): Promise<SignerKey>;
  /** Leaves these, in that order, and no other. */
  keep(ids: readonly string[]): Promise<void>;
}

/** Most keys that a signer may have: a document tells all of them to every agent. */
export const MAX_SIGNER_KEYS = 8;

/** A key's id is of its public part alone, so that nobody can give it to another. */
export function signerKeyOf(publicKey: KeyObject): SignerKey {
  return {
    id: createHash('sha256')
      .update(publicKey.export({ type: 'spki', format: 'der' }))
      .digest('hex')
      .slice(0, 16),
    pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** Whether a signature, base64url, is one of that key over that payload. */
export function isSignedBy(key: SignerKey, payload: string, signature: string): boolean {
  return verify(null, Buffer.from(payload), createPublicKey(key.pem), Buffer.from(signature, 'base64url'));
}
