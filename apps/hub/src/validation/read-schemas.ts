import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { MAX_SCHEMAS_BYTES, type SchemasAnswer } from '#contract';
import { schemaDocument, type JsonObject, type SchemaDocument } from '#domain';
import { RejectedError } from '#kit';

const unpack = promisify(gunzip);

/** As API servers call their documents: the SHA-512 of the bytes. */
const SHA_512 = /^[0-9A-F]{128}$/;
/** Most of what is kept of one, bytes of JSON: without words for people and paths, the largest of Kubernetes' own has 90 KB. */
export const MAX_KEPT_BYTES = 4 * 1024 * 1024;

export interface ReadSchemas {
  readonly document: SchemaDocument;
  /** The same as JSON. */
  readonly json: string;
  /** What was read for it. */
  readonly bytes: number;
}

/** Whether a document can be known by it, whoever brings it. */
export function isContentHash(hash: string): boolean {
  return SHA_512.test(hash);
}

/**
 * What a group version's objects look like, of what an agent told. Nothing is parsed that is not what the hash stands for.
 * @param asked as the index has it that the agent's cluster shares with others.
 * @throws RejectedError `schemas-false`, `schemas-too-large`
 */
export async function readSchemas(
  told: SchemasAnswer['document'],
  asked: { readonly groupVersion: string; readonly hash: string },
): Promise<ReadSchemas> {
  if (told?.groupVersion !== asked.groupVersion) throw isFalse(`they are not of ${asked.groupVersion}`);
  const bytes = await unpack(Buffer.from(told.gzipped, 'base64'), { maxOutputLength: MAX_SCHEMAS_BYTES }).catch(() => {
    throw isFalse(`they can't be unpacked into ${MAX_SCHEMAS_BYTES} bytes`);
  });
  const hash = createHash('sha512').update(bytes).digest('hex').toUpperCase();
  if (hash !== asked.hash) throw isFalse('their SHA-512 is another');
  const document = schemaDocument(asked.groupVersion, parse(bytes));
  const json = JSON.stringify(document);
  if (json.length > MAX_KEPT_BYTES) {
    const message = `The schemas of ${asked.groupVersion} have more than ${MAX_KEPT_BYTES} characters of names and types.`;
    throw new RejectedError('schemas-too-large', message);
  }
  return { document, json, bytes: bytes.length };
}

function parse(bytes: Buffer): JsonObject {
  try {
    const parsed: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof parsed === 'object' && parsed !== null) return parsed as JsonObject;
  } catch {
    // Told below.
  }
  throw isFalse('they are no JSON object');
}

function isFalse(why: string): RejectedError {
  return new RejectedError('schemas-false', `These are not the schemas that the cluster's index names: ${why}.`);
}
