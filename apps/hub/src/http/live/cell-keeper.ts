import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { messageOf, type Logger } from '#kit';
import type { Store } from '#ports';
import { LOGGER, STORE } from '../../parts.js';
import { CellTable } from './cell-table.js';

/** Keeps the one table of cells as new as whoever asks needs it, with one reading at a time. */
@Injectable()
export class CellKeeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private table = new CellTable();
  private running: Promise<CellTable> | null = null;
  /** Shared by all who asked while one reading ran: that one may have begun before what they want to see. */
  private next: Promise<CellTable> | null = null;
  private isStopped = false;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** The first reading takes longest: nobody should wait for it. */
  onApplicationBootstrap(): void {
    this.current().catch((error: unknown) =>
      this.log.warn({ error: messageOf(error) }, 'cells will be read when asked for'),
    );
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    while (this.running) await this.running.catch(() => undefined);
  }

  /** With everything that was committed before the call. */
  current(): Promise<CellTable> {
    if (this.next !== null) return this.next;
    if (this.running === null) return this.start();
    this.next = this.running
      .catch(() => undefined)
      .then(() => {
        this.next = null;
        return this.start();
      });
    return this.next;
  }

  private start(): Promise<CellTable> {
    this.running = this.read().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async read(): Promise<CellTable> {
    if (this.isStopped) return this.table;
    const reading = await this.store.read.cells.read(this.table.mark);
    // A database that was put back to an older state knows other rows than the table.
    if (this.table.mark !== null && reading.mark < this.table.mark) {
      this.table = new CellTable();
      this.table.take(await this.store.read.cells.read(null), performance.now());
    } else this.table.take(reading, performance.now());
    return this.table;
  }
}
