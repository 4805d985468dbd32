import { describe, expect, it } from '@jest/globals';
import { Changes } from './watch-list.js';
import type { Shape } from './print.js';

interface Item {
  readonly name: string;
  readonly state: string;
  readonly age: number;
}
const shape: Shape<Item> = {
  columns: [
    { heading: 'NAME', text: ({ name }) => name },
    { heading: 'STATE', text: ({ state }) => state },
    { heading: 'AGE', text: ({ age }) => `${age}s`, ticks: true },
  ],
  name: ({ name }) => `item/${name}`,
  shown: ({ name, state }) => ({ name, state }),
  empty: 'No items.',
};
const a = { name: 'a', state: 'ready', age: 1 };
const b = { name: 'b', state: 'ready', age: 1 };

describe('a watch in a pipe', () => {
  it('tells everything first, then only what changed, aligned with what was told before', () => {
    const changes = new Changes(shape, 'table');
    expect(changes.of([a, b])).toBe('NAME   STATE   AGE\na      ready   1s\nb      ready   1s\n');
    expect(changes.of([{ ...a, age: 2 }, b])).toBe('');
    expect(changes.of([a, { ...b, state: 'off', age: 9 }])).toBe('b      off     9s\n');
  });

  it('tells what is gone, and tells it again when it comes back', () => {
    const changes = new Changes(shape, 'table');
    changes.of([a, b]);
    expect(changes.of([a])).toBe('item/b is gone\n');
    expect(changes.of([a, b])).toBe('b      ready   1s\n');
  });

  it('prints one JSON object a line', () => {
    const changes = new Changes(shape, 'json');
    expect(changes.of([a, b])).toBe('{"name":"a","state":"ready"}\n{"name":"b","state":"ready"}\n');
    expect(changes.of([a])).toBe('');
  });
});
