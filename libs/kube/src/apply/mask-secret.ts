import type { JsonObject, JsonValue } from '#domain';
import type { ApiError } from './api-error.js';
import { SEALED_ANNOTATION } from './marks.js';
import { annotationOf, isMap, mapAt } from './object-ref.js';

const HIDDEN = '(hidden)';

/** Shorter values are in every sentence, and tell nothing. */
const LEAST = 6;
/** A part of a value counts from here on: words of a configuration file would hide half of every message. */
const LEAST_PART = 8;
/** So much of a value's beginning is hidden wherever it is; less of it only where the text was cut there. */
const TELLING = 16;

/** From here on a value is known by its beginning, and whatever stands behind that is taken for the rest of it. */
const MOST = 4096;
/** Shorter texts were not cut where they end. */
const LEAST_CUT = 256;

/** One way in which a value may be written. */
interface Needle {
  readonly text: string;
  /** What a mark is made of: equal for every way to write the same. */
  readonly value: string;
}

/** Makes a mark that stands for a value: the same for the same one. */
export type MarkValue = (value: string) => string;

const plainMark: MarkValue = () => HIDDEN;

/**
 * Hides the values of some Secrets in whatever text is about to leave the cluster: as they read, in base64, as JSON and Go quote
 * them, and line by line, for a file is echoed so. A value that was cut off is found by its beginning.
 */
export class SecretMask {
  /** Of Secrets that there are none of. */
  static readonly none = new SecretMask([]);

  /** By their first characters, then by their text. */
  private readonly needles = new Map<string, Map<string, Needle>>();
  private count = 0;
  /** Which two characters any needle begins with, so that most places of a text are passed over at once. */
  private readonly beginnings = new Uint8Array(1 << 13);

  private constructor(needles: Iterable<Needle>) {
    for (const needle of needles) this.add(needle);
  }

  /** One that begins with what others hide, and learns more. */
  static growing(others: readonly SecretMask[]): SecretMask & { learn(object: JsonObject): void } {
    const grown = new SecretMask(others.flatMap((other) => other.all()));
    return Object.assign(grown, {
      learn: (object: JsonObject): void => {
        if (isSecret(object)) for (const needle of needlesOf(object)) grown.add(needle);
      },
    });
  }

  /** Of the Secrets among some objects. */
  static of(objects: Iterable<JsonObject>): SecretMask {
    const mask = new SecretMask([]);
    for (const object of objects) if (isSecret(object)) for (const needle of needlesOf(object)) mask.add(needle);
    return mask.isEmpty ? SecretMask.none : mask;
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** How many texts are hidden. */
  get size(): number {
    return this.count;
  }

  /** Hides what either of them hides. */
  with(other: SecretMask): SecretMask {
    if (other.isEmpty || other === this) return this;
    if (this.isEmpty) return other;
    return new SecretMask([...this.all(), ...other.all()]);
  }

  /** Before a text is cut or squeezed: what is left of a value then would be harder to find. */
  hide(text: string, mark: MarkValue = plainMark): string {
    if (this.isEmpty || text.length < LEAST) return text;
    let hidden = '';
    let kept = 0;
    for (let at = 0; at <= text.length - LEAST;) {
      const found = this.findAt(text, at);
      if (found === null) {
        at += 1;
        continue;
      }
      hidden += text.slice(kept, at) + mark(found.value);
      at += found.length;
      kept = at;
    }
    return kept === 0 ? text : hidden + text.slice(kept);
  }

  /** The same in every text of a value, the keys of maps left out. */
  hideIn(value: JsonValue, mark: MarkValue = plainMark): JsonValue {
    if (this.isEmpty) return value;
    if (typeof value === 'string') return this.hide(value, mark);
    if (Array.isArray(value)) return (value as readonly JsonValue[]).map((each) => this.hideIn(each, mark));
    if (!isMap(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.hideIn(each, mark)]));
  }

  private all(): readonly Needle[] {
    return [...this.needles.values()].flatMap((alike) => [...alike.values()]);
  }

