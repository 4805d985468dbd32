import { types } from 'node:util';

/** Keys whose values are secret: the last word tells, so `tokenId` or `secretName` is not one. */
const secretKey =
  /(pass(word|wd|phrase)|secret|token|authorization|cookie|seed|private[_-]?key|api[_-]?key|jwt|creds|credential)s?$/i;

const redacted = '[redacted]';

const secretText: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  // A URL's user and password; a bare `git@` is a convention and tells nothing.
  [/(\b[a-z][a-z0-9+.-]*:\/\/)(?!git@)[^\s/@?#]+@/gi, `$1${redacted}@`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, redacted],
  [/\beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]+/g, redacted],
  // An nkey's seed.
  [/\bS[UAONCX][A-Z2-7]{56}\b/g, redacted],
  // Our own tokens, of whatever kind.
  [/\bf[a-z]_[\w-]{43}(?![\w-])/g, redacted],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${redacted}`],
];

/** A text without the secrets that can be told by their looks. */
export function redactText(text: string): string {
  let result = text;
  for (const [pattern, replacement] of secretText) result = result.replace(pattern, replacement);
  return result;
}

const limits = { depth: 6, items: 100, text: 4_096 };

/** A value made fit for a log: secret-like keys and texts replaced, sizes bounded, errors as plain objects. */
export function redactValue(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(cut(value));
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return `[${value.length} bytes]`;
  if (value instanceof Date) return value;
  if (depth >= limits.depth) return '[deeper]';
  if (types.isNativeError(value)) return redactError(value, depth);
  if (Array.isArray(value)) {
    const items = value.slice(0, limits.items).map((item) => redactValue(item, depth + 1));
    return value.length > limits.items ? [...items, `[${value.length - limits.items} more]`] : items;
  }
  const entries = value instanceof Map ? [...(value as Map<unknown, unknown>)] : Object.entries(value);
  const result: Record<string, unknown> = {};
  for (const [name, item] of entries.slice(0, limits.items)) {
    const key = String(name);
    const hidden = secretKey.test(key) && (typeof item === 'string' || (typeof item === 'object' && item !== null));
    result[key] = hidden ? redacted : redactValue(item, depth + 1);
  }
  return result;
}

function redactError(error: Error, depth: number): Record<string, unknown> {
  const { code, kind, details } = error as { code?: unknown; kind?: unknown; details?: unknown };
  return {
    type: error.name,
    message: redactText(cut(error.message)),
    ...(code === undefined ? {} : { code: redactValue(code, depth + 1) }),
    ...(details === undefined ? {} : { details: redactValue(details, depth + 1) }),
    // What a person can mend is told by its message; a stack is for our own faults.
    ...(kind === 'rejected' || kind === 'retryable' ? {} : { stack: redactText(cut(error.stack ?? '')) }),
    ...(error.cause === undefined ? {} : { cause: redactValue(error.cause, depth + 1) }),
  };
}

function cut(text: string): string {
  return text.length > limits.text ? `${text.slice(0, limits.text)}… [${text.length} characters]` : text;
}
