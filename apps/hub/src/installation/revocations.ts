import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { messageOf, RejectedError, type Logger } from '#kit';
import type { Clock, HubBus, Store } from '#ports';
import { CLOCK, HUB_BUS, LOGGER, STORE } from '../parts.js';
import { Serial } from '../steps/serial.js';

/** Keys per round. */
const BATCH = 100;
/** A credential lives a day: what was revoked before that is refused for its age, should the bus have lost all it had. */
const REPEATED_MS = 25 * 3_600_000;

/**
 * Brings revocations from the database to the bus. They are written in the transaction that ends a key, so that neither a hub
 * that dies after its commit nor a bus that is away at that moment leaves a key in.
 */
@Injectable()
export class Revocations implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly serial = new Serial(() => this.run());
  private stopped = false;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(HUB_BUS) private readonly bus: HubBus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.store.onSignal((signal) => {
      if (signal === 'dirty') this.serial.request();
    });
    this.bus.onReconnect(() => this.serial.request());
    this.repeat().catch((error: unknown) => this.failed(error));
    this.serial.request();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    await this.serial.idle();
  }

  @Interval('revocations', 2000)
  look(): void {
    this.serial.request();
  }

  /** Resolves when what is in the database is on the bus, or after `ms`: it goes on being tried. */
  async settle(ms: number): Promise<void> {
    this.serial.request();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
    await Promise.race([this.serial.idle(), late]);
    clearTimeout(timer);
  }

  private async run(): Promise<void> {
    try {
      for (;;) {
        const pending = await this.store.read.revocations.pending(BATCH);
        if (pending.length === 0 || this.stopped) return;
        const keys = pending.map(({ publicKey }) => publicKey);
        await this.push(keys);
        await this.store.read.revocations.pushed(keys, this.clock.now());
      }
    } catch (error) {
      this.failed(error);
    }
  }

  /** What was pushed lately, to a bus that may have been set up anew while no hub ran. */
  private async repeat(): Promise<void> {
    const since = this.clock.now() - REPEATED_MS;
    await this.push((await this.store.read.revocations.since(since)).map(({ publicKey }) => publicKey));
  }

  private async push(keys: readonly string[]): Promise<void> {
    await Promise.all(
      keys.map(async (key) => {
        try {
          await this.bus.revokeCredential(key);
        } catch (error) {
          // What is no key was never let in.
          if (!(error instanceof RejectedError)) throw error;
          this.log.warn({ step: 'assign', error: messageOf(error) }, 'a revocation names no key');
        }
      }),
    );
  }

  private failed(error: unknown): void {
    this.log.warn({ step: 'assign', error: messageOf(error) }, 'revocations will be told to the bus again');
  }
}
