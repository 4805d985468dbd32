import { askIdSchema } from '#contract';
import { RejectedError } from '#kit';

/**
 * Every subject of the product in one place. `C` is a cluster's UID: one token, lower case. Agents live in the account
 * AGENTS and see `fleet.v1.*` only; `$KV.*` and `$JS.*` exist in the account HUB alone.
 */
export const subjects = {
  status: (cluster: string, application: string) => `fleet.v1.up.${cluster}.status.${application}`,
  heartbeat: (cluster: string) => `fleet.v1.up.${cluster}.heartbeat`,
  renew: (cluster: string) => `fleet.v1.rpc.${cluster}.renew`,
  getManifest: (cluster: string) => `fleet.v1.get.${cluster}`,
  getChunk: (digest: string, chunk: number) => `fleet.v1.blob.${digest}.${chunk}`,
  down: (cluster: string) => `fleet.v1.down.${cluster}.>`,
  nudge: (cluster: string) => `fleet.v1.down.${cluster}.nudge`,
  ask: (cluster: string) => `fleet.v1.down.${cluster}.ask`,
  answer: (cluster: string, id: string) => `fleet.v1.up.${cluster}.answer.${id}`,
  inbox: (cluster: string) => `_INBOX.${cluster}`,
  manifest: (cluster: string) => `$KV.assign.${cluster}`,
  chunk: (digest: string, chunk: number) => `$KV.bundle.${halves(digest)}.${chunk}`,
  chunks: (digest: string) => `$KV.bundle.${halves(digest)}.*`,
  allChunks: '$KV.bundle.>',
  revoked: (publicKey: string) => `$KV.revoked.${publicKey}`,
} as const;

/** In two tokens, as the hub's account maps what agents ask for; see hubAccountJwt. */
function halves(digest: string): string {
  return `${digest.slice(0, 32)}.${digest.slice(32)}`;
}

export const streams = {
  assign: 'KV_assign',
  bundle: 'KV_bundle',
  revoked: 'KV_revoked',
  status: 'STATUS',
  heartbeats: 'HEARTBEATS',
} as const;

/** The durable consumer of STATUS, and of HEARTBEATS, that all hubs share; also the queue group of their plain subscriptions. */
export const HUB_CONSUMER = 'hub';

/** Set on the answer to a request that failed: a stable code. The body is its message. */
export const ERROR_HEADER = 'Flotilla-Error';

/** Bytes of a bundle chunk; 128 KiB let the broker serve 1,000 agents at once without large pending buffers. */
export const CHUNK_BYTES = 128 * 1024;

const token = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const digest = /^[0-9a-f]{64}$/;

/** Bytes of the largest ask, signature and all; nobody looks at a larger one. */
export const MAX_ASK_BYTES = 8 * 1024;

/** Whether `text` is a cluster's UID or an application's name as far as subjects care: one token and no wildcard. */
export function isToken(text: string | undefined): boolean {
  return text !== undefined && token.test(text);
}

/**
 * A wildcard or a dot in a token would widen a subject to other clusters, so nothing gets into one unchecked.
 * @throws RejectedError `bad-subject-token`
 */
export function checkToken(text: string, what: 'cluster' | 'application'): string {
  if (isToken(text)) return text;
  throw new RejectedError(
    'bad-subject-token',
    `The ${what} ${JSON.stringify(text.slice(0, 80))} can't be part of a subject: use lower-case letters, digits and dashes, at most 63.`,
  );
}

/** @throws RejectedError `bad-digest` */
export function checkDigest(text: string): string {
  if (digest.test(text)) return text;
  throw new RejectedError('bad-digest', 'The bundle digest must be a SHA-256 in lower-case hexadecimal.');
}

/** @throws RejectedError `bad-subject-token` */
export function checkAskId(text: string): string {
  if (askIdSchema.safeParse(text).success) return text;
  throw new RejectedError('bad-subject-token', 'The id of an ask must be 32 hexadecimal digits in lower case.');
}

/** The cluster's UID in `fleet.v1.up.C.…` or `fleet.v1.rpc.C.…`. */
export function clusterOf(subject: string): string {
  return subject.split('.', 4)[3] ?? '';
}
