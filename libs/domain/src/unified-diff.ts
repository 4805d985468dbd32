interface Line {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

/** Where more lines than this were removed and added together, a diff is told as all old, all new: memory is its square. */
const MAX_EDIT = 2000;

/** Unified diff of two texts with three lines of context; empty when they are equal. */
export function unifiedDiff(
  before: string,
  after: string,
  names: { readonly from: string; readonly to: string },
): string {
  return before === after ? '' : `--- ${names.from}\n+++ ${names.to}\n${diffHunks(before, after)}`;
}

/** The same without a header. */
export function diffHunks(before: string, after: string): string {
  if (before === after) return '';
  const lines = compare(split(before), split(after));
  return hunksOf(lines)
    .map(({ start, end }) => hunkText(lines, start, end))
    .join('');
}

function split(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** The shortest edit between two lists of lines. What both begin and end with costs nothing, however long it is. */
function compare(a: readonly string[], b: readonly string[]): Line[] {
  const shorter = Math.min(a.length, b.length);
  let head = 0;
  while (head < shorter && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  const same = (text: string): Line => ({ sign: ' ', text });
  return [
    ...a.slice(0, head).map(same),
    ...edit(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...a.slice(a.length - tail).map(same),
  ];
}

/** After Myers ("An O(ND) difference algorithm"): as long as the edit is short, the length of the texts hardly matters. */
function edit(a: readonly string[], b: readonly string[]): Line[] {
  const isHopeless = a.length === 0 || b.length === 0 || Math.abs(a.length - b.length) > MAX_EDIT;
  const reached = isHopeless ? null : reach(...numbered(a, b));
  if (reached === null) {
    return [...a.map((text): Line => ({ sign: '-', text })), ...b.map((text): Line => ({ sign: '+', text }))];
  }
  const lines: Line[] = [];
  let [i, j] = [a.length, b.length];
  const common = (): void => {
    i -= 1;
    j -= 1;
    lines.push({ sign: ' ', text: a[i] ?? '' });
  };
  for (let d = reached.length; d > 0; d -= 1) {
    const before = reached[d - 1];
    const at = (k: number): number => before?.[k + d - 1] ?? -1;
    const k = i - j;
    const isAdded = k === -d || (k !== d && at(k - 1) < at(k + 1));
    const from = isAdded ? at(k + 1) : at(k - 1);
    while (i > from + (isAdded ? 0 : 1)) common();
    if (isAdded) lines.push({ sign: '+', text: b[(j -= 1)] ?? '' });
    else lines.push({ sign: '-', text: a[(i -= 1)] ?? '' });
  }
  while (i > 0) common();
  return lines.reverse();
}

/**
 * How far into `a` one gets on each diagonal (`i - j`) with 0, 1, 2 … lines removed or added, until both ends are reached: the last
 * but one of these lists leads to it. Null: by no edit of MAX_EDIT lines.
 */
function reach(a: Int32Array, b: Int32Array): Int32Array[] | null {
  const lists: Int32Array[] = [];
  let before = new Int32Array(0);
  for (let d = 0; d <= MAX_EDIT; d += 1) {
    const far = new Int32Array(2 * d + 1);
    for (let k = -d; k <= d; k += 2) {
      const [left, right] = [before[k - 1 + d - 1] ?? -1, before[k + 1 + d - 1] ?? -1];
      let i = d === 0 ? 0 : k === -d || (k !== d && left < right) ? right : left + 1;
      while (i < a.length && i - k < b.length && a[i] === b[i - k]) i += 1;
      far[k + d] = i;
      if (i >= a.length && i - k >= b.length) return lists;
    }
    lists.push(far);
    before = far;
  }
  return null;
}

/** Lines as numbers, equal where they are: compared a million times. */
function numbered(a: readonly string[], b: readonly string[]): [Int32Array, Int32Array] {
  const known = new Map<string, number>();
  const number = (line: string): number => {
    const present = known.get(line) ?? known.size;
    if (present === known.size) known.set(line, present);
    return present;
  };
  return [Int32Array.from(a, number), Int32Array.from(b, number)];
}

const CONTEXT = 3;

/** Ranges of lines to show: changes with their context, those that touch as one. */
function hunksOf(lines: readonly Line[]): { start: number; end: number }[] {
  const hunks: { start: number; end: number }[] = [];
  lines.forEach(({ sign }, index) => {
    if (sign === ' ') return;
    const start = Math.max(0, index - CONTEXT);
    const end = Math.min(lines.length, index + CONTEXT + 1);
    const last = hunks.at(-1);
    if (last && start <= last.end) last.end = end;
    else hunks.push({ start, end });
  });
  return hunks;
}

function hunkText(lines: readonly Line[], start: number, end: number): string {
  const count = (sign: '-' | '+', from: number, to: number): number =>
    lines.slice(from, to).filter((line) => line.sign === ' ' || line.sign === sign).length;
  const range = (sign: '-' | '+'): string => {
    const size = count(sign, start, end);
    // An empty side is named by the line before it.
    return `${sign}${count(sign, 0, start) + (size === 0 ? 0 : 1)},${size}`;
  };
  const body = lines.slice(start, end).map(({ sign, text }) => `${sign}${text}\n`);
  return `@@ ${range('-')} ${range('+')} @@\n${body.join('')}`;
}
