/** Rows by when they are due. Entries are never taken out when a row changes: whoever reads them drops those that are stale. */
export class DueHeap {
  private readonly times: number[];
  private readonly rows: number[];

  constructor(from?: DueHeap) {
    this.times = from ? from.times.slice() : [];
    this.rows = from ? from.rows.slice() : [];
  }

  put(time: number, row: number): void {
    const { times, rows } = this;
    let place = times.length;
    times.push(time);
    rows.push(row);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if ((times[parent] ?? 0) <= time) break;
      times[place] = times[parent] ?? 0;
      rows[place] = rows[parent] ?? 0;
      place = parent;
    }
    times[place] = time;
    rows[place] = row;
  }

  private drop(): void {
    const { times, rows } = this;
    const time = times.pop() ?? 0;
    const row = rows.pop() ?? 0;
    const size = times.length;
    if (size === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= size) break;
      if (child + 1 < size && (times[child + 1] ?? 0) < (times[child] ?? 0)) child += 1;
      if ((times[child] ?? 0) >= time) break;
      times[place] = times[child] ?? 0;
      rows[place] = rows[child] ?? 0;
      place = child;
    }
    times[place] = time;
    rows[place] = row;
  }

  /**
   * The rows due up to `until`, each once, earliest first, and the first one after that; -1: there is none.
   * @param judge whether an entry still is its row's, and its row one of those that are looked for.
   */
  read(
    until: number,
    judge: (row: number, time: number) => 'stale' | 'foreign' | 'wanted',
  ): { due: readonly number[]; next: number } {
    const due: number[] = [];
    const kept: (readonly [time: number, row: number])[] = [];
    // Entries of one row that are not stale tell one time: only the same entry twice is to be dropped.
    const seen = new Set<number>();
    let next = -1;
    while (this.times.length > 0) {
      const time = this.times[0] ?? 0;
      const row = this.rows[0] ?? 0;
      const judged = seen.has(row) ? 'stale' : judge(row, time);
      if (judged === 'wanted' && time > until) {
        next = row;
        break;
      }
      this.drop();
      if (judged === 'stale') continue;
      seen.add(row);
      kept.push([time, row]);
      if (judged === 'wanted') due.push(row);
    }
    for (const [time, row] of kept) this.put(time, row);
    return { due, next };
  }
}
