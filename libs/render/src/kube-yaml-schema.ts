import { binaryTag, defineMappingTag, defineScalarTag, mergeTag, NOT_RESOLVED, Schema, seqTag, strTag } from 'js-yaml';

/**
 * What plain words of a manifest mean. kubectl reads YAML with Go's yaml v2, which is YAML 1.1 with Go's own idea of numbers: `on` and
 * `no` are booleans, `0644` and `0o17` octal, `1_000` a number, and `1:30` and dates are text. A hub that read them otherwise would
 * apply something else than the same file gives under kubectl. Held against kubectl's own output in golden/.
 */

/** A value that JSON, or JavaScript's numbers, cannot carry; saying so is better than applying another one. */
export class UncarriedValue extends Error {}

const words: ReadonlyMap<string, null | boolean> = new Map([
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
]);

const notFinite = /^[-+]?\.(inf|Inf|INF)$|^\.(nan|NaN|NAN)$/;
const floatForm = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const pointForm = /^\.[0-9]+(_[0-9]+)*([eE][-+]?[0-9]+(_[0-9]+)*)?$/;
const integerForm = /^([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)$/;
const int64 = { least: -(2n ** 63n), most: 2n ** 64n - 1n };

function readInteger(plain: string): bigint | null {
  const match = integerForm.exec(plain);
  if (match === null) return null;
  const [, sign, digits = ''] = match;
  const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
  const value = BigInt(octal.toLowerCase());
  const signed = sign === '-' ? -value : value;
  // Go reads a sign only into 64 bits with one.
  if (signed < int64.least || signed > (sign === '' ? int64.most : 2n ** 63n - 1n)) return null;
  return signed;
}

function readFloat(plain: string): number | null {
  if (!floatForm.test(plain)) return null;
  const value = Number(plain);
  return Number.isFinite(value) ? value : null;
}

/** The number that a plain scalar means, or null where it is text. */
export function readNumber(source: string): number | null {
  // Go has another reader for these, with its own rule for underscores.
  if (source.startsWith('.')) return pointForm.test(source) ? readFloat(source.replaceAll('_', '')) : null;
  const plain = source.replaceAll('_', '');
  const integer = readInteger(plain);
  if (integer === null) return readFloat(plain);
  const value = Number(integer);
  if (!Number.isSafeInteger(value)) {
    throw new UncarriedValue(`the number ${source} is beyond 53 bits and would be rounded: put it in quotes`);
  }
  return value === 0 ? 0 : value;
}

const plainScalar = (tag: string, kinds: 'null' | 'bool' | 'number', first: readonly string[]) =>
  defineScalarTag<unknown>(`tag:yaml.org,2002:${tag}`, {
    implicit: true,
    implicitFirstChars: first,
    identify: () => false,
    resolve: (source, isExplicit) => {
      if (kinds !== 'number') {
        const value = words.get(source);
        const fits = kinds === 'null' ? value === null : typeof value === 'boolean';
        return fits ? value : NOT_RESOLVED;
      }
      if (notFinite.test(source)) throw new UncarriedValue(`${source} is no number that JSON has: put it in quotes`);
      const value = readNumber(source);
      if (value === null || (isExplicit && tag === 'int' && !Number.isInteger(value))) return NOT_RESOLVED;
      return value;
    },
  });

const digits = [...'+-.0123456789'];

/** Text of bytes that were written in base 64, as kubectl has it. */
const binaryText = defineScalarTag<string>(binaryTag.tagName, {
  identify: () => false,
  resolve: (source) => Buffer.from(source, 'base64').toString('utf8'),
});

function keyText(key: unknown): string | null {
  if (typeof key === 'string') return key;
  return typeof key === 'number' || typeof key === 'boolean' ? String(key) : null;
}

/** Objects with text for keys; `on: 1` is the key "true", as it is for kubectl. */
const objects = defineMappingTag<Record<string, unknown>>('tag:yaml.org,2002:map', {
  create: () => ({}),
  addPair: (carrier, key, value) => {
    if (key === null) return 'a key is empty: put it in quotes';
    const name = keyText(key);
    if (name === null) return 'a key is a list or a mapping: only text can be a key';
    // Would be the prototype of whatever copies it.
    if (name === '__proto__') return 'the key "__proto__" is not taken';
    carrier[name] = value;
    return '';
  },
  has: (carrier, key) => Object.hasOwn(carrier, keyText(key) ?? ''),
  keys: (result) => Object.keys(result),
  get: (result, key) => result[keyText(key) ?? ''] ?? null,
  identify: () => false,
});

const withoutMerge = [
  strTag,
  seqTag,
  objects,
  plainScalar('null', 'null', ['', '~', 'n', 'N']),
  plainScalar('bool', 'bool', [...'yYnNtTfFoO']),
  plainScalar('int', 'number', digits),
  plainScalar('float', 'number', digits),
  binaryText,
];

/** `<<` is a key like any other. */
export const mergelessYamlSchema = new Schema(withoutMerge);

export const kubeYamlSchema = new Schema([...withoutMerge, mergeTag]);
