import type { KeyObject } from 'node:crypto';
import { MAX_MANIFEST_BYTES, manifestSchema } from '#contract';
import { type Manifest, PROTOCOL_VERSION } from '#domain';
import { isProtocolUnderstood } from '../../common.js';
import { trustProblem } from '../join/pins.js';
import { openSigned } from './open-signed.js';

export interface VerifyInput {
  readonly cluster: string;
  /** As pinned, by key id. */
  readonly keys: ReadonlyMap<string, KeyObject>;
  /** Generation of the trust document that is held. */
  readonly heldTrust: number;
  /** Sequence of the manifest that is held; 0: none. */
  readonly heldSequence: number;
}

export type VerifiedManifest =
  | { readonly ok: true; readonly manifest: Manifest }
  | {
      readonly ok: false;
      readonly code:
        | 'manifest-shape'
        | 'manifest-signature'
        | 'manifest-protocol'
        | 'manifest-cluster'
        | 'manifest-sequence'
        | 'manifest-trust';
      /** One sentence for a person. */
      readonly message: string;
      /** What it claims to say, where that can be read: for telling the hub what was refused, for nothing else. */
      readonly claims: Manifest | null;
    };

/** Whether an envelope counts: signed over its exact bytes by a pinned key, for this cluster, not older than what is held. */
export function verifyManifest(envelope: Uint8Array, input: VerifyInput): VerifiedManifest {
  const refuse = (
    code: Extract<VerifiedManifest, { ok: false }>['code'],
    message: string,
    claims: Manifest | null = null,
  ): VerifiedManifest => ({ ok: false, code, message, claims });

  const opened = openSigned(envelope, input.keys, MAX_MANIFEST_BYTES);
  const claims = manifestSchema.safeParse(opened.ok ? opened.payload : opened.claims).data ?? null;
  if (!opened.ok) {
    const isShape = opened.why === 'too-large' || opened.why === 'unsigned';
    return refuse(isShape ? 'manifest-shape' : 'manifest-signature', `the manifest ${opened.message}`, claims);
  }
  // The version first: a far one may have another shape.
  const { protocol } = (opened.payload ?? {}) as { protocol?: unknown };
  if (typeof protocol === 'number' && !isProtocolUnderstood(protocol)) {
    const message = `the hub speaks version ${protocol} of the protocol, this agent ${PROTOCOL_VERSION}: they may be one apart, so install an agent that fits the hub`;
    return refuse('manifest-protocol', message, claims);
  }
  if (claims === null) return refuse('manifest-shape', 'the manifest has a shape that this agent does not understand');
  if (claims.cluster !== input.cluster) {
    return refuse(
      'manifest-cluster',
      `the manifest is for the cluster ${claims.cluster}, this is ${input.cluster}`,
      claims,
    );
  }
  if (claims.sequence < input.heldSequence) {
    const message = `the manifest has sequence ${claims.sequence}, lower than ${input.heldSequence}, which is held`;
    return refuse('manifest-sequence', message, claims);
  }
  const problem = claims.trust && trustProblem(claims.trust, opened.keyId, input.heldTrust);
  if (problem) return refuse('manifest-trust', `the manifest ${problem}`, claims);
  return { ok: true, manifest: claims };
}
