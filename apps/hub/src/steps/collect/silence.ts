import { Inject, Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { messageOf, type Logger } from '#kit';
import type { Clock, HubBus, Store } from '#ports';
import { CLOCK, HUB_BUS, LOGGER, SETTINGS, STORE, type HubSettings } from '../../parts.js';

/** A cluster is offline after so many heartbeats that did not come; half a beat more is for their jitter. */
export const MISSED_BEATS = 3.5;

/** Sets clusters offline that were not heard of. Offline is not failed: it only stops new assignments. */
@Injectable()
export class Silence {
  @Inject(HUB_BUS) private readonly bus!: HubBus;
  private readonly after: number;
  private since: number;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly log: Logger,
    @Inject(SETTINGS) settings: HubSettings,
  ) {
    this.after = settings.heartbeatMs * MISSED_BEATS;
    this.since = clock.now();
  }

  /** The hub could hear nobody until now: that is nobody's silence. */
  restart(): void {
    this.since = this.clock.now();
  }

  @Interval('silence', 1000)
  async look(): Promise<void> {
    const now = this.clock.now();
    // Whoever cannot hear must not say that somebody is silent.
    if (!this.bus.connected() || now - this.since < this.after) return;
    try {
      await this.store.read.clusters.markSilent(now - this.after);
    } catch (error) {
      this.log.warn({ step: 'report', error: messageOf(error) }, 'silence not written');
    }
  }
}
