import { createHash, timingSafeEqual } from 'node:crypto';
import { RejectedError } from '#kit';
import type { SopsMetadata } from './sops-metadata.js';
import { isSealedText, openValue, type PlainValue } from './sops-value.js';

/** What a value may be in a document. */
export type Leaf = string | number | bigint | boolean | null;

/** What the code begins with where it is over encrypted values alone: SHA-256 of `sops`. */
const ONLY_ENCRYPTED = createHash('sha256').update('sops').digest();

/** The values of one document while it is decrypted: what is taken for true, and what the code is over. */
export class SopsOpening {
  /** All that was encrypted and can be read as text. */
  readonly values: string[] = [];
  private places = new Set<string>();
  private readonly parts: Buffer[] = [];

  constructor(
    private readonly metadata: SopsMetadata,
    private readonly key: Uint8Array,
  ) {}

  /**
   * What stands under a path; null: it is not encrypted, and need not be.
   * @throws RejectedError where it should be encrypted and is not, or was changed
   */
  open(path: readonly string[], value: Leaf): PlainValue | null {
    if (value === null) return null;
    if (!this.metadata.isEncrypted(path)) {
      if (!this.metadata.macOnlyEncrypted) this.parts.push(bytesOf(value));
      return null;
    }
    // Nothing is encrypted of an empty text.
    if (value === '') return null;
    if (typeof value !== 'string' || !isSealedText(value)) {
      throw new RejectedError(
        'sops-plain',
        `${path.join('.')} is not encrypted, though its SOPS metadata says that it is: what stands there can't be trusted; put it elsewhere, or encrypt it with sops`,
      );
    }
    const plain = openValue(value, this.key, `${path.join(':')}:`);
    this.places.add(JSON.stringify([path, value]));
    this.parts.push(plain.bytes);
    this.values.push(plain.bytes.toString('utf8'));
    return plain;
  }

  /** A comment, which no code is over; null: it can't be trusted. */
  comment(path: readonly string[], text: string): string | null {
    try {
      return openValue(text.trim(), this.key, `${path.join(':')}:`).bytes.toString('utf8');
    } catch {
      return null;
    }
  }

  /** The encrypted values since the last document ended, each with where it stands. */
  endDocument(): ReadonlySet<string> {
    const { places } = this;
    this.places = new Set();
    return places;
  }

  /** All is there, in the order in which it was encrypted. @throws RejectedError `sops-mac` */
  expectWhole(): void {
    const hash = createHash('sha512');
    if (this.metadata.macOnlyEncrypted) hash.update(ONLY_ENCRYPTED);
    for (const part of this.parts) hash.update(part);
    const found = hash.digest();
    const mac = this.mac();
    if (found.length !== mac.length || !timingSafeEqual(found, mac)) throw changed();
  }

  private mac(): Buffer {
    const { mac, lastModified } = this.metadata;
    try {
      return Buffer.from(openValue(mac, this.key, lastModified).bytes.toString('latin1'), 'hex');
    } catch {
      throw changed();
    }
  }
}

const DAY = /^\d{4}-\d\d-\d\d$/;

/** A value as SOPS reads it of a document. */
function bytesOf(value: string | number | bigint | boolean): Buffer {
  if (typeof value === 'boolean') return Buffer.from(value ? 'True' : 'False');
  if (typeof value === 'number') return Buffer.from(decimal(value));
  return Buffer.from(String(value));
}

/** A day alone is a time to YAML, and is read as midnight. */
export function timeText(text: string): string {
  return DAY.test(text) ? `${text}T00:00:00Z` : text;
}

/** Without an exponent, and as Go calls those that are none. */
function decimal(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  const [digits = '', exponent] = String(value).split('e');
  if (exponent === undefined) return digits;
  const sign = digits.startsWith('-') ? '-' : '';
  const [whole = '', fraction = ''] = digits.replace('-', '').split('.');
  const by = Number(exponent);
  if (by < 0) return `${sign}0.${'0'.repeat(-by - 1)}${whole}${fraction}`;
  return `${sign}${whole}${fraction.padEnd(by, '0')}`;
}

function changed(): RejectedError {
  return new RejectedError(
    'sops-mac',
    'its values are not those that were encrypted together (the code over all of them is another): somebody added, changed or removed one without sops; encrypt it again with sops',
  );
}
