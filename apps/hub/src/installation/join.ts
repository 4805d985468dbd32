import { Inject, Injectable } from '@nestjs/common';
import { verifyNkey } from '#bus';
import { joinProofText, renewProofText, type JoinAnswer, type JoinRequest, type RenewRequest } from '#contract';
import { PROTOCOL_VERSION, type ClusterUid } from '#domain';
import { RejectedError } from '#kit';
import type { Clock, Store, StoredCluster, Unit } from '#ports';
import { CLOCK, STORE } from '../parts.js';
import { Credentials, isMember } from './credentials.js';
import { Membership } from './membership.js';
import { hashToken } from './registration.js';

/** How far an agent's clock may be from the hub's in a renewal by proof. */
const MAX_SKEW_MS = 5 * 60_000;
/** For so long after its last sign of life an agent may renew an expired credential by proof of its key. */
const RENEWABLE_MS = 30 * 24 * 3_600_000;

/** Lets agents in: a token is spent by the first key that presents it, and by no other. */
@Injectable()
export class Join {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly credentials: Credentials,
    private readonly membership: Membership,
  ) {}

  async join(request: JoinRequest): Promise<JoinAnswer> {
    refuseFarProtocol(request.protocol);
    if (!verifyNkey(request.publicKey, Buffer.from(joinProofText(request.token)), request.proof)) {
      throw new RejectedError('bad-proof', 'proof: is not a signature of publicKey over the token', { status: 401 });
    }
    const now = this.clock.now();
    const cluster = await this.store.transact(async (unit) => {
      const spent = await unit.clusters.spendJoinToken(hashToken(request.token), request.publicKey, now);
      if (!spent.ok) throw refusedToken(spent.why);
      const { publicKey, version, protocol, facts } = request;
      await refuseKnownKey(unit, publicKey, spent.uid);
      const before = await unit.clusters.get(spent.uid);
      await unit.clusters.markJoined(spent.uid, { publicKey, version, protocol, now });
      await unit.clusters.setFacts(spent.uid, facts);
      // Whatever the agent before said it believes, this one has not said it.
      await unit.trust.setHeld([{ uid: spent.uid, generation: 0 }]);
      // Its manifest must be there, empty or not, before it asks for one.
      await unit.outbox.mark([spent.uid]);
      const joined = await unit.clusters.get(spent.uid);
      if (!isMember(joined)) throw refusedToken('unknown');
      const replaced = before?.publicKey && before.publicKey !== publicKey ? before.publicKey : null;
      if (replaced !== null) await unit.revocations.add({ publicKey: replaced, at: now });
      await unit.audit.append({
        at: now,
        actor: `cluster:${joined.name}`,
        act: 'cluster.join',
        object: `Cluster/${joined.name}`,
        detail: { publicKey, rejoined: replaced !== null },
      });
      return joined;
    });
    this.membership.changed();
    return this.credentials.answer(cluster, request.publicKey);
  }

  /** A new credential for an agent whose own has expired, by proof that it holds the key it joined with. */
  async renew(request: RenewRequest): Promise<JoinAnswer> {
    const now = this.clock.now();
    const cluster = await this.store.read.clusters.get(request.cluster);
    const proven =
      isMember(cluster) &&
      cluster.publicKey === request.publicKey &&
      now - (cluster.seenAt ?? cluster.joinedAt ?? 0) < RENEWABLE_MS &&
      verifyNkey(request.publicKey, Buffer.from(renewProofText(request.cluster, request.at)), request.proof);
    // The same answer for every reason: nothing is told to who can't prove the key.
    if (!cluster || !proven || Math.abs(now - request.at) > MAX_SKEW_MS) {
      throw new RejectedError(
        'renewal-refused',
        'The credential is not renewed: the cluster is unknown or revoked, the key is another, the proof is wrong, or its clock is more than 5 minutes off. An admin can invite it again: `flotilla cluster token NAME`',
        { status: 401 },
      );
    }
    return this.credentials.answer(cluster, request.publicKey);
  }

  /** Whose a join token is, while it may still be spent. Does not spend it: a manifest may be fetched twice. */
  async clusterOfToken(token: string): Promise<StoredCluster> {
    const found = await this.store.read.clusters.findJoinToken(hashToken(token));
    if (!found) throw refusedToken('unknown');
    if (found.spentBy !== null) throw refusedToken('spent');
    if (found.expiresAt <= this.clock.now()) throw refusedToken('expired');
    const cluster = await this.store.read.clusters.get(found.uid);
    if (!cluster || cluster.state === 'revoked') throw refusedToken('unknown');
    return cluster;
  }
}

/** A key is one cluster's: what ends it there must not end it elsewhere, and what was ended stays so. */
async function refuseKnownKey(unit: Unit, publicKey: string, uid: ClusterUid): Promise<void> {
  if (await unit.revocations.has(publicKey)) {
    const text = "publicKey: was revoked; the agent makes another when its identity's Secret is deleted";
    throw new RejectedError('key-revoked', text, { status: 409 });
  }
  const holder = await unit.clusters.byKey(publicKey);
  if (holder !== null && holder.uid !== uid) {
    throw new RejectedError('key-taken', "publicKey: is another cluster's agent's; each makes its own", {
      status: 409,
    });
  }
}

/** One version apart works, more is refused. */
export function refuseFarProtocol(protocol: number): void {
  if (Math.abs(protocol - PROTOCOL_VERSION) <= 1) return;
  const older = protocol < PROTOCOL_VERSION ? 'agent' : 'hub';
  throw new RejectedError(
    'protocol-apart',
    `The agent speaks protocol ${protocol} and the hub ${PROTOCOL_VERSION}: at most one apart works. Upgrade the ${older}`,
    { status: 409 },
  );
}

function refusedToken(why: 'unknown' | 'expired' | 'spent'): RejectedError {
  const mend = 'make a new one with `flotilla cluster token NAME`';
  const text = {
    unknown: `The join token is unknown: ${mend}`,
    expired: `The join token has expired: ${mend}`,
    spent: `The join token was spent by another agent's key: ${mend}`,
  }[why];
  return new RejectedError(`token-${why}`, text, { status: why === 'unknown' ? 404 : 410 });
}
