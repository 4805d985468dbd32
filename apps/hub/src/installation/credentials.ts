import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { credentialLife } from '#bus';
import type { JoinAnswer } from '#contract';
import { PROTOCOL_VERSION, type ClusterUid } from '#domain';
import { RejectedError } from '#kit';
import type { HubBus, Store, StoredCluster } from '#ports';
import { HUB_BUS, SETTINGS, STORE, type HubSettings } from '../parts.js';
import { Notary } from '../trust/notary.js';

/** What an agent needs to reach the bus and to believe the hub. */
@Injectable()
export class Credentials implements OnApplicationBootstrap {
  constructor(
    @Inject(HUB_BUS) private readonly bus: HubBus,
    @Inject(SETTINGS) private readonly settings: HubSettings,
    @Inject(STORE) private readonly store: Store,
    private readonly notary: Notary,
  ) {}

  onApplicationBootstrap(): void {
    this.bus.onRenew(async (uid) => {
      const { publicKey = null } = (await this.store.read.clusters.get(uid)) ?? {};
      if (publicKey === null) throw notJoined();
      return this.mint(uid, publicKey);
    });
  }

  async answer(cluster: StoredCluster, publicKey: string): Promise<JoinAnswer> {
    // Read after the cluster is joined: no rotation can have gone on without it and be missing here.
    const { document: trust } = await this.notary.at(this.store.read);
    const boots = await this.store.read.reports.boots(cluster.uid);
    return {
      cluster: cluster.uid,
      name: cluster.name,
      protocol: PROTOCOL_VERSION,
      nats: { urls: [...this.settings.natsUrls], ca: this.settings.natsCaPem },
      credential: await this.mint(cluster.uid, publicKey),
      manifestKeys: { ...trust.manifestKeys },
      trust,
      ...(boots > 0 && { boots }),
      heartbeatMs: this.settings.heartbeatMs,
    };
  }

  /**
   * The key is looked at after it was signed for: whatever ends it later is told to the bus later, and what the bus is told ends
   * all that was signed before.
   */
  private async mint(uid: ClusterUid, publicKey: string): Promise<string> {
    const credential = await this.bus.mintCredential(uid, publicKey);
    const cluster = await this.store.read.clusters.get(uid);
    if (!isMember(cluster) || cluster.publicKey !== publicKey) throw notJoined();
    const life = credentialLife(credential);
    if (life) await this.store.read.clusters.credentialGiven(uid, { issuedAt: life.from, expiresAt: life.to });
    return credential;
  }
}

/** Joined, and not revoked since: one that leaves still has to be told so. */
export function isMember(cluster: StoredCluster | null): cluster is StoredCluster {
  return cluster?.state === 'joined' || cluster?.state === 'leaving';
}

function notJoined(): RejectedError {
  return new RejectedError('revoked', 'The cluster is not joined any more, or with another key', { status: 403 });
}
