import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto';
import { RejectedError } from '#kit';

/** First letter of the encoded public key, and the byte that makes it so. */
const prefixBytes = { operator: 14 << 3, account: 0, user: 20 << 3 } as const;
const SEED_PREFIX = 18 << 3;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_ED25519 = Buffer.from('302a300506032b6570032100', 'hex');

export type NkeyKind = keyof typeof prefixBytes;

/**
 * An Ed25519 key in NATS' encoding. Signing goes through node:crypto (11,700 signatures/s here), because the JavaScript that
 * the NATS packages sign with makes 17 to 113/s; that is why the codec is here too: theirs is not exported without it.
 */
export interface Nkey {
  readonly kind: NkeyKind;
  /** `O…`, `A…` or `U…`, 56 characters. */
  readonly publicKey: string;
  /** `SO…`, `SA…` or `SU…`, 58 characters. A secret. */
  readonly seed: string;
  sign(data: Uint8Array): Buffer;
}

export function makeNkey(kind: NkeyKind): Nkey {
  return nkeyFromRaw(kind, randomBytes(32));
}

/** @throws RejectedError `bad-nkey-seed` (never with the seed in it) */
export function nkeyFromSeed(seed: string): Nkey {
  const raw = decode(seed.trim());
  const byte = raw && raw.length === 34 ? ((raw[0]! & 7) << 5) | ((raw[1]! & 248) >> 3) : -1;
  const kind = kindOf(byte);
  if (raw === null || kind === null || (raw[0]! & 248) !== SEED_PREFIX) {
    throw new RejectedError('bad-nkey-seed', 'The nkey seed is not valid: it must be 58 characters beginning with S.');
  }
  return nkeyFromRaw(kind, raw.subarray(2));
}

/** Whether `text` is the public key of a user, account or operator, its checksum included. */
export function isPublicNkey(text: string, kind: NkeyKind): boolean {
  const raw = decode(text);
  return raw !== null && raw.length === 33 && raw[0] === prefixBytes[kind];
}

/** Whether `signature` (base64url) over `data` was made by the key. A key or signature that can't be read is false. */
export function verifyNkey(publicKey: string, data: Uint8Array, signature: string): boolean {
  const raw = decode(publicKey);
  const bytes = Buffer.from(signature, 'base64url');
  if (raw === null || raw.length !== 33 || bytes.length !== 64) return false;
  const der = Buffer.concat([SPKI_ED25519, raw.subarray(1)]);
  try {
    return verify(null, data, createPublicKey({ key: der, format: 'der', type: 'spki' }), bytes);
  } catch {
    return false;
  }
}

/** Unpadded base32 of RFC 4648. */
export function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(value >>> bits) & 31];
    }
  }
  return bits > 0 ? text + ALPHABET[(value << (5 - bits)) & 31] : text;
}

function nkeyFromRaw(kind: NkeyKind, raw: Uint8Array): Nkey {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, raw]), format: 'der', type: 'pkcs8' });
  const byte = prefixBytes[kind];
  return {
    kind,
    publicKey: encode(Buffer.from([byte]), rawPublicKey(key)),
    seed: encode(Buffer.from([SEED_PREFIX | (byte >> 5), (byte & 31) << 3]), raw),
    sign: (data) => sign(null, data, key),
  };
}

function rawPublicKey(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(SPKI_ED25519.length);
}

function kindOf(byte: number): NkeyKind | null {
  const kinds: readonly NkeyKind[] = ['operator', 'account', 'user'];
  return kinds.find((kind) => prefixBytes[kind] === byte) ?? null;
}

function encode(prefix: Uint8Array, payload: Uint8Array): string {
  const body = Buffer.concat([prefix, payload]);
  const checksum = Buffer.alloc(2);
  checksum.writeUInt16LE(crc16(body));
  return base32(Buffer.concat([body, checksum]));
}

/** The bytes without their checksum; null when the text is not base32 or the checksum is wrong. */
function decode(text: string): Buffer | null {
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const letter of text) {
    const index = ALPHABET.indexOf(letter);
    if (index < 0) return null;
    value = ((value << 5) | index) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((value >>> bits) & 255);
    }
  }
  if (bytes.length < 4) return null;
  const raw = Buffer.from(bytes);
  const body = raw.subarray(0, -2);
  return crc16(body) === raw.readUInt16LE(raw.length - 2) ? body : null;
}

/** CRC-16/XMODEM. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc;
}
