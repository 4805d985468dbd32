import { types } from 'node:util';
import { FlotillaError, messageOf } from './errors.js';

/**
 * Runs a program's main function. What a person can mend ends as one sentence on stderr (one more line for each bad field) with
 * exit code 1; only what is our own fault shows a stack.
 */
export async function runMain(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`${describeFailure(error)}\n`);
    process.exit(1);
  }
}

/** What to tell a person about an error that ends a program. */
export function describeFailure(error: unknown): string {
  if (error instanceof FlotillaError && error.kind !== 'bug') {
    const fields = error.details?.['fields'] as readonly { path: string; message: string }[] | undefined;
    return [error.message, ...(fields ?? []).map((field) => `  ${field.path}: ${field.message}`)].join('\n');
  }
  // The system's own errors (a full disk, a refused connection) tell enough in their message.
  if (types.isNativeError(error) && 'syscall' in error) return messageOf(error);
  return types.isNativeError(error) ? (error.stack ?? error.message) : messageOf(error);
}