  private add(needle: Needle): void {
    const head = needle.text.slice(0, LEAST);
    const present = this.needles.get(head);
    if (present?.has(needle.text) === true) return;
    if (present === undefined) this.needles.set(head, new Map([[needle.text, needle]]));
    else present.set(needle.text, needle);
    this.count += 1;
    const hash = hashOf(needle.text, 0);
    this.beginnings[hash >> 3] = (this.beginnings[hash >> 3] ?? 0) | (1 << (hash & 7));
  }

  private findAt(text: string, at: number): { readonly length: number; readonly value: string } | null {
    const hash = hashOf(text, at);
    if (((this.beginnings[hash >> 3] ?? 0) & (1 << (hash & 7))) === 0) return null;
    let best: { readonly length: number; readonly value: string } | null = null;
    for (const needle of this.needles.get(text.slice(at, at + LEAST))?.values() ?? []) {
      const common = commonLength(text, at, needle.text);
      const isWhole = common === needle.text.length;
      if (!isWhole && common < TELLING && !isCutAt(text, at + common)) continue;
      // The last few characters of a beginning in base64 are others than those of the whole.
      const length = common >= MOST - 4 ? text.length - at : common;
      if (length > (best?.length ?? 0)) best = { length, value: needle.value };
    }
    return best;
  }
}

/** What a person is told of an error, without any value of the application's Secrets, in whatever shape the API server echoed them. */
export function errorText(error: ApiError, object: JsonObject, mask: SecretMask = SecretMask.none): string {
  const own = isSecret(object) ? ownValues(object) : isSealed(object) ? [] : null;
  const hide = (text: string): string => mask.hide(own === null ? text : hideOwn(text, own));
  // Before anything is cut.
  const message = hide(error.message);
  const causes = error.causes.map((cause) => ({ ...cause, field: hide(cause.field), message: hide(cause.message) }));
  const text = readable({ ...error, message, causes })
    .replace(/\s+/g, ' ')
    .trim();
  return text.length > 500 ? `${text.slice(0, 499)}…` : text;
}

/** What an API server says of a Secret may hold values that are not in Git, quoted in one of its ways. */
function hideOwn(text: string, values: readonly string[]): string {
  let masked = text
    .replace(/(Invalid value: )("(\\.|[^"\\])*"|\S+)/g, `$1${HIDDEN}`)
    .replace(/(Value:)("(\\.|[^"\\])*"|\[[^\]]*\]|[^\s}]+)/g, `$1${HIDDEN}`);
  for (const value of values) masked = masked.replaceAll(value, HIDDEN);
  return masked;
}

/** A refusal may echo a whole template: then its causes are told one by one, each with its field and its end. */
function readable({ message, causes }: Pick<ApiError, 'message' | 'causes'>): string {
  if (message.length <= 400 || causes.length === 0) return message;
  return causes
    .map((cause) => {
      const end = cause.message.lastIndexOf(': ');
      const isLong = cause.message.length > 200 && end > 0;
      return `${cause.field}: ${isLong ? `${cause.message.slice(0, 40)}…${cause.message.slice(end)}` : cause.message}`;
    })
    .join('; ');
}

export function isSecret(object: JsonObject): boolean {
  return object['kind'] === 'Secret';
}

/** Whether it was encrypted in Git, and is no Secret. */
export function isSealed(object: JsonObject): boolean {
  return annotationOf(object, SEALED_ANNOTATION) !== '';
}

/** What a Secret's values read as, those that are no text as the base64 that they are. */
function plainValues(secret: JsonObject): readonly string[] {
  const plain = Object.values(mapAt(secret, 'stringData')).flatMap(scalarText);
  const encoded = Object.values(mapAt(secret, 'data')).flatMap(scalarText);
  return [...plain, ...encoded.map(decoded)];
}

/** A value of `data` as it reads; one that is no text stays as it is written. */
export function decoded(base64: string): string {
  const text = Buffer.from(base64, 'base64').toString('utf8');
  return text.includes('\uFFFD') ? base64 : text;
}

