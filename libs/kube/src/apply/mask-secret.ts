import type { JsonObject } from '#domain';
import type { ApiError } from './api-error.js';
import { mapAt } from './object-ref.js';

const HIDDEN = '(hidden)';

/** What a person is told of an error; for a Secret, without any of its values, in whatever shape the API server echoed them. */
export function errorText(error: ApiError, object: JsonObject): string {
  const text = readable(error).replace(/\s+/g, ' ').trim();
  if (object['kind'] !== 'Secret') return cut(text);
  let masked = text
    .replace(/(Invalid value: )("(\\.|[^"\\])*"|\S+)/g, `$1${HIDDEN}`)
    .replace(/(Value:)("(\\.|[^"\\])*"|\[[^\]]*\]|[^\s}]+)/g, `$1${HIDDEN}`);
  for (const value of valuesOf(object)) masked = masked.replaceAll(value, HIDDEN);
  return cut(masked);
}

/** A refusal may echo a whole template: then its causes are told one by one, each with its field and its end. */
function readable({ message, causes }: ApiError): string {
  if (message.length <= 400 || causes.length === 0) return message;
  return causes
    .map((cause) => {
      const end = cause.message.lastIndexOf(': ');
      const isLong = cause.message.length > 200 && end > 0;
      return `${cause.field}: ${isLong ? `${cause.message.slice(0, 40)}…${cause.message.slice(end)}` : cause.message}`;
    })
    .join('; ');
}

/** All that a Secret holds, as it is written and as it reads, the longest first so that no part of one is left over. */
function valuesOf(secret: JsonObject): readonly string[] {
  const values = new Set<string>();
  for (const key of ['data', 'stringData']) {
    for (const value of Object.values(mapAt(secret, key))) {
      if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') continue;
      const text = String(value);
      values.add(text);
      values.add(Buffer.from(text).toString('base64'));
      const read = Buffer.from(text, 'base64').toString('utf8');
      if (!read.includes('\uFFFD')) values.add(read);
    }
  }
  // One or two letters are in every sentence, and tell nothing.
  return [...values].filter((value) => value.trim().length > 2).sort((a, b) => b.length - a.length);
}

function cut(text: string): string {
  return text.length > 500 ? `${text.slice(0, 499)}…` : text;
}
