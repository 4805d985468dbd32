import { describe, expect, it } from '@jest/globals';
import { blockOf, cellX, cellY, hit, layOut, move, type GridLayout, type Room } from './grid-layout.js';
import { groupBy, type Grouping } from './grouping.js';

const DESK: Room = { width: 1400, height: 640, minPitch: 7, maxPitch: 30 };
const PHONE: Room = { width: 366, height: 480, minPitch: 9, maxPitch: 30 };
const all = (size: number): Int32Array => Int32Array.from({ length: size }, (_, place) => place);

function grouped(...counts: number[]): Grouping {
  const of = counts.flatMap((count, value) => Array.from({ length: count }, () => value));
  const values = counts.map((_, value) => `g${value}`);
  return groupBy({ key: 'region', values, of: Int16Array.from(of) }, all(of.length), of.length);
}

/** Each cell's own square, so that no two may be the same. */
function squares(layout: GridLayout): Set<string> {
  const found = new Set<string>();
  for (const block of layout.blocks) {
    for (let at = block.from; at < block.from + block.count; at += 1)
      found.add(`${cellX(layout.pitch, block, at)},${cellY(layout.pitch, layout.heading, block, at)}`);
  }
  return found;
}

describe('grouping', () => {
  it('puts groups in the natural order of their values, and those without one last', () => {
    const column = { key: 'ring', values: ['ring-10', 'ring-2'], of: Int16Array.from([0, -1, 1, 0]) };
    const { groups, order, at } = groupBy(column, all(4), 4);
    expect(groups).toEqual([
      { value: 'ring-2', from: 0, count: 1 },
      { value: 'ring-10', from: 1, count: 2 },
      { value: undefined, from: 3, count: 1 },
    ]);
    expect([...order]).toEqual([2, 0, 3, 1]);
    expect([...at]).toEqual([1, 3, 0, 2]);
  });

  it('leaves out what is not selected, and groups that are empty for it', () => {
    const column = { key: 'env', values: ['a', 'b'], of: Int16Array.from([0, 1, 0]) };
    const { groups, at } = groupBy(column, Int32Array.from([0, 2]), 3);
    expect(groups).toEqual([{ value: 'a', from: 0, count: 2 }]);
    expect([...at]).toEqual([0, -1, 1]);
  });

  it('is one group by nothing, and none of nothing', () => {
    expect(groupBy(undefined, all(3), 3).groups).toEqual([{ value: undefined, from: 0, count: 3 }]);
    expect(groupBy(undefined, all(0), 3).groups).toEqual([]);
  });
});

describe('the layout of the grid', () => {
  it.each<readonly [string, Grouping, Room]>([
    ['10,000 in twelve groups on a desk', grouped(...Array.from({ length: 12 }, () => 833)), DESK],
    ['10,000 in one group on a desk', groupBy(undefined, all(10_000), 10_000), DESK],
    ['10,000 in twelve groups on a phone', grouped(...Array.from({ length: 12 }, () => 833)), PHONE],
    ['a large group among small ones', grouped(4000, 3, 1, 70, 12, 1, 900), DESK],
    ['1,000 groups of two', grouped(...Array.from({ length: 1000 }, () => 2)), DESK],
    ['three clusters', grouped(1, 1, 1), PHONE],
  ])('gives each cell a square of its own within the width: %s', (_, grouping, room) => {
    const layout = layOut(grouping, room);
    const found = squares(layout);
    expect(found.size).toBe(grouping.order.length);
    for (const { x, columns, width } of layout.blocks) {
      expect(x + columns * layout.pitch).toBeLessThanOrEqual(room.width);
      expect(x + width).toBeLessThanOrEqual(room.width);
    }
    const bottoms = layout.blocks.map(({ y, rows }) => y + layout.heading + rows * layout.pitch);
    expect(layout.height).toBe(Math.max(...bottoms));
  });

  it('makes cells as large as lets all fit, and scrolls where the smallest do not', () => {
    expect(layOut(grouped(10, 10), DESK).pitch).toBe(30);
    const many = layOut(grouped(...Array.from({ length: 12 }, () => 833)), DESK);
    expect(many.pitch).toBeGreaterThanOrEqual(7);
    expect(many.height).toBeLessThanOrEqual(DESK.height);
    const phone = layOut(grouped(...Array.from({ length: 12 }, () => 833)), PHONE);
    expect(phone.pitch).toBe(PHONE.minPitch);
    expect(phone.height).toBeGreaterThan(PHONE.height);
  });

  it('is empty where nothing is selected', () => {
    const layout = layOut(groupBy(undefined, all(0), 3), DESK);
    expect([layout.blocks.length, layout.height, hit(layout, 5, 5), move(layout, 0, 'down')]).toEqual([0, 0, -1, -1]);
  });

  it('finds each cell again by a point in it, and nothing in headings and gaps', () => {
    const layout = layOut(grouped(40, 7, 300, 1), DESK);
    for (let at = 0; at < 348; at += 1) {
      const block = layout.blocks[blockOf(layout, at)];
      if (!block) throw new Error(`no block for ${at}`);
      const [x, y] = [cellX(layout.pitch, block, at), cellY(layout.pitch, layout.heading, block, at)];
      expect(hit(layout, x + layout.pitch / 2, y + layout.pitch / 2)).toBe(at);
    }
    expect(hit(layout, 3, 3)).toBe(-1);
    expect(hit(layout, 3, 24, 8)).toBe(0);
  });
});

describe('the cursor of the grid', () => {
  const layout = layOut(grouped(50, 50, 50, 50, 7), PHONE);

  it('goes through all cells by left and right, and stays at the ends', () => {
    let at = 0;
    for (let steps = 0; steps < 206; steps += 1) at = move(layout, at, 'right');
    expect(at).toBe(206);
    expect(move(layout, at, 'right')).toBe(206);
    expect(move(layout, 0, 'left')).toBe(0);
    expect(move(layout, 9, 'first')).toBe(0);
    expect(move(layout, 9, 'last')).toBe(206);
  });

  it('goes down to the last line of groups and up again, by rows and across headings', () => {
    let at = 0;
    const seen = [at];
    for (let next = move(layout, at, 'down'); next !== at; next = move(layout, at, 'down')) {
      at = next;
      seen.push(at);
    }
    expect(blockOf(layout, at)).toBe(4);
    expect(new Set(seen).size).toBe(seen.length);
    for (let next = move(layout, at, 'up'); next !== at; next = move(layout, at, 'up')) at = next;
    expect(blockOf(layout, at)).toBeLessThanOrEqual(1);
    expect(cellY(layout.pitch, layout.heading, layout.blocks[0] ?? never(), at)).toBe(layout.heading);
  });

  it('goes from group to group', () => {
    expect(move(layout, 3, 'nextGroup')).toBe(50);
    expect(move(layout, 53, 'previousGroup')).toBe(50);
    expect(move(layout, 50, 'previousGroup')).toBe(0);
    expect(move(layout, 203, 'nextGroup')).toBe(206);
  });
});

function never(): never {
  throw new Error('there is no block');
}
