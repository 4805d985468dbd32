import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import type { ClusterUid } from '#domain';
import { messageOf, type Logger } from '#kit';
import type { HubBus, Store } from '#ports';
import { HUB_BUS, LOGGER, STORE } from '../../parts.js';
import { Serial } from '../serial.js';
import { StepTimer } from '../step-timer.js';
import { ManifestWriter } from './manifest-writer.js';

/** Dirty clusters per transaction. */
const BATCH = 500;

/**
 * Writes the manifests of dirty clusters from the database's present rows. It never queues a document: one of the past would
 * overwrite the newer one.
 */
@Injectable()
export class Relay implements OnApplicationBootstrap, OnApplicationShutdown {
  @Inject(StepTimer) private readonly timer!: StepTimer;
  private readonly serial = new Serial(() => this.run());
  private stopped = false;
  /** Sequence last written per cluster, to find agents that missed a nudge. A hint: empty after a start. */
  private readonly sequences = new Map<ClusterUid, number>();

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(HUB_BUS) private readonly bus: HubBus,
    @Inject(LOGGER) private readonly log: Logger,
    private readonly writer: ManifestWriter,
  ) {}

  onApplicationBootstrap(): void {
    this.store.onSignal((signal) => {
      if (signal === 'dirty') this.serial.request();
    });
    this.bus.onReconnect(() => this.serial.request());
    this.serial.request();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    await this.serial.idle();
  }

  @Interval('relay', 2000)
  look(): void {
    this.serial.request();
  }

  /** Whether an agent that says it holds `sequence` has missed a newer manifest. */
  lags(cluster: ClusterUid, sequence: number): boolean {
    return sequence < (this.sequences.get(cluster) ?? 0);
  }

  /** Writes a cluster's manifest anew, with the next sequence. */
  rewrite(cluster: ClusterUid): void {
    this.store.read.outbox.mark([cluster]).catch((error: unknown) => {
      this.log.warn({ step: 'assign', error: messageOf(error) }, 'a manifest was not marked to be written again');
    });
  }

  private async run(): Promise<void> {
    try {
      for (let full = true; full && !this.stopped;) {
        full = await this.store.transact(async (unit) => {
          const claimed = await unit.outbox.claim(BATCH);
          if (claimed.length === 0) return false;
          const written = await this.timer.time('deliver', () => this.writer.write(unit, claimed));
          await unit.outbox.written(written);
          for (const { uid, sequence } of written) this.sequences.set(uid, sequence);
          return claimed.length === BATCH;
        });
      }
    } catch (error) {
      this.log.warn({ step: 'assign', error: messageOf(error) }, 'manifests will be written again');
    }
  }
}
