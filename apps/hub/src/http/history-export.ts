import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import type { HistoryLine } from '#contract';
import type { Store } from '#ports';
import { STORE } from '../parts.js';
import { EventFeed } from './event-feed.js';

/** Events of one read: never more of a history is in memory. */
const BATCH = 500;

/** A rollout's history as JSON lines, oldest first, however long it is. */
@Injectable()
export class HistoryExport {
  constructor(
    @Inject(STORE) private readonly store: Store,
    private readonly feed: EventFeed,
  ) {}

  /** Reads on only as fast as it is taken; ends with the history as it is when it gets there. */
  lines(rollout: string): Readable {
    return Readable.from(this.batches(rollout), { objectMode: false, highWaterMark: 64 * 1024 });
  }

  private async *batches(rollout: string): AsyncGenerator<Buffer> {
    for (let after = 0; ;) {
      const events = await this.store.read.rollouts.history(rollout, after, BATCH);
      const views = await this.feed.named(events);
      const lines = views.map(({ id: _id, application: _application, ...view }): HistoryLine => ({ ...view, rollout }));
      // Not empty: an empty chunk would end the stream.
      if (lines.length > 0) yield Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      const last = events.at(-1);
      if (!last || events.length < BATCH) return;
      after = last.seq;
    }
  }
}
