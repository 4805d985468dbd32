import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { messageOf, RejectedError, writeFileAtomically } from '#kit';

const FORMAT = 1;
const KEY_BYTES = 32;
const ID_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + ID_BYTES + NONCE_BYTES;

/** Seals what the database keeps and must not be able to tell. */
export interface SecretBox {
  /** @param purpose what it is of: sealed for one, it can't be opened as another. */
  seal(text: string, purpose: string): Uint8Array;
  /** @throws RejectedError `sealed-otherwise`: with another key, or for another purpose. */
  open(sealed: Uint8Array, purpose: string): string;
  /** A key of its own for a purpose, base64: the same on every hub that has these keys, until another one comes first. */
  derive(purpose: string): string;
}

/**
 * AES-256-GCM with keys from a file: one on each line, 32 bytes in base64; the first seals, all of them open, so that a new first
 * line rotates. Made with one key, mode 0600, where it is missing and `mayMake` says so.
 * @throws RejectedError `secrets-key`
 */
export async function openSecretBox(file: string, mayMake: boolean): Promise<SecretBox> {
  if (mayMake && !existsSync(file)) {
    await writeFileAtomically(file, `${randomBytes(KEY_BYTES).toString('base64')}\n`, { mode: 0o600 });
  }
  return boxOf(readKeys(file));
}

function readKeys(file: string): readonly Buffer[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new RejectedError(
      'secrets-key',
      `FLOTILLA_SECRETS_KEY_FILE: ${file} can't be read: ${messageOf(error, 200)}`,
    );
  }
  const lines = text.split('\n').map((line) => line.trim());
  const keys = lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => Buffer.from(line, 'base64'));
  if (keys.length === 0 || keys.some((key) => key.length !== KEY_BYTES)) {
    throw new RejectedError(
      'secrets-key',
      `FLOTILLA_SECRETS_KEY_FILE: ${file} must hold keys of ${KEY_BYTES} bytes in base64, one on each line (openssl rand -base64 ${KEY_BYTES}).`,
    );
  }
  return keys;
}

function boxOf(keys: readonly Buffer[]): SecretBox {
  const byId = new Map(keys.map((key) => [idOf(key).toString('hex'), key]));
  const [first] = keys;
  return {
    derive(purpose) {
      if (first === undefined) throw new RejectedError('secrets-key', 'There is no key to derive from.');
      return Buffer.from(hkdfSync('sha256', first, '', `flotilla ${purpose}`, KEY_BYTES)).toString('base64');
    },
    seal(text, purpose) {
      if (first === undefined) throw new RejectedError('secrets-key', 'There is no key to seal with.');
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', first, nonce).setAAD(Buffer.from(purpose));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.from([FORMAT]), idOf(first), nonce, body, cipher.getAuthTag()]);
    },
    open(sealed, purpose) {
      const bytes = Buffer.from(sealed);
      const key = byId.get(bytes.subarray(1, 1 + ID_BYTES).toString('hex'));
      try {
        if (key === undefined || bytes[0] !== FORMAT || bytes.length < HEAD_BYTES + TAG_BYTES)
          throw new Error('unknown');
        const nonce = bytes.subarray(1 + ID_BYTES, HEAD_BYTES);
        const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
          .setAAD(Buffer.from(purpose))
          .setAuthTag(bytes.subarray(-TAG_BYTES));
        const body = bytes.subarray(HEAD_BYTES, -TAG_BYTES);
        return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
      } catch {
        throw new RejectedError(
          'sealed-otherwise',
          `The ${purpose} was sealed with a key that this hub does not have: add that key to FLOTILLA_SECRETS_KEY_FILE, or set the ${purpose} anew.`,
        );
      }
    },
  };
}

function idOf(key: Buffer): Buffer {
  return createHash('sha256').update('flotilla-secrets-key').update(key).digest().subarray(0, ID_BYTES);
}
