import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { createGzip } from 'node:zlib';
import { MAX_SCHEMAS_BYTES, type SchemasAnswer, type SchemasAsk } from '#contract';
import { RejectedError } from '#kit';
import { apiError, isSuccess } from '#kube';
import type { Kube } from '#ports';
import { documentPath, readApiIndex } from './api-index.js';

/** The API server makes a document when it is first asked for it. */
const DOCUMENT_MS = 6_000;

/**
 * What the API server serves: which group versions there are, or the document that says what the objects of one of them look like.
 * It goes on as it comes, packed and not looked at: some have megabytes, and whoever has asked knows it by its digest.
 * @throws RejectedError `no-schemas`, `schemas-too-large`; RetryableError `kube-unreachable`
 */
export async function answerSchemas({ groupVersion }: SchemasAsk, kube: Kube): Promise<SchemasAnswer> {
  if (groupVersion !== undefined) {
    return { document: { groupVersion, gzipped: (await readPacked(groupVersion, kube)).toString('base64') } };
  }
  const groupVersions = await readApiIndex(kube, DOCUMENT_MS);
  if (groupVersions === null) throw new RejectedError('no-schemas', 'The API server does not tell its schemas.');
  return { groupVersions };
}

async function readPacked(groupVersion: string, kube: Kube): Promise<Buffer> {
  const path = documentPath(groupVersion);
  if (path === null) throw new RejectedError('no-schemas', `${groupVersion} is no group version.`);
  const gzip = createGzip();
  const packed = buffer(gzip);
  // Of one that is not read to its end nothing is wanted.
  packed.catch(() => undefined);
  let bytes = 0;
  const sink = async (chunk: Uint8Array): Promise<void> => {
    bytes += chunk.length;
    if (bytes > MAX_SCHEMAS_BYTES) {
      const message = `The schemas of ${groupVersion} have more than ${MAX_SCHEMAS_BYTES} bytes.`;
      throw new RejectedError('schemas-too-large', message);
    }
    if (!gzip.write(chunk)) await once(gzip, 'drain');
  };
  try {
    const response = await kube.request({ method: 'GET', path, timeoutMs: DOCUMENT_MS, sink });
    if (response.status === 404) {
      throw new RejectedError('no-schemas', `The API server serves no ${groupVersion}.`);
    }
    if (!isSuccess(response)) {
      const { message } = apiError(response);
      throw new RejectedError('no-schemas', `The API server does not tell the schemas of ${groupVersion}: ${message}`);
    }
    gzip.end();
    return await packed;
  } finally {
    gzip.destroy();
  }
}
