import type { SchemasAnswer, SchemasAsk } from '#contract';
import { schemaDocument } from '#domain';
import { RejectedError } from '#kit';
import { apiError, callKube, isSuccess } from '#kube';
import type { Kube } from '#ports';
import { documentPath, readApiIndex } from './api-index.js';

/** The API server makes a document when it is first asked for it. */
const DOCUMENT_MS = 6_000;

/**
 * What the API server serves: which group versions there are, or what the objects of one of them look like, without the words that
 * people read.
 * @throws RejectedError `no-schemas`; RetryableError
 */
export async function answerSchemas({ groupVersion }: SchemasAsk, kube: Kube): Promise<SchemasAnswer> {
  const groupVersions = await readApiIndex(kube, DOCUMENT_MS);
  if (groupVersions === null) throw new RejectedError('no-schemas', 'The API server does not tell its schemas.');
  if (groupVersion === undefined) return { groupVersions };
  const hash = Object.hasOwn(groupVersions, groupVersion) ? groupVersions[groupVersion] : undefined;
  if (hash === undefined) throw new RejectedError('no-schemas', `The API server serves no ${groupVersion}.`);
  const response = await callKube(kube, { method: 'GET', path: documentPath(groupVersion), timeoutMs: DOCUMENT_MS });
  if (!isSuccess(response)) {
    const { message } = apiError(response);
    throw new RejectedError('no-schemas', `The API server does not tell the schemas of ${groupVersion}: ${message}`);
  }
  const { kinds, schemas } = schemaDocument(groupVersion, response.body);
  return { document: { groupVersion, hash, kinds: { ...kinds }, schemas: { ...schemas } } };
}
