import { createDecipheriv } from 'node:crypto';
import { RejectedError } from '#kit';

const FORM = /^ENC\[AES256_GCM,data:([A-Za-z0-9+/=]+),iv:([A-Za-z0-9+/=]+),tag:([A-Za-z0-9+/=]+),type:([a-z]+)\]$/;
const TYPES = ['str', 'int', 'float', 'bool', 'bytes', 'time', 'comment'] as const;
const TAG_BYTES = 16;
const LEAST_IV_BYTES = 12;

export interface PlainValue {
  readonly type: (typeof TYPES)[number];
  /** As it was before it was encrypted; a number as it is written, a boolean as `True` or `False`. */
  readonly bytes: Buffer;
}

/** Whether a text is a value that SOPS encrypted. */
export function isSealedText(text: string): boolean {
  return text.startsWith('ENC[AES256_GCM,') && FORM.test(text);
}

/**
 * Decrypts one value; it is bound to where it stands, so that none can be put in another's place.
 * @param path the keys that lead to it, each with a colon behind it
 * @throws RejectedError `sops-value`, which tells no value
 */
export function openValue(text: string, key: Uint8Array, path: string): PlainValue {
  const [, data = '', iv = '', tag = '', word = ''] = FORM.exec(text) ?? [];
  const type = TYPES.find((each) => each === word);
  const nonce = Buffer.from(iv, 'base64');
  const code = Buffer.from(tag, 'base64');
  // A shorter code could be guessed.
  if (type === undefined || code.length !== TAG_BYTES || nonce.length < LEAST_IV_BYTES) throw refused(path);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(path)).setAuthTag(code);
    return { type, bytes: Buffer.concat([decipher.update(data, 'base64'), decipher.final()]) };
  } catch {
    throw refused(path);
  }
}

function refused(path: string): RejectedError {
  const where = path.slice(0, -1).split(':').join('.') || 'the document';
  return new RejectedError(
    'sops-value',
    `${where} can't be decrypted: it was changed or moved after it was encrypted; encrypt it again with sops`,
  );
}
