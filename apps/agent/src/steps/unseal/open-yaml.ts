import { RejectedError } from '#kit';
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseAllDocuments,
  type ParsedNode,
  Scalar,
  visit,
  type YAMLMap,
} from 'yaml';
import { type Leaf, type SopsOpening, timeText } from './sops-opening.js';
import type { PlainValue } from './sops-value.js';

/** Read in their order, with their comments; a long text is one line, and what an older YAML would misread is quoted. */
const PARSE = { intAsBigInt: true, strict: true, uniqueKeys: false, compat: 'yaml-1.1', logLevel: 'silent' } as const;
const WRITE = { lineWidth: 0, indent: 4 } as const;
const COMMENT = /ENC\[AES256_GCM,[^\]\n]*,type:comment\]/g;

/** A file of YAML, or of JSON, that SOPS encrypted. */
export class SopsFile {
  private constructor(private readonly documents: readonly Document<ParsedNode>[]) {}

  /** @throws RejectedError `sops-file` */
  static parse(text: string): SopsFile {
    const documents = parseAllDocuments(text, PARSE);
    if (!Array.isArray(documents)) throw refused('it is empty');
    if (documents.some(({ errors }) => errors.length > 0)) throw refused('it is no YAML or JSON');
    for (const document of documents) visit(document, { Map: (_, map) => expectUnique(map) });
    return new SopsFile(documents as Document<ParsedNode>[]);
  }

  /** Its SOPS metadata as it stands there; undefined: it has none. */
  get metadata(): unknown {
    return this.documents.map((document) => plainOf(document.get('sops', true))).find((found) => found !== undefined);
  }

  /** Puts the values in place of what they were encrypted to; answers those of each document, with where they stood. */
  open(opening: SopsOpening): readonly ReadonlySet<string>[] {
    const documents = this.documents.map((document) => {
      if (isMap(document.contents)) document.contents.delete('sops');
      openNode(document.contents, [], opening);
      openComments(document, opening);
      return opening.endDocument();
    });
    opening.expectWhole();
    return documents;
  }

  /** What is in a file that is neither; null: it is one of them. */
  get onlyData(): Leaf | null {
    const [document, ...others] = this.documents;
    const contents = document?.contents;
    if (others.length > 0 || !isMap(contents)) return null;
    const keys = contents.items.map(({ key }) => keyOf(key)).filter((key) => key !== 'sops');
    const value: unknown = document?.get('data');
    return keys.join() === 'data' && typeof value === 'string' ? value : null;
  }

  toYaml(): string {
    return this.documents.map((document) => document.toString(WRITE)).join('---\n');
  }

  toJson(): string {
    return `${jsonOf(this.documents[0]?.contents, '')}\n`;
  }
}

/** As the parser does it, in a time that does not grow with the square of what is there. */
function expectUnique(map: YAMLMap): void {
  const keys = new Set(map.items.map(({ key }) => keyOf(key)));
  if (keys.size < map.items.length) throw refused('a key of it is there twice');
}

function plainOf(node: unknown): unknown {
  const found = (node as { toJSON?: () => unknown } | undefined)?.toJSON?.();
  return found === null ? undefined : found;
}

function openNode(node: unknown, path: readonly string[], opening: SopsOpening): void {
  if (isAlias(node)) throw refused('it has an alias (*name), which sops leaves none of');
  if (isSeq(node)) for (const item of node.items) openNode(item, path, opening);
  if (isMap(node)) {
    for (const { key, value } of node.items) openNode(value, [...path, keyOf(key)], opening);
  }
  if (!isScalar(node)) return;
  const plain = opening.open(path, leafOf(node));
  if (plain !== null) setScalar(node, plain);
}

function leafOf({ value, type }: Scalar): Leaf {
  if (typeof value === 'string') return type === Scalar.PLAIN ? timeText(value) : value;
  return ['number', 'bigint', 'boolean'].includes(typeof value) ? (value as Leaf) : null;
}

function setScalar(scalar: Scalar, { type, bytes }: PlainValue): void {
  const text = bytes.toString('utf8');
  delete scalar.type;
  delete scalar.source;
  if (type === 'int') scalar.value = BigInt(text);
  else if (type === 'float') scalar.value = Number(text);
  else if (type === 'bool') scalar.value = text === 'True';
  else scalar.value = type === 'bytes' ? bytes.toString('base64') : text;
}

/** What was encrypted of comments and can't be trusted is left out. */
function openComments(document: Document<ParsedNode>, opening: SopsOpening): void {
  const paths = new Map<unknown, readonly string[]>([[document.contents, []]]);
  const open = (text: string | null | undefined, path: readonly string[]): string | null | undefined =>
    text?.replace(COMMENT, (sealed) => (opening.comment(path, sealed) ?? '').replaceAll('\n', '\n#'));
  document.commentBefore = open(document.commentBefore, []) ?? null;
  document.comment = open(document.comment, []) ?? null;
  visit(document, {
    Map: (_, map: YAMLMap) => {
      const path = paths.get(map) ?? [];
      for (const { key, value } of map.items) {
        if (typeof value === 'object') paths.set(value, [...path, keyOf(key)]);
        openOwn(key, path, open);
        openOwn(value, [...path, keyOf(key)], open);
      }
    },
    Seq: (_, seq) => {
      const path = paths.get(seq) ?? [];
      for (const item of seq.items) {
        if (typeof item === 'object') paths.set(item, path);
        openOwn(item, path, open);
      }
    },
  });
}

type OpenComment = (text: string | null | undefined, path: readonly string[]) => string | null | undefined;

function openOwn(node: unknown, path: readonly string[], open: OpenComment): void {
  if (!isScalar(node) && !isMap(node) && !isSeq(node)) return;
  node.commentBefore = open(node.commentBefore, path) ?? null;
  node.comment = open(node.comment, path) ?? null;
}

function keyOf(key: unknown): string {
  if (!isScalar(key)) throw refused('a key of it is no text');
  return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
}

/** As sops writes it: in its order, each level a tab further in. */
function jsonOf(node: unknown, indent: string): string {
  const inner = `${indent}\t`;
  const lines = (texts: readonly string[], begin: string, end: string): string =>
    texts.length === 0 ? begin + end : `${begin}\n${texts.map((each) => inner + each).join(',\n')}\n${indent}${end}`;
  if (isMap(node)) {
    const entries = node.items.map(({ key, value }) => `${JSON.stringify(keyOf(key))}: ${jsonOf(value, inner)}`);
    return lines(entries, '{', '}');
  }
  if (isSeq(node)) {
    return lines(
      node.items.map((item) => jsonOf(item, inner)),
      '[',
      ']',
    );
  }
  const value = isScalar(node) ? node.value : null;
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value ?? null);
}

function refused(message: string): RejectedError {
  return new RejectedError('sops-file', message);
}
