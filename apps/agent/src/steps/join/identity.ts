import { createHash } from 'node:crypto';
import { joinAnswerSchema, type JoinAnswer, trustDocumentSchema } from '#contract';
import type { TrustDocument } from '#domain';
import { makeAgentKey } from '#bus';
import type { OwnSecrets } from '../../own-secrets.js';

const NAME = 'flotilla-agent-identity';

/** Who the agent is. Kept in a Secret of the cluster: the key never leaves it. */
export interface Identity {
  /** nkey seed. A secret. */
  readonly seed: string;
  readonly publicKey: string;
  /** Digest of the token that it joined, or is joining, with. */
  readonly tokenDigest: string;
  /** Null: not joined yet. */
  readonly joined: JoinAnswer | null;
  /** What a hub told since of whom to trust; null: what the join said. */
  readonly trust: TrustDocument | null;
}

export function tokenDigest(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Null where there is none. */
export async function loadIdentity(secrets: OwnSecrets): Promise<Identity | null> {
  const values = await secrets.read(NAME);
  const seed = values?.['seed'];
  const publicKey = values?.['publicKey'];
  if (!seed || !publicKey) return null;
  const digest = values?.['tokenDigest'] ?? '';
  return {
    seed,
    publicKey,
    tokenDigest: digest,
    joined: parseAnswer(values?.['joined']),
    trust: parseTrust(values?.['trust']),
  };
}

/**
 * A new key, stored before it is used: the join can then be repeated with the same one after a crash. Where another process was
 * faster, its key is taken.
 */
export async function makeIdentity(secrets: OwnSecrets, token: string): Promise<Identity> {
  const key = makeAgentKey();
  const identity: Identity = { ...key, tokenDigest: tokenDigest(token), joined: null, trust: null };
  if (await secrets.create(NAME, valuesOf(identity))) return identity;
  const other = await loadIdentity(secrets);
  if (other !== null && other.tokenDigest === identity.tokenDigest) return other;
  // Whom the key before believed is no matter of this one's.
  await secrets.patch(NAME, { ...valuesOf(identity), trust: '' });
  return identity;
}

/** What the join answered, in place of whatever was trusted before. */
export async function saveJoined(secrets: OwnSecrets, identity: Identity): Promise<void> {
  await secrets.patch(NAME, { ...valuesOf(identity), trust: '' });
}

export async function saveIdentity(secrets: OwnSecrets, identity: Identity): Promise<void> {
  await secrets.patch(NAME, valuesOf(identity));
}

/** What a hub told of whom to trust, over what the join said. @throws RetryableError */
export async function saveTrust(secrets: OwnSecrets, trust: TrustDocument): Promise<void> {
  await secrets.patch(NAME, { trust: JSON.stringify(trust) });
}

function valuesOf({ seed, publicKey, tokenDigest: digest, joined }: Identity): Record<string, string> {
  return { seed, publicKey, tokenDigest: digest, joined: joined === null ? '' : JSON.stringify(joined) };
}

function parseAnswer(text: string | undefined): JoinAnswer | null {
  if (!text) return null;
  try {
    return joinAnswerSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

function parseTrust(text: string | undefined): TrustDocument | null {
  if (!text) return null;
  try {
    return trustDocumentSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
