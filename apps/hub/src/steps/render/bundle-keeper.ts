import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { messageOf, type Logger } from '#kit';
import type { Clock, HubBus, Store } from '#ports';
import { CLOCK, HUB_BUS, LOGGER, STORE } from '../../parts.js';
import { Serial } from '../serial.js';
import { BundleShelf } from './bundle-shelf.js';

const EVERY_MS = 3_600_000;
/** After a look that failed: a bus that has just come back may not have its streams yet, and agents wait for their bundles. */
const AGAIN_MS = 1_000;
/** Releases that are younger may be assigned any moment. */
const YOUNG_MS = 24 * 3_600_000;
/**
 * From when a bundle is forgotten to when it is taken from the bus: whoever read just before that it is there has told agents of it
 * by then, and so it is in use.
 */
const GRACE_MS = 30 * 60_000;

/**
 * Keeps the bundles on the bus to those that agents may fetch. The database has all of them: what the bus has lost, with a disk or
 * in a restore, is put there again, and what nobody needs is dropped, else releases would fill the bus one day.
 */
@Injectable()
export class BundleKeeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly serial = new Serial(() => this.run());
  private stopped = false;
  private again: NodeJS.Timeout | undefined;
  /** When each bundle was forgotten, by the clock that never jumps. */
  private readonly forgotten = new Map<string, number>();

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(HUB_BUS) private readonly bus: HubBus,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly shelf: BundleShelf,
  ) {}

  @Inject(LOGGER) private readonly log!: Logger;

  onApplicationBootstrap(): void {
    // A server that comes back may have lost what it had.
    this.bus.onReconnect(() => this.serial.request());
    this.serial.request();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    await this.serial.idle();
    clearTimeout(this.again);
  }

  @Interval('bundles', EVERY_MS)
  look(): void {
    this.serial.request();
  }

  private async run(): Promise<void> {
    if (this.stopped) return;
    try {
      await this.keep();
    } catch (error) {
      this.log.warn({ step: 'render', error: messageOf(error) }, 'the bundles on the bus will be looked at again');
      clearTimeout(this.again);
      this.again = setTimeout(() => this.serial.request(), AGAIN_MS);
      this.again.unref();
    }
  }

  /** One look; answers how many were put there again and how many dropped. */
  async keep(): Promise<{ readonly restored: number; readonly dropped: number }> {
    const { releases } = this.store.read;
    // What is told is read first: a bundle that is put there meanwhile is on the bus, and not among these.
    const told = await releases.bundlesOnBus();
    const there = await this.bus.listBundles();
    const inUse = new Set(await releases.bundlesInUse(this.clock.now() - YOUNG_MS));
    const restored = await this.restore(told, there, inUse);
    const dropped = await this.drop(there, inUse);
    if (restored + dropped > 0)
      this.log.info({ step: 'render', restored, dropped }, 'the bundles on the bus were put right');
    return { restored, dropped };
  }

  private async restore(
    told: ReadonlyMap<string, number>,
    there: ReadonlyMap<string, number>,
    inUse: ReadonlySet<string>,
  ): Promise<number> {
    let restored = 0;
    for (const [digest, chunks] of told) {
      if (this.stopped) break;
      if (there.get(digest) === chunks) continue;
      await this.shelf.forget(digest);
      if (!inUse.has(digest)) continue;
      await this.shelf.publish(digest);
      restored += 1;
    }
    return restored;
  }

  private async drop(there: ReadonlyMap<string, number>, inUse: ReadonlySet<string>): Promise<number> {
    let dropped = 0;
    const now = this.clock.monotonic();
    for (const digest of this.forgotten.keys()) {
      if (!there.has(digest) || inUse.has(digest)) this.forgotten.delete(digest);
    }
    for (const digest of there.keys()) {
      if (this.stopped) break;
      if (inUse.has(digest)) continue;
      const since = this.forgotten.get(digest);
      if (since === undefined) {
        await this.shelf.forget(digest);
        this.forgotten.set(digest, now);
      } else if (now - since >= GRACE_MS) {
        this.forgotten.delete(digest);
        if (await this.shelf.drop(digest)) dropped += 1;
      }
    }
    return dropped;
  }
}
