import type { ApplyAnswer } from '#contract';
import type { CliContext } from './context.js';
import type { HubClient } from './hub-client.js';
import { inTheirFiles, readDocuments } from './read-documents.js';

/** Applies the documents that files hold. @throws what the hub refuses, told by file and document. */
export async function sendDocuments(
  client: HubClient,
  context: CliContext,
  files: readonly string[],
  options: { readonly dryRun: boolean; readonly reason?: string | undefined },
): Promise<ApplyAnswer> {
  const documents = await readDocuments(files, context);
  try {
    return await client.post<ApplyAnswer>('/api/v1/apply', {
      documents: documents.map(({ value }) => value),
      dryRun: options.dryRun,
      ...(options.reason !== undefined && { reason: options.reason }),
    });
  } catch (error) {
    throw inTheirFiles(error, documents);
  }
}
