const MAX_KNOWN = 10_000;

/** Credentials that were right the last time, by their keys: the ones longest unused go first. */
export class KnownCallers {
  private readonly keys = new Set<string>();

  has(key: string): boolean {
    return this.keys.has(key);
  }

  add(key: string): void {
    this.keys.delete(key);
    this.keys.add(key);
    if (this.keys.size <= MAX_KNOWN) return;
    const [oldest] = this.keys;
    if (oldest !== undefined) this.keys.delete(oldest);
  }

  drop(key: string): void {
    this.keys.delete(key);
  }
}
