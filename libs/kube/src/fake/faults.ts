import { failureStatus } from './api-error.js';
import { type JsonMap } from './json-tree.js';

/** What goes wrong, on demand. */
export interface KubeFault {
  /** Only these methods; all when unsaid. */
  readonly methods?: readonly string[];
  /** Only paths that match this regular expression. */
  readonly path?: string;
  /** How many requests it hits; for ever when unsaid. */
  readonly times?: number;
  /** Answers with this status in place of the server's. */
  readonly status?: number;
  readonly message?: string;
  readonly reason?: string;
  readonly retryAfterSeconds?: number;
  /** Milliseconds before the request is looked at. */
  readonly latencyMs?: number;
  /** No answer at all: the connection is refused, and open watches break. */
  readonly unreachable?: boolean;
  /** Watches stay open and tell nothing. */
  readonly stallWatches?: boolean;
  /** The write is done, and its answer lost. */
  readonly loseAnswer?: boolean;
}

interface ArmedFault {
  readonly fault: KubeFault;
  readonly path?: RegExp;
  left: number;
}

export interface FaultVerdict {
  readonly latencyMs: number;
  readonly answer?: { readonly status: number; readonly body: JsonMap; readonly retryAfterSeconds?: number };
  readonly unreachable: boolean;
  readonly loseAnswer: boolean;
}

const fine: FaultVerdict = { latencyMs: 0, unreachable: false, loseAnswer: false };

/** The faults of one cluster, in the order in which they were set; the first that fits a request and answers it wins. */
export class Faults {
  private armed: ArmedFault[] = [];
  private readonly listeners = new Set<() => void>();

  add(fault: KubeFault): () => void {
    const entry: ArmedFault = {
      fault,
      ...(fault.path === undefined ? {} : { path: new RegExp(fault.path) }),
      left: fault.times ?? Infinity,
    };
    this.armed.push(entry);
    this.changed();
    return () => {
      this.armed = this.armed.filter((each) => each !== entry);
      this.changed();
    };
  }

  clear(): void {
    this.armed = [];
    this.changed();
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  isUnreachable(): boolean {
    return this.armed.some(({ fault }) => fault.unreachable === true && fault.path === undefined);
  }

  stallsWatches(path: string): boolean {
    return this.armed.some((each) => each.fault.stallWatches === true && each.path?.test(path) !== false);
  }

  /** Counts the request and says what becomes of it. */
  judge(method: string, path: string): FaultVerdict {
    if (this.armed.length === 0) return fine;
    let verdict = fine;
    for (const each of this.armed) {
      const { fault } = each;
      if (fault.stallWatches === true || each.left <= 0) continue;
      if (fault.methods?.includes(method) === false || each.path?.test(path) === false) continue;
      each.left -= 1;
      verdict = { ...verdict, latencyMs: verdict.latencyMs + (fault.latencyMs ?? 0) };
      if (fault.unreachable === true) return { ...verdict, unreachable: true };
      if (fault.loseAnswer === true) return { ...verdict, loseAnswer: true };
      if (fault.status === undefined) continue;
      const details = fault.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: fault.retryAfterSeconds };
      const body = failureStatus(fault.status, fault.message ?? 'simulated fault', details, fault.reason);
      return { ...verdict, answer: { status: fault.status, body, ...details } };
    }
    return verdict;
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}
