import { Inject, Injectable } from '@nestjs/common';
import type { JsonObject } from '#domain';
import { BugError } from '#kit';
import type { HubBus, Store } from '#ports';
import { HUB_BUS, STORE } from '../../parts.js';
import { readBundle } from './read-bundle.js';

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

  /** The objects of a stored bundle; null: it is not stored. */
  objects(digest: string): Promise<readonly JsonObject[] | null> {
    return readBundle(this.store.read, digest);
  }

  /** Puts a stored bundle on the bus, unless it is there; answers how many chunks it has. */
  async publish(digest: string): Promise<number> {
    const told = await this.store.read.releases.bundleChunks(digest);
    if (told !== null) return told;
    return this.store.transact(async ({ releases }) => {
      // Nobody drops it from the bus meanwhile.
      const isStored = await releases.lockBundle(digest);
      const chunks = await releases.bundleChunks(digest);
      if (chunks !== null) return chunks;
      const gzipped = isStored ? await releases.getBundle(digest) : null;
      if (!gzipped) throw new BugError('bundle-lost', `bundle ${digest} is in no table, yet a release names it`);
      const written = await this.bus.putBundle(digest, gzipped);
      await releases.setBundleChunks(digest, written);
      return written;
    });
  }

  /** Says that a bundle is not on the bus (any more): whoever needs it next puts it there. */
  forget(digest: string): Promise<void> {
    return this.store.read.releases.setBundleChunks(digest, null);
  }

  /** Takes a bundle from the bus that was forgotten, unless somebody has put it there again since. */
  async drop(digest: string): Promise<boolean> {
    return this.store.transact(async ({ releases }) => {
      await releases.lockBundle(digest);
      if ((await releases.bundleChunks(digest)) !== null) return false;
      await this.bus.deleteBundle(digest);
      return true;
    });
  }
}
