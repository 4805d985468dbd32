import type { JsonObject, JsonValue } from '#domain';
import { RejectedError } from '#kit';
import { isMap, isSecret, mapAt, SEALED_ANNOTATION } from '#kube';
import type { AgeKeys } from './age-keys.js';
import { DataKeys } from './data-keys.js';
import { openFile } from './open-file.js';
import { openEnvValue } from './open-lines.js';
import { sealedFormat } from './sealed-format.js';
import { readMetadata, unflatten } from './sops-metadata.js';
import { type Leaf, SopsOpening } from './sops-opening.js';
import { isSealedText } from './sops-value.js';

export interface OpenedObject {
  readonly object: JsonObject;
  /** All that was encrypted of it, as it reads. */
  readonly values: readonly string[];
}

const ENV_PREFIX = 'sops_';

/**
 * Reads what SOPS encrypted of objects: an object with `sops` beside its fields, a Secret with encrypted files in it, and a Secret
 * that was made of the lines of an encrypted file.
 */
export class ObjectOpener {
  private readonly keys: DataKeys;

  constructor(keys: AgeKeys) {
    this.keys = new DataKeys(keys);
  }

  /** @throws RejectedError in words that follow the object's name */
  async open(sealed: JsonObject): Promise<OpenedObject> {
    const values: string[] = [];
    const object = isMap(sealed['sops']) ? await this.openFields(sealed, values) : sealed;
    if (!isSecret(object)) return { object, values };
    return { object: await this.openSecret(object, values), values };
  }

  /** An object with `sops` beside its fields. */
  private async openFields({ sops, ...object }: JsonObject, values: string[]): Promise<JsonObject> {
    const metadata = readMetadata(sops);
    const opening = new SopsOpening(metadata, await this.keys.open(metadata));
    const isText = isSecret(object);
    const walk = (value: JsonValue, path: readonly string[]): JsonValue => {
      if (Array.isArray(value)) return (value as readonly JsonValue[]).map((each) => walk(each, path));
      if (isMap(value)) {
        return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, walk(each, [...path, key])]));
      }
      const plain = opening.open(path, value as Leaf);
      if (plain === null) return value;
      const text = plain.bytes.toString('utf8');
      // A Secret holds nothing but texts, and a number in its file is one.
      if (isText && ['data', 'stringData'].includes(path[0] ?? '')) return text;
      if (plain.type === 'bool') return text === 'True';
      return plain.type === 'int' || plain.type === 'float' ? Number(text) : text;
    };
    const opened = walk(object, []) as JsonObject;
    // On its way here an object gets a namespace, labels and another order of its fields, of which the code may be as well.
    if (metadata.macOnlyEncrypted) opening.expectWholeUnordered();
    values.push(...opening.values);
    return isText ? opened : marked(opened);
  }

  private async openSecret(secret: JsonObject, values: string[]): Promise<JsonObject> {
    const data = mapAt(secret, 'data');
    if (typeof data['sops_mac'] === 'string') return await this.openLines(secret, data, values);
    const decoded = await this.openEntries(data, 'base64', values);
    const plain = await this.openEntries(mapAt(secret, 'stringData'), 'utf8', values);
    return {
      ...secret,
      ...(Object.keys(data).length > 0 && { data: decoded }),
      // What is no text becomes `data`.
      ...(Object.keys(plain).length > 0 && { stringData: plain }),
    };
  }

  /** Files among a Secret's values. */
  private async openEntries(
    entries: JsonObject,
    encoding: 'base64' | 'utf8',
    values: string[],
  ): Promise<Record<string, JsonValue>> {
    const opened: Record<string, JsonValue> = {};
    for (const [name, value] of Object.entries(entries)) {
      opened[name] = value;
      if (typeof value !== 'string') continue;
      const text = Buffer.from(value, encoding).toString('utf8');
      if (isSealedText(text.trim())) throw orphan(name);
      const format = sealedFormat(text);
      if (format === null) continue;
      const file = await named(name, () => openFile(text, name, format, this.keys));
      opened[name] = file.bytes.toString(encoding);
      values.push(...file.values);
    }
    return opened;
  }

  /** Each line of a file has become a value of its own, and so has each of its SOPS metadata. */
  private async openLines(secret: JsonObject, data: JsonObject, values: string[]): Promise<JsonObject> {
    const lines = Object.entries(data).map(([key, value]) => {
      const text = typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : '';
      return [key, text] as const;
    });
    const isMetadata = ([key]: readonly [string, string]): boolean => key.startsWith(ENV_PREFIX);
    const flat = lines.filter(isMetadata).map(([key, text]) => [key.slice(ENV_PREFIX.length), text] as const);
    const metadata = readMetadata(unflatten(new Map(flat)));
    const opening = new SopsOpening(metadata, await this.keys.open(metadata));
    const opened = lines
      .filter((line) => !isMetadata(line))
      .map(([key, text]) => [key, Buffer.from(openEnvValue(key, text, opening)).toString('base64')] as const);
    opening.expectWholeUnordered();
    values.push(...opening.values);
    return { ...secret, data: Object.fromEntries(opened) };
  }
}

/** So that its values are told to nobody, though it is no Secret. */
function marked(object: JsonObject): JsonObject {
  const metadata = mapAt(object, 'metadata');
  const annotations = { ...mapAt(metadata, 'annotations'), [SEALED_ANNOTATION]: 'sops' };
  return { ...object, metadata: { ...metadata, annotations } };
}

async function named<T>(name: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof RejectedError)) throw error;
    throw new RejectedError(error.code, `its file ${name}: ${error.message}`);
  }
}

function orphan(name: string): RejectedError {
  return new RejectedError(
    'sops-metadata',
    `${name} is encrypted by SOPS, and the object lacks the metadata that it is decrypted by (sops): keep it, or encrypt the whole file`,
  );
}
