import { type KeyObject, verify } from 'node:crypto';
import { signedManifestSchema } from '#contract';

export type OpenedDocument =
  | { readonly ok: true; readonly payload: unknown; readonly keyId: string }
  | {
      readonly ok: false;
      readonly why: 'too-large' | 'unsigned' | 'unknown-key' | 'wrong-signature';
      /** What is wrong, without a subject. */
      readonly message: string;
      /** What it claims to say, where that can be read: for telling what was refused, for nothing else. */
      readonly claims: unknown;
    };

/** Opens what the hub signed: its payload counts where a pinned key signed its exact bytes. */
export function openSigned(
  envelope: Uint8Array,
  keys: ReadonlyMap<string, KeyObject>,
  maxBytes: number,
): OpenedDocument {
  const refuse = (
    why: Extract<OpenedDocument, { ok: false }>['why'],
    message: string,
    claims?: unknown,
  ): OpenedDocument => ({ ok: false, why, message, claims });

  if (envelope.length > maxBytes) return refuse('too-large', `has ${envelope.length} bytes, the limit is ${maxBytes}`);
  const signed = signedManifestSchema.safeParse(parseJson(Buffer.from(envelope).toString('utf8')));
  if (!signed.success) return refuse('unsigned', 'is no signed document');
  const { payload, keyId, signature } = signed.data;
  const claims = parseJson(payload);
  const key = keys.get(keyId);
  if (key === undefined) {
    return refuse('unknown-key', `is signed by the key ${keyId}, which is not pinned`, claims);
  }
  if (!verify(null, Buffer.from(payload), key, Buffer.from(signature, 'base64url'))) {
    return refuse('wrong-signature', 'has a wrong signature', claims);
  }
  return { ok: true, payload: claims, keyId };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
