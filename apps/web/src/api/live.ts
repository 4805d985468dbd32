import type { LiveBatch } from '#contract';
import { urlOf } from './client.js';

/** Whether what the page shows is as the hub has it now. */
export interface LiveState {
  readonly state: 'connecting' | 'live' | 'down';
  /** Milliseconds since the epoch at which the hub was heard last; 0: not yet. */
  readonly heardAt: number;
}

type Take = (batch: LiveBatch, id: string) => void;

const RETRY_MS = [500, 1_000, 2_000, 5_000, 10_000];

/** What the stream is to tell besides events: the cells of the fleet's grid, of all applications or of one. */
export interface WantedCells {
  readonly application?: string;
  /** The id that the cells were read at. */
  readonly after: string;
}

/**
 * One stream for the tab, which goes on from the last id that was heard: after a loss of the connection, and after the tab was
 * hidden, when it is closed, as browsers allow an origin few connections.
 */
export class Live {
  private source: EventSource | null = null;
  private last = '';
  private cells: WantedCells | null = null;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isOn = false;
  private current: LiveState = { state: 'connecting', heardAt: 0 };
  private readonly takers = new Set<Take>();
  private readonly watchers = new Set<() => void>();

  /** While somebody is signed in. Answers how to stop. */
  start(): () => void {
    this.isOn = true;
    document.addEventListener('visibilitychange', this.onVisibility);
    window.addEventListener('online', this.onVisibility);
    this.open();
    return () => {
      this.isOn = false;
      document.removeEventListener('visibilitychange', this.onVisibility);
      window.removeEventListener('online', this.onVisibility);
      this.close();
      this.last = '';
    };
  }

  onBatch(take: Take): () => void {
    this.takers.add(take);
    return () => this.takers.delete(take);
  }

  /** Cells from the id on at which they were read; null: no more. */
  want(cells: WantedCells | null): void {
    this.cells = cells;
    if (cells) this.last = cells.after;
    if (this.isOn) this.open();
  }

  state = (): LiveState => this.current;

  watch = (listen: () => void): (() => void) => {
    this.watchers.add(listen);
    return () => this.watchers.delete(listen);
  };

  private readonly onVisibility = (): void => {
    if (document.hidden) this.close();
    else this.open();
  };

  private open(): void {
    this.close();
    if (!this.isOn || document.hidden) return;
    const { cells } = this;
    const source = new EventSource(
      urlOf('/api/v1/live', {
        after: this.last,
        // On every screen: a cluster that goes offline, or is held, is told by its cell and by no event.
        cells: true,
        application: cells?.application,
      }),
    );
    this.source = source;
    source.addEventListener('open', () => this.heard());
    source.addEventListener('ping', () => this.heard());
    source.addEventListener('batch', (message: MessageEvent<string>) => {
      this.heard();
      if (message.lastEventId !== '') this.last = message.lastEventId;
      const batch = JSON.parse(message.data) as LiveBatch;
      for (const take of this.takers) take(batch, this.last);
    });
    source.addEventListener('error', () => {
      if (this.source !== source) return;
      // The browser's own retry does not survive a refusal; this one does, and knows the id.
      this.close();
      this.set({ ...this.current, state: 'down' });
      const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)] ?? 0;
      this.failures += 1;
      this.timer = setTimeout(() => this.open(), wait);
    });
  }

  private close(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  private heard(): void {
    this.failures = 0;
    this.set({ state: 'live', heardAt: Date.now() });
  }

  private set(state: LiveState): void {
    const isNews = state.state !== this.current.state;
    this.current = state;
    if (isNews) for (const listen of this.watchers) listen();
  }
}

export const live = new Live();
