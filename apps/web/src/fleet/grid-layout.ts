import type { Grouping } from './grouping.js';

/** Where a group stands, in CSS pixels: its heading at `y`, and its cells below that. */
export interface Block {
  readonly from: number;
  readonly count: number;
  readonly x: number;
  readonly y: number;
  readonly columns: number;
  readonly rows: number;
  /** Of the heading: as wide as the cells, or wider where they are few. */
  readonly width: number;
}

export interface GridLayout {
  /** From one cell to the next, pixels. */
  readonly pitch: number;
  readonly width: number;
  readonly height: number;
  /** Of a block's heading; 0: there are none. */
  readonly heading: number;
  readonly blocks: readonly Block[];
}

export interface Room {
  readonly width: number;
  /** What it should fit in if it can; it is taller otherwise. */
  readonly height: number;
  readonly minPitch: number;
  readonly maxPitch: number;
}

const HEADING = 26;
const GAP_X = 20;
const GAP_Y = 10;
/** More between two blocks than that looks torn. */
const MAX_STRETCH = 48;
/** Narrower than that, a heading says nothing. */
const MIN_WIDTH = 132;
/** How much wider than tall a block would be, were it alone. */
const ASPECT = 2.4;

/**
 * Blocks beside and below each other as words in lines, each line as wide as the room, with the largest cells that let all of it fit
 * the room's height.
 */
export function layOut({ groups, key }: Grouping, room: Room): GridLayout {
  const hasHeadings = key !== undefined;
  let [low, high] = [room.minPitch, room.maxPitch];
  let best = layOutAt(low, groups, room.width, hasHeadings);
  while (low < high) {
    const pitch = Math.ceil((low + high) / 2);
    const tried = layOutAt(pitch, groups, room.width, hasHeadings);
    if (tried.height <= room.height) {
      best = tried;
      low = pitch;
    } else high = pitch - 1;
  }
  return best;
}

function layOutAt(pitch: number, groups: Grouping['groups'], width: number, hasHeadings: boolean): GridLayout {
  const heading = hasHeadings ? HEADING : 0;
  const columns = Math.max(1, Math.floor(width / pitch));
  const blocks: Block[] = [];
  let y = 0;
  for (let first = 0; first < groups.length;) {
    const end = hasHeadings ? endOfLine(pitch, groups, first, width) : groups.length;
    const rows = end - first === 1 ? 0 : rowsOfLine(pitch, groups, first, end, width);
    const widthOf = (wide: number): number => Math.max(wide * pitch, hasHeadings ? MIN_WIDTH : 0);
    const wideOf = (count: number): number =>
      rows === 0 ? Math.min(columns, count) : Math.max(1, Math.ceil(count / rows));
    const gap =
      rows === 0
        ? 0
        : gapOfLine(
            groups.slice(first, end).map(({ count }) => widthOf(wideOf(count))),
            width,
          );
    let x = 0;
    let height = 0;
    for (let index = first; index < end; index += 1) {
      const { from, count } = groups[index] ?? { from: 0, count: 0 };
      const wide = wideOf(count);
      const tall = Math.ceil(count / wide);
      blocks.push({ from, count, x, y, columns: wide, rows: tall, width: Math.min(width - x, widthOf(wide)) });
      x += widthOf(wide) + gap;
      height = Math.max(height, tall * pitch);
    }
    y += heading + height + GAP_Y;
    first = end;
  }
  return { pitch, width, height: Math.max(0, y - GAP_Y), heading, blocks };
}

/** Between a line's blocks: so much more than they need that the line ends where the room does, unless it is far from that. */
function gapOfLine(widths: readonly number[], width: number): number {
  const between = widths.length - 1;
  const left = width - widths.reduce((sum, each) => sum + each, between * GAP_X);
  return GAP_X + (left < between * MAX_STRETCH ? Math.max(0, Math.floor(left / between)) : 0);
}

/** The group that the next line begins with: as many as fit if each were of the shape that it has alone. */
function endOfLine(pitch: number, groups: Grouping['groups'], first: number, width: number): number {
  let x = 0;
  let end = first;
  while (end < groups.length) {
    const alone = Math.ceil(Math.sqrt((groups[end]?.count ?? 0) * ASPECT)) * pitch;
    const wide = Math.min(width, Math.max(MIN_WIDTH, alone));
    if (end > first && x + wide > width) break;
    x += wide + GAP_X;
    end += 1;
  }
  return end;
}

