import { type JsonObject, type JsonValue, sealOf } from '#domain';
import { RejectedError } from '#kit';
import { isMap, isSecret, mapAt, SEALED_ANNOTATION } from '#kube';
import type { AgeKeys } from './age-keys.js';
import { DataKeys } from './data-keys.js';
import { type OpenedFile, openFile } from './open-file.js';
import { envValues, openEnvValue } from './open-lines.js';
import { type SealedFormat, sealedFormat } from './sealed-format.js';
import { readMetadata } from './sops-metadata.js';
import { type Leaf, SopsOpening } from './sops-opening.js';
import { isSealedText } from './sops-value.js';

export interface OpenedObject {
  readonly object: JsonObject;
  /** All that was encrypted of it, as it reads. */
  readonly values: readonly string[];
}

const ENV_PREFIX = 'sops_';
/** What an object is called decides what is done with it, by the hub too, which reads no encrypted value. */
const IN_THE_CLEAR = ['apiVersion', 'kind', 'metadata'];

/**
 * Reads what SOPS encrypted of objects: an object with `sops` beside its fields, a Secret with encrypted files in it, and a Secret
 * that was made of the lines of an encrypted file. Of the first and the last the file must be there as it stands in Git: of the object
 * nobody could tell whether all of it was encrypted together, once Kustomize has sorted it and added to it.
 */
export class ObjectOpener {
  private readonly keys: DataKeys;
  private readonly opened = new Map<string, Promise<OpenedFile>>();

  /** @param files by their seal */
  constructor(
    keys: AgeKeys,
    private readonly files: ReadonlyMap<string, string>,
  ) {
    this.keys = new DataKeys(keys);
  }

  /** @throws RejectedError in words that follow the object's name */
  async open(sealed: JsonObject): Promise<OpenedObject> {
    const values: string[] = [];
    const { sops, ...fields } = sealed;
    const isOfLines = isSecret(sealed) && typeof mapAt(sealed, 'data')['sops_mac'] === 'string';
    const object = isMap(sops) && !isOfLines ? await this.openFields(sealed, values) : fields;
    if (!isSecret(object)) return { object, values };
    const both = Object.keys(mapAt(object, 'stringData')).find((name) => name in mapAt(object, 'data'));
    if (both !== undefined) throw strange(`${both} is in its data and in its stringData, which would win`);
    return { object: isOfLines ? await this.openLines(sealed, values) : await this.openSecret(object, values), values };
  }

  /** An object with `sops` beside its fields. */
  private async openFields(sealed: JsonObject, values: string[]): Promise<JsonObject> {
    const { sops, ...object } = sealed;
    // What is odd of it is told before that its file can't be found by it.
    readMetadata(sops);
    const { metadata, key, documents } = await this.fileOf(sealed, ['yaml', 'json']);
    const opening = new SopsOpening(metadata, key);
    const isText = isSecret(object);
    const walk = (value: JsonValue, path: readonly string[]): JsonValue => {
      if (Array.isArray(value)) return (value as readonly JsonValue[]).map((each) => walk(each, path));
      if (isMap(value)) {
        return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, walk(each, [...path, name])]));
      }
      const plain = opening.open(path, value as Leaf);
      if (plain === null) return value;
      if (IN_THE_CLEAR.includes(path[0] ?? '')) throw unnamed(path);
      const text = plain.bytes.toString('utf8');
      // A Secret holds nothing but texts, and a number in its file is one.
      if (isText && ['data', 'stringData'].includes(path[0] ?? '')) return text;
      if (plain.type === 'bool') return text === 'True';
      return plain.type === 'int' || plain.type === 'float' ? Number(text) : text;
    };
    const opened = walk(object, []) as JsonObject;
    const found = opening.endDocument();
    if (!documents.some((document) => isWithin(found, document))) {
      throw strange('its encrypted values are not those of one document of its file');
    }
    values.push(...opening.values);
    return isText ? opened : marked(opened);
  }

  /** The file that an object came of: nobody changed it. */
  private async fileOf(sealed: JsonObject, formats: readonly SealedFormat[]): Promise<OpenedFile> {
    const seal = sealOf(sealed) ?? '';
    const text = this.files.get(seal);
    if (text === undefined) throw strange('its file did not come with it');
    const format = sealedFormat(text);
    if (format === null || !formats.includes(format)) throw strange('its file is none that sops makes of objects');
    const opening = this.opened.get(seal) ?? openFile(text, `file.${format}`, format, this.keys);
    this.opened.set(seal, opening);
    const opened = await opening;
    if (opened.metadata.mac !== seal) throw strange('the file that came with it is of other values');
    return opened;
  }

  private async openSecret(secret: JsonObject, values: string[]): Promise<JsonObject> {
    const data = mapAt(secret, 'data');
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
      opened[name] = file.read().toString(encoding);
      values.push(...file.values);
    }
    return opened;
  }

  /** Each line of a file has become a value of its own, and so has each of its SOPS metadata. */
  private async openLines(sealed: JsonObject, values: string[]): Promise<JsonObject> {
    const { sops: _, stringData = {}, ...secret } = sealed;
    const [added] = Object.keys(stringData as JsonObject);
    if (added !== undefined) throw strange(`stringData.${added} is not of its file`);
    const lines = Object.entries(mapAt(secret, 'data'))
      .map(([name, value]) => {
        const text = typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : '';
        return [name, text] as const;
      })
      .filter(([name]) => !name.startsWith(ENV_PREFIX));
    const file = await this.fileOf(sealed, ['env']);
    const expected = envValues(this.files.get(sealOf(sealed) ?? '') ?? '');
    for (const [name, text] of lines) {
      if (expected.get(name) !== text)
        throw strange(`${name} is not encrypted with the others of its file, or was changed since`);
    }
    if (lines.length < expected.size) throw strange('a line of its file is missing');
    const opening = new SopsOpening(file.metadata, file.key);
    const opened = lines.map(
      ([name, text]) => [name, Buffer.from(openEnvValue(name, text, opening)).toString('base64')] as const,
    );
    values.push(...opening.values);
    return { ...secret, data: Object.fromEntries(opened) };
  }
}

function isWithin(part: ReadonlySet<string>, whole: ReadonlySet<string>): boolean {
  return [...part].every((each) => whole.has(each));
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

function unnamed(path: readonly string[]): RejectedError {
  return new RejectedError(
    'sops-metadata',
    `${path.join('.')} is encrypted: what an object is called must be there to be read; encrypt it again with --encrypted-regex '^(data|stringData)$'`,
  );
}

function strange(why: string): RejectedError {
  return new RejectedError(
    'sops-file',
    `${why}: have Kustomize read it of an encrypted file (resources, or envs of a secretGenerator), and change nothing that is encrypted on the way`,
  );
}
