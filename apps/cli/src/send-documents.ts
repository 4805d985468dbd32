import type { ApplyAnswer } from '#contract';
import { RetryableError } from '#kit';
import type { CliContext } from './context.js';
import type { HubClient } from './hub-client.js';
import { inTheirFiles, readDocuments } from './read-documents.js';

/** A fleet of thousands of clusters is one transaction of the hub's. */
const TIMEOUT_MS = 300_000;

/** Applies the documents that files hold, in one request: all or none. @throws what the hub refuses, told by file and document. */
export async function sendDocuments(
  client: HubClient,
  context: CliContext,
  files: readonly string[],
  options: { readonly dryRun: boolean; readonly reason?: string | undefined; readonly recursive?: boolean | undefined },
): Promise<ApplyAnswer> {
  const { dryRun, reason, recursive = false } = options;
  const documents = await readDocuments(files, context, { recursive });
  const body = { documents: documents.map(({ value }) => value), dryRun, ...(reason !== undefined && { reason }) };
  try {
    return await client.post<ApplyAnswer>('/api/v1/apply', body, TIMEOUT_MS);
  } catch (error) {
    throw dryRun ? inTheirFiles(error, documents) : unlessUnknown(inTheirFiles(error, documents));
  }
}

/** Whoever is cut off in the middle must not take it for refused. */
function unlessUnknown(error: unknown): unknown {
  if (!(error instanceof RetryableError) || !/connection was cut|no answer came/.test(error.message)) return error;
  const told =
    'Whether it was applied is not known; all of it was, or nothing. Apply it again: what is so already stays so.';
  return new RetryableError(error.code, `${error.message} ${told}`);
}
