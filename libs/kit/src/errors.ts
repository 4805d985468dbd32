import { types } from 'node:util';

/** Moves a terminal's cursor, or turns a line around: a stranger's file names and servers' words get into messages. */
const unseen = /(?:(?![\n\t])[\p{Cc}\p{Cf}])+/gu;

/**
 * The three classes of error that the product knows. Everything else that is thrown is a bug.
 * `code` is stable and kebab-case; `message` is one sentence for a person that names the field and the mend, and never holds a secret.
 */
export abstract class FlotillaError extends Error {
  abstract readonly kind: 'retryable' | 'rejected' | 'bug';

  constructor(
    readonly code: string,
    message: string,
    readonly details?: Readonly<Record<string, unknown>>,
    options?: { cause?: unknown },
  ) {
    super(message.replace(unseen, ' '), options);
    this.name = new.target.name;
  }
}

/** The same call may succeed later: a network that is down, a database that restarts, a conflict of versions. */
export class RetryableError extends FlotillaError {
  readonly kind = 'retryable';
}

/** The input is at fault and stays so until somebody changes it. */
export class RejectedError extends FlotillaError {
  readonly kind = 'rejected';

  constructor(
    code: string,
    message: string,
    details?: Readonly<Record<string, unknown>> & {
      /** HTTP status to answer with; 400 unless told. */
      readonly status?: number;
      /** One entry per bad field, when there are several. */
      readonly fields?: readonly { readonly path: string; readonly message: string }[];
    },
    options?: { cause?: unknown },
  ) {
    super(code, message, details, options);
  }
}

/** A state that the code holds impossible. A person must look. */
export class BugError extends FlotillaError {
  readonly kind = 'bug';
}

/** The message of whatever was thrown, on one line, at most `limit` characters. */
export function messageOf(error: unknown, limit = 2000): string {
  // Not `instanceof`: the system's own errors are of another realm than a test's globals.
  const text = types.isNativeError(error) ? error.message : String(error);
  return text.replace(/\s+/g, ' ').trim().slice(0, limit);
}
