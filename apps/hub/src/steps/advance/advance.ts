import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { messageOf, type Logger } from '#kit';
import type { Clock, Store } from '#ports';
import { CLOCK, LOGGER, STORE } from '../../parts.js';
import { Serial } from '../serial.js';
import { StepTimer } from '../step-timer.js';
import { Alive } from './alive.js';
import { Stepper } from './stepper.js';

/** Wakes applications whose time has come: deadlines, soaks, a wave that may open. Timers are rows; this only looks. */
@Injectable()
export class Advance implements OnApplicationBootstrap, OnApplicationShutdown {
  @Inject(StepTimer) private readonly timer!: StepTimer;
  @Inject(Alive) private readonly alive!: Alive;
  private readonly serial = new Serial(() => this.run());
  private wakeTimer: NodeJS.Timeout | undefined;
  private started = false;
  private stopped = false;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly log: Logger,
    private readonly stepper: Stepper,
  ) {}

  onApplicationBootstrap(): void {
    this.store.onSignal((signal) => {
      if (signal === 'wake') this.serial.request();
    });
  }

  /**
   * Begins to look; called by the start sequence, once the hub's own absence is recorded and what was reported meanwhile is
   * heard: a tick before that would fail clusters for the time in which nobody listened.
   */
  start(): void {
    this.started = true;
    this.serial.request();
  }

  /** Whether ticks may be taken: while nobody is heard, or what was reported meanwhile is not yet, no deadline may pass. */
  isStarted(): boolean {
    return this.started && !this.stopped && this.alive.hears();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.wakeTimer);
    await this.serial.idle();
  }

  @Interval('advance', 1000)
  look(): void {
    this.serial.request();
  }

  private async run(): Promise<void> {
    if (!this.isStarted()) return;
    clearTimeout(this.wakeTimer);
    try {
      for (let round = 0; round < 100; round += 1) {
        const due = await this.store.transact((unit) => unit.rollouts.lockDue(this.clock.now(), 50));
        if (due.length === 0) break;
        for (const application of due) {
          await this.timer.time('advance', () => this.stepper.take(application, { type: 'tick' }));
        }
      }
      const wakeAt = await this.store.read.rollouts.nextWake();
      if (wakeAt !== null) {
        const wait = Math.max(1, wakeAt - this.clock.now());
        // The interval looks every second anyway; this only makes short waits exact.
        if (wait < 1000) this.wakeTimer = setTimeout(() => this.serial.request(), wait).unref();
      }
    } catch (error) {
      this.log.warn({ step: 'advance', error: messageOf(error) }, 'advancing will be tried again');
    }
  }
}
