/** Time of a simulated cluster, so that tests own it. */
export interface Time {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls once after `ms`; the answer takes it back. Never keeps the process alive. */
  after(ms: number, act: () => void): () => void;
  /** Calls when what runs now is done. */
  soon(act: () => void): void;
}

export const realTime: Time = {
  now: () => Date.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, Math.min(ms, 2_147_483_647));
    timer.unref();
    return () => clearTimeout(timer);
  },
  soon: (act) => {
    setImmediate(act);
  },
};

interface Pending {
  readonly at: number;
  readonly act: () => void;
}

/** Time that stands until it is advanced. */
export class ManualTime implements Time {
  private pending: Pending[] = [];

  constructor(private current = Date.parse('2026-01-01T00:00:00Z')) {}

  now(): number {
    return this.current;
  }

  after(ms: number, act: () => void): () => void {
    const entry = { at: this.current + ms, act };
    this.pending.push(entry);
    return () => {
      this.pending = this.pending.filter((each) => each !== entry);
    };
  }

  soon(act: () => void): void {
    this.after(0, act);
  }

  /** Lets `ms` pass: what falls due is done in order, and what follows from it too. */
  advance(ms: number): void {
    const until = this.current + ms;
    for (;;) {
      const next = this.pending.filter((each) => each.at <= until).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.pending = this.pending.filter((each) => each !== next);
      this.current = Math.max(this.current, next.at);
      next.act();
    }
    this.current = until;
  }
}
