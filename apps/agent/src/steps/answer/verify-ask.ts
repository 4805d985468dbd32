import type { KeyObject } from 'node:crypto';
import { type Ask, askIdSchema, ASKS, askSchema, HUB_ASKS } from '#contract';
import { PROTOCOL_VERSION } from '#domain';
import { isProtocolUnderstood } from '../../common.js';
import { openSigned } from '../fetch/open-signed.js';

/** Largest signed ask, bytes. */
const MAX_ASK_BYTES = 8 * 1024;

export interface VerifyAskInput {
  readonly cluster: string;
  /** Pinned at the join, by key id. */
  readonly keys: ReadonlyMap<string, KeyObject>;
}

export type VerifiedAsk =
  | { readonly ok: true; readonly ask: Ask }
  /** It is signed and for this cluster, but not to be understood: whoever asked is told. */
  | { readonly ok: false; readonly id: string; readonly message: string }
  /** Whoever wrote it is not to be answered. */
  | { readonly ok: false; readonly id: null; readonly message: string };

/** Whether an ask counts: signed over its exact bytes by a pinned key, for this cluster, and of a kind that is known here. */
export function verifyAsk(envelope: Uint8Array, { cluster, keys }: VerifyAskInput): VerifiedAsk {
  const ignore = (message: string): VerifiedAsk => ({ ok: false, id: null, message });
  const opened = openSigned(envelope, keys, MAX_ASK_BYTES);
  if (!opened.ok) return ignore(`it ${opened.message}`);
  // A manifest is signed by the same key, and is no ask.
  const claims = (opened.payload ?? {}) as Readonly<Record<string, unknown>>;
  if (claims['cluster'] !== cluster) return ignore('it is for another cluster');
  const id = askIdSchema.safeParse(claims['id']);
  if (!id.success) return ignore('it has no id');
  const { protocol } = claims;
  if (typeof protocol === 'number' && !isProtocolUnderstood(protocol)) {
    const message = `the hub speaks version ${protocol} of the protocol, this agent ${PROTOCOL_VERSION}: install an agent that fits the hub`;
    return { ok: false, id: id.data, message };
  }
  const ask = askSchema.safeParse(claims);
  if (ask.success) return { ok: true, ask: ask.data };
  const message = `this agent does not understand the question: it knows ${[...ASKS, ...HUB_ASKS].join(', ')}; install a newer agent`;
  return { ok: false, id: id.data, message };
}
