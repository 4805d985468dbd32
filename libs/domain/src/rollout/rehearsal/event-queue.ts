const FIRST_CAPACITY = 256;

/**
 * What happens next, in order of time and, at one time, of insertion: a binary heap over typed arrays, which are kept for the
 * next run. `take` answers a slot whose fields hold until the next `put`.
 */
export class EventQueue {
  at = new Float64Array(FIRST_CAPACITY);
  kind = new Uint8Array(FIRST_CAPACITY);
  who = new Int32Array(FIRST_CAPACITY);
  /** What the kind makes of it. */
  mark = new Int32Array(FIRST_CAPACITY);
  private order = new Float64Array(FIRST_CAPACITY);
  /** Slots: those waiting first, as a heap, then the free ones. */
  private heap = Int32Array.from({ length: FIRST_CAPACITY }, (_, slot) => slot);
  private size = 0;
  private count = 0;

  clear(): void {
    this.size = 0;
    this.count = 0;
  }

  /** When the next one happens; Infinity: nothing does. */
  get nextAt(): number {
    return this.size === 0 ? Number.POSITIVE_INFINITY : (this.at[this.heap[0] ?? 0] ?? 0);
  }

  put(at: number, kind: number, who: number, mark = 0): void {
    if (this.size === this.heap.length) this.grow();
    const slot = this.heap[this.size] ?? 0;
    this.at[slot] = at;
    this.kind[slot] = kind;
    this.who[slot] = who;
    this.mark[slot] = mark;
    this.order[slot] = this.count;
    this.count += 1;
    this.rise(this.size, slot);
    this.size += 1;
  }

  /** The slot of the first one, which is free from now on. Only where there is one. */
  take(): number {
    const { heap } = this;
    const first = heap[0] ?? 0;
    this.size -= 1;
    const last = heap[this.size] ?? 0;
    if (this.size > 0) this.sink(last);
    heap[this.size] = first;
    return first;
  }

  private isBefore(a: number, b: number): boolean {
    const difference = (this.at[a] ?? 0) - (this.at[b] ?? 0);
    return difference === 0 ? (this.order[a] ?? 0) < (this.order[b] ?? 0) : difference < 0;
  }

  private rise(from: number, slot: number): void {
    const { heap } = this;
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent] ?? 0;
      if (!this.isBefore(slot, above)) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = slot;
  }

  /** Finds the place of a slot that is to stand where the first one stood. */
  private sink(slot: number): void {
    const { heap, size } = this;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= size) break;
      if (child + 1 < size && this.isBefore(heap[child + 1] ?? 0, heap[child] ?? 0)) child += 1;
      const below = heap[child] ?? 0;
      if (!this.isBefore(below, slot)) break;
      heap[place] = below;
      place = child;
    }
    heap[place] = slot;
  }

  private grow(): void {
    const old = this.heap.length;
    const length = old * 2;
    this.at = widened(new Float64Array(length), this.at);
    this.order = widened(new Float64Array(length), this.order);
    this.kind = widened(new Uint8Array(length), this.kind);
    this.who = widened(new Int32Array(length), this.who);
    this.mark = widened(new Int32Array(length), this.mark);
    this.heap = widened(new Int32Array(length), this.heap);
    for (let slot = old; slot < length; slot += 1) this.heap[slot] = slot;
  }
}

function widened<T extends { set(from: T): void }>(wide: T, narrow: T): T {
  wide.set(narrow);
  return wide;
}
