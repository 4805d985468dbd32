import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { JoinAnswer } from '#contract';
import { PROTOCOL_VERSION } from '#domain';
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
      const cluster = await this.store.read.clusters.get(uid);
      if (cluster?.state !== 'joined' || !cluster.publicKey) {
        throw new RejectedError('revoked', 'The cluster is not joined any more', { status: 403 });
      }
      return this.bus.mintCredential(uid, cluster.publicKey);
    });
  }

  async answer(cluster: StoredCluster, publicKey: string): Promise<JoinAnswer> {
    // Read after the cluster is joined: no rotation can have gone on without it and be missing here.
    const { document: trust } = await this.notary.at(this.store.read);
    return {
      cluster: cluster.uid,
      name: cluster.name,
      protocol: PROTOCOL_VERSION,
      nats: { urls: [...this.settings.natsUrls], ca: this.settings.natsCaPem },
      credential: await this.bus.mintCredential(cluster.uid, publicKey),
      manifestKeys: { ...trust.manifestKeys },
      trust,
      heartbeatMs: this.settings.heartbeatMs,
    };
  }

  revoke(publicKey: string): Promise<void> {
    return this.bus.revokeCredential(publicKey);
  }
}
