/** How long an application has been healthy at one generation, and how often it broke; by the monotonic clock. */
export class Steadiness {
  private since: number | null = null;
  private count = 0;

  /** Takes the present health; answers whether a break happened just now. */
  observe(isHealthy: boolean, monotonic: number): boolean {
    if (isHealthy) {
      this.since ??= monotonic;
      return false;
    }
    if (this.since === null) return false;
    this.since = null;
    this.count += 1;
    return true;
  }

  /** A new generation starts from nothing. */
  reset(): void {
    this.since = null;
    this.count = 0;
  }

  steadyMs(monotonic: number): number {
    return this.since === null ? 0 : Math.max(0, Math.floor(monotonic - this.since));
  }

  get breaks(): number {
    return this.count;
  }

  get isHealthy(): boolean {
    return this.since !== null;
  }
}
