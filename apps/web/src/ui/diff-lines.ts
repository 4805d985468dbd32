/** A line of a unified diff as a page shows it. */
export interface DiffLine {
  readonly kind: 'added' | 'removed' | 'same' | 'gap';
  readonly text: string;
  /** Numbers in the old and in the new text, from 1; absent on the side that has no such line. */
  readonly before?: number;
  readonly after?: number;
  /** Of a line that another replaced: the part in which they differ, from and to a character. */
  readonly marked?: readonly [number, number];
}

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/**
 * Reads a unified diff, with or without a header. What stands between two hunks is a gap that says how many lines are left out.
 * What is no diff is shown as it is.
 */
export function diffLines(diff: string): DiffLine[] {
  const lines: DiffLine[] = [];
  let [before, after] = [1, 1];
  for (const text of withoutHeader(diff.replace(/\n$/, '').split('\n'))) {
    const hunk = HUNK.exec(text);
    if (hunk) {
      // A side without lines is named by the line before it.
      const start = Number(hunk[1]) + (hunk[2] === '0' ? 1 : 0);
      const left = start - before;
      if (left > 0) lines.push({ kind: 'gap', text: `${left} unchanged ${left === 1 ? 'line' : 'lines'}` });
      before = start;
      after = Number(hunk[3]) + (hunk[4] === '0' ? 1 : 0);
    } else if (text.startsWith('+')) lines.push({ kind: 'added', text: text.slice(1), after: after++ });
    else if (text.startsWith('-')) lines.push({ kind: 'removed', text: text.slice(1), before: before++ });
    else if (text !== '') lines.push({ kind: 'same', text: text.slice(1), before: before++, after: after++ });
  }
  return marked(lines);
}

/** How many lines came and went. */
export function diffCounts(lines: readonly DiffLine[]): { readonly added: number; readonly removed: number } {
  return {
    added: lines.filter(({ kind }) => kind === 'added').length,
    removed: lines.filter(({ kind }) => kind === 'removed').length,
  };
}

function withoutHeader(lines: readonly string[]): readonly string[] {
  return lines[0]?.startsWith('--- ') && lines[1]?.startsWith('+++ ') ? lines.slice(2) : lines;
}

/** Lines that replaced as many others, one by one. */
function marked(lines: readonly DiffLine[]): DiffLine[] {
  const all = [...lines];
  for (let start = 0; start < all.length; start += 1) {
    if (all[start]?.kind !== 'removed') continue;
    const middle = endOf(all, start, 'removed');
    const end = endOf(all, middle, 'added');
    if (end - middle === middle - start)
      for (let at = start; at < middle; at += 1) {
        const [old, now] = [all[at], all[at + middle - start]];
        if (!old || !now) continue;
        const [head, tail] = shared(old.text, now.text);
        // Where they have next to nothing in common a mark says nothing.
        if (head + tail < 3) continue;
        all[at] = { ...old, marked: [head, old.text.length - tail] };
        all[at + middle - start] = { ...now, marked: [head, now.text.length - tail] };
      }
    start = end - 1;
  }
  return all;
}

function endOf(lines: readonly DiffLine[], start: number, kind: DiffLine['kind']): number {
  let at = start;
  while (lines[at]?.kind === kind) at += 1;
  return at;
}

/** How many characters both begin with, and how many of the rest both end with. */
function shared(a: string, b: string): [number, number] {
  const shorter = Math.min(a.length, b.length);
  let head = 0;
  while (head < shorter && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  return [head, tail];
}