/** The fewest rows with which a line's blocks fit beside each other; 0: with none. */
function rowsOfLine(pitch: number, groups: Grouping['groups'], first: number, end: number, width: number): number {
  let most = 1;
  for (let index = first; index < end; index += 1) most = Math.max(most, groups[index]?.count ?? 0);
  let [low, high] = [1, most];
  while (low < high) {
    const rows = Math.floor((low + high) / 2);
    let x = -GAP_X;
    for (let index = first; index < end; index += 1)
      x += Math.max(MIN_WIDTH, Math.ceil((groups[index]?.count ?? 0) / rows) * pitch) + GAP_X;
    if (x <= width) high = rows;
    else low = rows + 1;
  }
  return low;
}

/** The block of what stands at `at` in the order of the grouping; -1: none. */
export function blockOf({ blocks }: GridLayout, at: number): number {
  let [low, high] = [0, blocks.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const { from, count } = blocks[middle] ?? { from: 0, count: 0 };
    if (at < from) high = middle - 1;
    else if (at >= from + count) low = middle + 1;
    else return middle;
  }
  return -1;
}

export const cellX = (pitch: number, { from, x, columns }: Block, at: number): number =>
  x + ((at - from) % columns) * pitch;
export const cellY = (pitch: number, heading: number, { from, y, columns }: Block, at: number): number =>
  y + heading + Math.floor((at - from) / columns) * pitch;

/** What stands at a point, as a place in the order; -1: nothing. With `near`, also what is so many pixels away, for a thumb. */
export function hit(layout: GridLayout, x: number, y: number, near = 0): number {
  const { blocks, pitch, heading } = layout;
  for (const block of blocks) {
    const top = block.y + heading;
    if (y < top - near || y >= top + block.rows * pitch + near) continue;
    if (x < block.x - near || x >= block.x + block.columns * pitch + near) continue;
    const column = Math.max(0, Math.min(block.columns - 1, Math.floor((x - block.x) / pitch)));
    const row = Math.max(0, Math.min(block.rows - 1, Math.floor((y - top) / pitch)));
    const at = row * block.columns + column;
    if (at < block.count) return block.from + at;
    if (near > 0) return block.from + block.count - 1;
  }
  return -1;
}

export type Step = 'left' | 'right' | 'up' | 'down' | 'first' | 'last' | 'nextGroup' | 'previousGroup';

/** Where a cursor goes from a place in the order; it stays where there is nothing further. */
export function move(layout: GridLayout, at: number, step: Step): number {
  const { blocks } = layout;
  const last = blocks.at(-1);
  if (!last) return -1;
  const end = last.from + last.count - 1;
  const index = blockOf(layout, at);
  const block = blocks[index];
  if (!block) return 0;
  switch (step) {
    case 'left':
      return Math.max(0, at - 1);
    case 'right':
      return Math.min(end, at + 1);
    case 'first':
      return 0;
    case 'last':
      return end;
    case 'nextGroup':
      return blocks[index + 1]?.from ?? end;
    case 'previousGroup':
      return at > block.from ? block.from : (blocks[index - 1]?.from ?? 0);
    case 'up':
      return at - block.columns >= block.from ? at - block.columns : across(layout, block, at, -1);
    case 'down': {
      if (at + block.columns < block.from + block.count) return at + block.columns;
      const row = Math.floor((at - block.from) / block.columns);
      // The last row may be shorter than the one above it.
      if (row < block.rows - 1) return block.from + block.count - 1;
      return across(layout, block, at, 1);
    }
    default: {
      const never: never = step;
      throw new Error(`no such step: ${String(never)}`);
    }
  }
}

/** Into the nearest block of the line above or below, at about the same place from the left. */
function across({ blocks, pitch }: GridLayout, from: Block, at: number, way: 1 | -1): number {
  const x = cellX(pitch, from, at) + pitch / 2;
  let best: Block | undefined;
  let least = Infinity;
  for (const block of blocks) {
    if ((block.y - from.y) * way <= 0) continue;
    const aside = Math.max(0, block.x - x, x - (block.x + block.columns * pitch));
    const far = Math.abs(block.y - from.y) * 10_000 + aside;
    if (far < least) [best, least] = [block, far];
  }
  if (!best) return at;
  const column = Math.max(0, Math.min(best.columns - 1, Math.floor((x - best.x) / pitch)));
  const row = way > 0 ? 0 : best.rows - 1;
  return best.from + Math.min(best.count - 1, row * best.columns + column);
}
