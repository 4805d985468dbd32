import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Ask } from '#contract';
import type { Manifest, SignedManifest } from '#domain';
import { messageOf, RejectedError, RetryableError, writeFileAtomically } from '#kit';
import {
  MAX_SIGNER_KEYS,
  signerKeyOf,
  type KeyRotation,
  type ManifestSigner,
  type SignerKey,
} from './manifest-signer.js';

const KEY = /-----BEGIN PRIVATE KEY-----[A-Za-z0-9+/=\s]+-----END PRIVATE KEY-----/g;

interface HeldKey extends SignerKey {
  readonly key: KeyObject;
  /** PKCS 8. A secret. */
  readonly secret: string;
}

/**
 * Keys of the hub's own in a file, mode 0600, made when it is missing.
 * @throws RejectedError `data-folder` when the file is not what was written: a new key would be believed by no agent.
 */
export async function openOwnSigner(file: string): Promise<ManifestSigner> {
  let text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) {
    text = makeKey().secret;
    await writeFileAtomically(file, text, { mode: 0o600 });
  }
  try {
    return new FileSigner(file, 'hub', readKeys(text));
  } catch {
    throw new RejectedError(
      'data-folder',
      `${file} does not hold the key that signs manifests: restore that file from its backup, or remove it and join every agent again.`,
    );
  }
}

/**
 * Keys that somebody else keeps in a file, such as a Secret that is mounted; it is read again when they change it.
 * @throws RejectedError `config-invalid`
 */
export async function openFileSigner(file: string): Promise<ManifestSigner> {
  try {
    return new FileSigner(file, 'outside', readKeys(await readFile(file, 'utf8')));
  } catch (error) {
    throw new RejectedError('config-invalid', problemOf(file, error));
  }
}

class FileSigner implements ManifestSigner {
  readonly rotation: KeyRotation | null;
  private wrong: string | null = null;

  constructor(
    private readonly file: string,
    readonly kept: 'hub' | 'outside',
    private held: readonly HeldKey[],
  ) {
    this.rotation = kept === 'hub' ? { add: () => this.add(), keep: (ids) => this.keep(ids) } : null;
  }

  keys(): readonly SignerKey[] {
    return this.held.map(({ id, pem }) => ({ id, pem }));
  }

  async sign(document: Manifest | Ask, keyId: string): Promise<SignedManifest> {
    const held = this.held.find(({ id }) => id === keyId);
    if (held === undefined) return await Promise.reject(missingKey(keyId, this.file));
    const payload = JSON.stringify(document);
    return { payload, keyId, signature: sign(null, Buffer.from(payload), held.key).toString('base64url') };
  }

  async refresh(): Promise<void> {
    try {
      const held = readKeys(await readFile(this.file, 'utf8'));
      this.held = held;
      this.wrong = null;
    } catch (error) {
      // What was read before signs on.
      this.wrong = this.kept === 'hub' ? `${this.file} can't be read as it was written` : problemOf(this.file, error);
    }
  }

  problem(): string | null {
    return this.wrong;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private async add(): Promise<SignerKey> {
    const made = makeKey();
    await this.write([...this.held, made]);
    return { id: made.id, pem: made.pem };
  }

  private async keep(ids: readonly string[]): Promise<void> {
    const after = ids.flatMap((id) => this.held.find((held) => held.id === id) ?? []);
    const isSame = after.length === this.held.length && after.every(({ id }, index) => id === this.held[index]?.id);
    if (!isSame && after.length > 0) await this.write(after);
  }

  private async write(held: readonly HeldKey[]): Promise<void> {
    await writeFileAtomically(this.file, held.map(({ secret }) => secret).join(''), { mode: 0o600 });
    this.held = held;
  }
}

export function missingKey(keyId: string, where: string): RetryableError {
  return new RetryableError(
    'signer-key-missing',
    `The key ${keyId}, which agents believe, is not in ${where}: put it back, or see \`flotilla trust\``,
  );
}

function makeKey(): HeldKey {
  return heldKey(generateKeyPairSync('ed25519').privateKey);
}

function heldKey(key: KeyObject): HeldKey {
  const secret = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { ...signerKeyOf(createPublicKey(key)), key, secret };
}

/** Never says what is in the text. */
function readKeys(text: string): readonly HeldKey[] {
  const pems = text.match(KEY) ?? [];
  if (pems.length === 0) throw new Error('it holds no PEM of a private key (PKCS 8)');
  if (pems.length > MAX_SIGNER_KEYS) throw new Error(`it holds ${pems.length} keys, the limit is ${MAX_SIGNER_KEYS}`);
  const held = pems.map((pem) => {
    let key: KeyObject;
    try {
      key = createPrivateKey(pem);
    } catch {
      throw new Error("one of its keys can't be read");
    }
    if (key.asymmetricKeyType !== 'ed25519')
      throw new Error(`one of its keys is ${key.asymmetricKeyType}, not ed25519`);
    return heldKey(key);
  });
  return held.filter(({ id }, index) => held.findIndex((other) => other.id === id) === index);
}

function problemOf(file: string, error: unknown): string {
  return `FLOTILLA_MANIFEST_KEY_FILE: ${file} can't be used: ${messageOf(error, 200)} (openssl genpkey -algorithm ed25519)`;
}
