import { setTimeout as sleep } from 'node:timers/promises';
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
/** How long it rests after it wrote, in times of what that took, and at most, ms. */
const REST = 3;
const MAX_REST_MS = 500;

/**
 * Writes the manifests of dirty clusters from the database's present rows. It never queues a document: one of the past would
 * overwrite the newer one. A single change is written at once; while a commit starts one rollout after the other, a manifest with
 * all of them in it is not written anew for each.
 */
@Injectable()
export class Relay implements OnApplicationBootstrap, OnApplicationShutdown {
  @Inject(StepTimer) private readonly timer!: StepTimer;
  private readonly serial = new Serial(() => this.run());
  private readonly stopping = new AbortController();
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
    this.stopping.abort();
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
    const began = performance.now();
    if ((await this.writeAll()) === 0 || this.stopping.signal.aborted) return;
    const rest = Math.min(MAX_REST_MS, REST * (performance.now() - began));
    await sleep(rest, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }

  /** How many were written. */
  private async writeAll(): Promise<number> {
    let count = 0;
    try {
      for (let full = true; full && !this.stopping.signal.aborted;) {
        full = await this.store.transact(async (unit) => {
          const claimed = await unit.outbox.claim(BATCH);
          if (claimed.length === 0) return false;
          const written = await this.timer.time('deliver', () => this.writer.write(unit, claimed));
          await unit.outbox.written(written);
          count += written.length;
          for (const { uid, sequence } of written) this.sequences.set(uid, sequence);
          return claimed.length === BATCH;
        });
      }
    } catch (error) {
      this.log.warn({ step: 'assign', error: messageOf(error) }, 'manifests will be written again');
    }
    return count;
  }
}
