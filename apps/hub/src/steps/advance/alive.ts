import { Inject, Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { messageOf, type Logger } from '#kit';
import type { Clock, HubBus, Store } from '#ports';
import { CLOCK, HUB_BUS, STORE } from '../../parts.js';
import { Stepper } from './stepper.js';

const KEY = 'hub.aliveAt';
/** An absence shorter than this shifts nothing: deadlines are coarser. */
const SHORT_MS = 3000;

/**
 * Keeps when a hub was last alive, so that its own absence can be taken out of every deadline: time in which no report could be
 * heard is nobody's failure.
 */
@Injectable()
export class Alive {
  private recording = false;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(HUB_BUS) private readonly bus: HubBus,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly stepper: Stepper,
  ) {}

  /** How long no hub was alive before this one, in milliseconds. */
  async absence(): Promise<number> {
    const text = await this.store.read.settings.get(KEY);
    const last = text === null ? null : Number(text);
    return last === null || !Number.isFinite(last) ? 0 : Math.max(0, this.clock.now() - last);
  }

  /** Takes so much time out of the deadlines of every running rollout. */
  async recordGap(ms: number): Promise<void> {
    if (ms < SHORT_MS) return;
    for (const { application, rollout } of await this.store.read.rollouts.headers()) {
      if (rollout?.state === 'running') await this.stepper.take(application, { type: 'gap', ms });
    }
  }

  /** Begins to note that this hub is alive; only once the gap is recorded. */
  start(log: Logger): void {
    this.recording = true;
    this.bus.onReconnect((downMs) => {
      this.recordGap(downMs).catch((error: unknown) =>
        log.warn({ step: 'advance', error: messageOf(error) }, 'the gap of the bus was not recorded'),
      );
    });
    this.note().catch(() => undefined);
  }

  @Interval('alive', 2000)
  async note(): Promise<void> {
    // While the bus is away the hub is as good as absent.
    if (!this.recording || !this.bus.connected()) return;
    await this.store.read.settings.set(KEY, String(this.clock.now())).catch(() => undefined);
  }
}
