/** The answer to a command that bore an Idempotency-Key. */
export interface StoredAnswer {
  readonly actor: string;
  readonly key: string;
  /** SHA-256 of method, path and body. */
  readonly request: string;
  /** HTTP status. */
  readonly status: number;
  /** JSON text, byte for byte. */
  readonly body: string;
  readonly at: number;
}

/** Answers are kept for 24 hours; an older one is as good as none. */
export interface AnswerStore {
  get(actor: string, key: string, now: number): Promise<StoredAnswer | null>;
  /**
   * False: there is one already, and nothing was written; roll back and answer with that one. Waits for a transaction that has
   * put the same key and not ended, so that of two equal requests at once only one is carried out.
   */
  put(answer: StoredAnswer): Promise<boolean>;
  /** Drops what is older; returns how many. */
  prune(now: number): Promise<number>;
}
