/**
 * Runs a piece of work one at a time. A request during a run makes one more run afterwards, however many requests came:
 * signals are hints that something is to be done, not a queue of what.
 */
export class Serial {
  private running: Promise<void> | null = null;
  private again = false;

  constructor(private readonly work: () => Promise<void>) {}

  request(): void {
    if (this.running) {
      this.again = true;
      return;
    }
    this.running = this.loop().finally(() => {
      this.running = null;
    });
    // `work` reports its own failures; a rejection here would be a bug in it and must not end the process.
    this.running.catch(() => undefined);
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    while (this.running) await this.running.catch(() => undefined);
  }

  private async loop(): Promise<void> {
    do {
      this.again = false;
      await this.work();
    } while (this.again);
  }
}

/** One Serial per key, so that two applications never wait for each other. */
export class SerialByKey {
  private readonly chains = new Map<string, Promise<unknown>>();

  /** Runs `work` after everything that was asked for under the same key. */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.chains.get(key) ?? Promise.resolve();
    const result = before.then(work, work);
    const forget = (): void => {
      if (this.chains.get(key) === settled) this.chains.delete(key);
    };
    const settled: Promise<void> = result.then(forget, forget);
    this.chains.set(key, settled);
    return result;
  }

  /** Resolves when nothing runs under any key. */
  async idle(): Promise<void> {
    while (this.chains.size > 0) await Promise.all(this.chains.values());
  }
}