function scalarText(value: JsonValue): readonly string[] {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? [String(value)] : [];
}

function* needlesOf(secret: JsonObject): Iterable<Needle> {
  for (const value of plainValues(secret)) {
    for (const text of spellings(value)) if (text.length >= LEAST) yield { text, value };
    for (const text of partsOf(value)) yield { text, value: text };
  }
  // As it is written in `data`, whatever it is: the API server quotes it so where it is no base64 at all.
  for (const text of Object.values(mapAt(secret, 'data')).flatMap(scalarText)) {
    if (text.length >= LEAST) yield { text: text.slice(0, MOST), value: decoded(text) };
  }
}

/** A value in the ways in which software writes it. */
function spellings(whole: string): ReadonlySet<string> {
  const value = whole.slice(0, MOST);
  const trimmed = value.trim();
  const quoted = JSON.stringify(value).slice(1, -1);
  // Go's JSON never holds these three.
  const byGo = quoted.replace(/[<>&]/g, (each) => `\\u00${each.charCodeAt(0).toString(16)}`);
  const base64 = Buffer.from(value).toString('base64');
  const unpadded = base64.replace(/=+$/, '');
  const forUrls = unpadded.replaceAll('+', '-').replaceAll('/', '_');
  return new Set([
    value,
    trimmed,
    quoted,
    byGo,
    base64,
    unpadded,
    forUrls,
    encodeURIComponent(Buffer.from(value).toString()),
  ]);
}

/** Lines of a file, texts of a JSON, values of settings, the password of a URL. */
function partsOf(value: string): ReadonlySet<string> {
  const parts = new Set<string>();
  const texts = textsOfJson(value);
  for (const piece of texts ?? value.split(/[\u0000-\u001f"\\<>&]+/).map((each) => each.trim())) {
    const isName = texts === null && /[:=]$/.test(piece);
    if (piece !== value && piece.length >= LEAST_PART && !isName) parts.add(piece);
    const setting = /^[^:=\s]+\s*[:=]\s*(.+)$/.exec(piece)?.[1] ?? '';
    const password = /:\/\/[^/\s:@]*:([^/\s@]+)@/.exec(piece)?.[1] ?? '';
    for (const each of [setting.replace(/^'(.*)'$/, '$1'), password]) if (each.length >= LEAST) parts.add(each);
  }
  return parts;
}

/** All texts of a JSON document, its keys left out: those are words of messages. Null: it is none. */
function textsOfJson(value: string): readonly string[] | null {
  if (!/^\s*[{[]/.test(value)) return null;
  try {
    const texts: string[] = [];
    const collect = (each: JsonValue): void => {
      if (Array.isArray(each)) (each as readonly JsonValue[]).forEach(collect);
      else if (isMap(each)) Object.values(each).forEach(collect);
      else texts.push(...scalarText(each));
    };
    collect(JSON.parse(value) as JsonValue);
    return texts;
  } catch {
    return null;
  }
}

/** All that a Secret holds, as it is written and as it reads, the longest first so that no part of one is left over. */
function ownValues(secret: JsonObject): readonly string[] {
  const values = new Set<string>();
  for (const value of plainValues(secret)) for (const text of spellings(value)) values.add(text);
  for (const text of Object.values(mapAt(secret, 'data')).flatMap(scalarText)) values.add(text);
  // One or two letters are in every sentence, and tell nothing.
  return [...values].filter((value) => value.trim().length > 2).sort((a, b) => b.length - a.length);
}

/** Of two characters, below 65,536. */
function hashOf(text: string, at: number): number {
  return (text.charCodeAt(at) * 251 + text.charCodeAt(at + 1)) & 0xffff;
}

function commonLength(text: string, at: number, needle: string): number {
  const most = Math.min(needle.length, text.length - at);
  let length = 0;
  while (length < most && text.charCodeAt(at + length) === needle.charCodeAt(length)) length += 1;
  return length;
}

function isCutAt(text: string, at: number): boolean {
  return (at === text.length && at >= LEAST_CUT) || text[at] === '…' || text.startsWith('...', at);
}
