import type { Logger } from '#kit';
import { detach } from '../../common.js';

export interface StepLoopOptions {
  /** The most urgent thing to do; null: nothing. Its signal aborts when it is cut short. */
  readonly next: () => ((signal: AbortSignal) => Promise<void>) | null;
  readonly onFailed: (error: unknown) => void;
  /** A step has ended, well or not. */
  readonly onStepped: () => void;
  readonly logger: Logger;
}

/** Does one thing at a time, for as long as there is one to do; what is under way can be cut short. */
export class StepLoop {
  private running = false;
  private closed = false;
  private stop = new AbortController();

  constructor(private readonly options: StepLoopOptions) {}

  get isRunning(): boolean {
    return this.running;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** There may be something to do. */
  kick(): void {
    if (this.running || this.closed) return;
    this.running = true;
    detach(this.run(), this.options.logger);
  }

  /** Ends what is under way as soon as it can; what comes next is none the wiser. */
  cut(): void {
    this.stop.abort();
  }

  close(): void {
    this.closed = true;
    this.cut();
  }

  private async run(): Promise<void> {
    const { next, onFailed, onStepped } = this.options;
    try {
      for (let step = this.closed ? null : next(); step !== null; step = this.closed ? null : next()) {
        if (this.stop.signal.aborted) this.stop = new AbortController();
        try {
          await step(this.stop.signal);
        } catch (error) {
          onFailed(error);
        }
        onStepped();
      }
    } finally {
      this.running = false;
    }
  }
}
