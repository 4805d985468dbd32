import type { StoreSignal } from '#ports';

/** Whom to tell, and how: after the caller's own continuation, and never with an error coming back. */
export class SignalHandlers {
  private readonly handlers: ((signal: StoreSignal) => void)[] = [];

  constructor(private readonly onError: (error: unknown) => void) {}

  add(handle: (signal: StoreSignal) => void): void {
    this.handlers.push(handle);
  }

  tell(signals: Iterable<StoreSignal>): void {
    for (const signal of signals) {
      for (const handle of this.handlers) {
        queueMicrotask(() => {
          try {
            handle(signal);
          } catch (error) {
            this.onError(error);
          }
        });
      }
    }
  }
}
