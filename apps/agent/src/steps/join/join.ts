import { signByAgentKey } from '#bus';
import { type JoinAnswer, joinProofText } from '#contract';
import { PROTOCOL_VERSION } from '#domain';
import { type Logger, messageOf, RejectedError, type RetryableError } from '#kit';
import type { HubAddress } from '../../agent-options.js';
import { type Backoff, isProtocolUnderstood } from '../../common.js';
import type { OwnSecrets } from '../../own-secrets.js';
import { type Identity, loadIdentity, makeIdentity, saveJoined, tokenDigest } from './identity.js';
import { postHub } from './post-hub.js';

export interface JoinInput {
  readonly secrets: OwnSecrets;
  readonly hub: HubAddress;
  readonly version: string;
  readonly facts: () => Promise<Readonly<Record<string, string>>>;
  readonly backoff: Backoff;
  readonly logger: Logger;
}

export type JoinedIdentity = Identity & { readonly joined: JoinAnswer };

/**
 * The identity that the cluster holds, or a new one by joining the hub; a token other than the one it joined with means that it
 * was registered anew, and joins again with a new key. A hub that can't be reached is tried until the backoff is stopped.
 * @throws RejectedError when the hub refuses, or there is neither identity nor token.
 */
export async function obtainIdentity(input: JoinInput): Promise<JoinedIdentity> {
  const { secrets, hub, logger } = input;
  const held = await input.backoff.until(() => loadIdentity(secrets), warn(logger));
  const isSameToken = hub.token === undefined || held?.tokenDigest === tokenDigest(hub.token);
  if (held?.joined && isSameToken) return { ...held, joined: held.joined };
  const token = hub.token;
  if (token === undefined) {
    throw new RejectedError(
      'join-token-missing',
      'This cluster has no identity yet and there is no join token: register it at the hub and apply the manifest that it serves.',
    );
  }
  return await input.backoff.until(async () => {
    const own = held !== null && isSameToken ? held : await makeIdentity(secrets, token);
    const joined = await postHub(
      hub,
      '/api/v1/join',
      {
        token,
        publicKey: own.publicKey,
        proof: signByAgentKey(own.seed, joinProofText(token)),
        protocol: PROTOCOL_VERSION,
        version: input.version,
        facts: await input.facts(),
      },
      input.backoff.signal,
    );
    if (!isProtocolUnderstood(joined.protocol)) {
      throw new RejectedError(
        'protocol-too-far',
        `The hub speaks version ${joined.protocol} of the protocol, this agent ${PROTOCOL_VERSION}: they may be one apart. Install an agent that fits the hub.`,
      );
    }
    const identity = { ...own, joined, trust: null };
    await saveJoined(secrets, identity);
    logger.info({ cluster: joined.cluster, name: joined.name, hub: hub.url }, 'joined the hub');
    return identity;
  }, warn(logger));
}

function warn(logger: Logger): (error: RetryableError, waitMs: number) => void {
  return (error, waitMs) => logger.warn({ why: messageOf(error), waitMs }, 'cannot join yet; trying again');
}
