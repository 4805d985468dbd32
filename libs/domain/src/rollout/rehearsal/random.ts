/** A time of which the median and the 99th percentile are known, taken as log-normal: most are short, a few are very long. */
export interface Spread {
  /** Milliseconds. */
  readonly median: number;
  /** Milliseconds, at least the median. */
  readonly p99: number;
}

/** The standard normal distribution's 99th percentile. */
const Z99 = 2.326347874040841;

/**
 * sfc32, Chris Doty-Humphrey's small fast counter (128 bits of state, passes PractRand): the same seed and stream give the same
 * numbers for ever, which Math.random does not.
 */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  constructor(seed: number, stream = 0, substream = 0) {
    this.a = seed | 0;
    this.b = stream | 0;
    this.c = substream | 0;
    // Its author's number of rounds until every bit of the seed has reached every bit of the state.
    for (let round = 0; round < 15; round += 1) this.bits();
  }

  private bits(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** From 0 up to but not 1. */
  next(): number {
    return this.bits() / 4_294_967_296;
  }

  /** Whole milliseconds. */
  time({ median, p99 }: Spread): number {
    if (median <= 0) return 0;
    if (p99 <= median) return Math.round(median);
    // Box and Muller's transform; 1 - next() is never 0.
    const normal = Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
    return Math.round(median * Math.exp((Math.log(p99 / median) / Z99) * normal));
  }
}
