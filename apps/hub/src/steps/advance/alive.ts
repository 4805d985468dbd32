import { Inject, Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { messageOf, type Logger } from '#kit';
import type { HubBus, Store } from '#ports';
import { CLOCK, HUB_BUS, LOGGER, STORE } from '../../parts.js';
import { Silence } from '../collect/silence.js';
import { runStep } from './run-step.js';
import type { SteadyClock } from './steady-clock.js';
import { Stepper } from './stepper.js';

const KEY = 'hub.aliveAt';
/** An absence shorter than this shifts nothing: deadlines are coarser. */
const SHORT_MS = 3000;

/**
 * Keeps when a hub was last alive and heard the bus, so that every time in which it did not can be taken out of every deadline:
 * time in which no report could be heard is nobody's failure, and no soak.
 */
@Injectable()
export class Alive {
  @Inject(LOGGER) private readonly log!: Logger;
  @Inject(Silence) private readonly silence!: Silence;
  private recording = false;
  /** Absences that are not taken out of the deadlines yet, in milliseconds. */
  private owedMs = 0;
  /** Something was not heard, or not taken out of the deadlines yet. */
  private isBehind = false;
  private settling = false;
  private isBackwardTold = false;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(HUB_BUS) private readonly bus: HubBus,
    @Inject(CLOCK) private readonly clock: SteadyClock,
    private readonly stepper: Stepper,
  ) {
    stepper.holdTime(() => this.hears());
  }

  /** Whether time may be held against anybody: what clusters say is heard, and what they said meanwhile is known. */
  hears(): boolean {
    return this.recording && !this.isBehind && this.bus.connected();
  }

  /** How long no hub was alive before this one, in milliseconds. */
  async absence(): Promise<number> {
    const text = await this.store.read.settings.get(KEY);
    const last = text === null ? null : Number(text);
    return last === null || !Number.isFinite(last) ? 0 : Math.max(0, this.clock.now() - last);
  }

  /**
   * Takes so much time out of the deadlines of every running rollout.
   * @param now the hub's time unless told.
   */
  async recordGap(ms: number, now = this.clock.now()): Promise<void> {
    if (ms < SHORT_MS) return;
    for (const { application, rollout } of await this.store.read.rollouts.headers()) {
      if (rollout?.state !== 'running') continue;
      const outcome = await this.store.transact((unit) =>
        runStep(unit, application, { type: 'gap', ms }, now, () => false),
      );
      this.stepper.act(application, outcome);
    }
  }

  /** Begins to note that this hub is alive; only once the gap is recorded. */
  start(): void {
    this.recording = true;
    this.bus.onReconnect((downMs) => {
      this.owedMs += downMs;
      this.isBehind = true;
      this.catchUp();
    });
    this.note().catch(() => undefined);
  }

  @Interval('alive', 2000)
  async note(): Promise<void> {
    if (this.isBehind) this.catchUp();
    // While the bus is away the hub is as good as absent.
    if (!this.hears()) return;
    await this.store.read.settings.set(KEY, String(this.clock.now())).catch(() => undefined);
  }

  /** Follows the wall clock where that went on alone, as it does while the machine sleeps or when somebody sets it. */
  @Interval('wall-clock', 1000)
  async followWallClock(): Promise<void> {
    const ahead = this.clock.ahead();
    if (!this.recording || this.isBehind || Math.abs(ahead) < 100) return;
    if (Math.abs(ahead) < SHORT_MS) return this.clock.follow(ahead);
    if (ahead < 0) {
      // Time that goes back would stand still for every rollout until it has caught up: better an hour that is shown wrong.
      if (!this.isBackwardTold)
        this.log.warn({ step: 'advance', behindMs: -ahead }, 'the clock was set back; restart to follow');
      this.isBackwardTold = true;
      return;
    }
    this.isBehind = true;
    try {
      this.log.warn({ step: 'advance', aheadMs: ahead }, 'the clock was set ahead: deadlines are moved by as much');
      // Both at once for each rollout: the new time, and that it did not pass.
      await this.recordGap(ahead, this.clock.now() + ahead);
      // By what was recorded, though the clock may have been set again meanwhile: the next look finds that.
      this.clock.follow(ahead);
      this.isBehind = this.owedMs > 0;
    } catch (error) {
      this.log.warn({ step: 'advance', error: messageOf(error) }, 'the gap of the clock will be recorded again');
      this.isBehind = this.owedMs > 0;
    }
  }

  /** The gap first, then what was said meanwhile; only then may time be held against anybody again. */
  private catchUp(): void {
    if (this.settling || !this.bus.connected()) return;
    this.settling = true;
    this.settle()
      .catch((error: unknown) => {
        this.log.warn({ step: 'advance', error: messageOf(error) }, 'the gap of the bus will be recorded again');
      })
      .finally(() => (this.settling = false));
  }

  private async settle(): Promise<void> {
    while (this.owedMs > 0) {
      const ms = this.owedMs;
      await this.recordGap(ms);
      this.owedMs -= ms;
    }
    await this.bus.drainStatus();
    this.silence.restart();
    if (this.owedMs === 0 && this.bus.connected()) this.isBehind = false;
  }
}
