/** Of many runs, in their unit; percentiles by nearest rank. */
export interface Distribution {
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  readonly mean: number;
}

/** Numbers as they come, kept as eight bytes each. */
export class Tally {
  private values = new Float64Array(64);
  private size = 0;

  get count(): number {
    return this.size;
  }

  add(value: number): void {
    if (this.size === this.values.length) {
      const wide = new Float64Array(this.size * 2);
      wide.set(this.values);
      this.values = wide;
    }
    this.values[this.size] = value;
    this.size += 1;
  }

  /** Null where there was none. */
  distribution(): Distribution | null {
    if (this.size === 0) return null;
    const sorted = this.values.slice(0, this.size).sort();
    const rank = (percent: number): number => sorted[Math.max(0, Math.ceil((percent / 100) * this.size) - 1)] ?? 0;
    const mean = sorted.reduce((sum, value) => sum + value, 0) / this.size;
    return { min: rank(0), p50: rank(50), p90: rank(90), p99: rank(99), max: rank(100), mean };
  }
}
