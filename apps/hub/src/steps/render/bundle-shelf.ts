import { Inject, Injectable } from '@nestjs/common';
import { BugError } from '#kit';
import type { HubBus, Store } from '#ports';
import { HUB_BUS, STORE } from '../../parts.js';

/** Bundles by digest: kept in the database, and put on the bus before anybody is told of them. */
@Injectable()
export class BundleShelf {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(HUB_BUS) private readonly bus: HubBus,
  ) {}

  async put(digest: string, bundle: { gzipped: Uint8Array; bytes: number; objects: number }): Promise<void> {
    await this.store.read.releases.putBundle(digest, bundle);
    await this.publish(digest);
  }

  /** Puts a stored bundle on the bus, unless it is there; answers how many chunks it has. */
  async publish(digest: string): Promise<number> {
    const chunks = await this.store.read.releases.bundleChunks(digest);
    if (chunks !== null) return chunks;
    const gzipped = await this.store.read.releases.getBundle(digest);
    if (!gzipped) throw new BugError('bundle-lost', `bundle ${digest} is in no table, yet a release names it`);
    const written = await this.bus.putBundle(digest, gzipped);
    await this.store.read.releases.setBundleChunks(digest, written);
    return written;
  }
}
