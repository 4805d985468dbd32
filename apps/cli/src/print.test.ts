import { describe, expect, it } from '@jest/globals';
import { age, plain, plainLines, render, table, toJson, type Shape } from './print.js';

interface Item {
  readonly name: string;
  readonly note: string;
}

const shape: Shape<Item> = {
  columns: [
    { heading: 'NAME', text: ({ name }) => name },
    { heading: 'NOTE', text: ({ note }) => note, wide: true },
    { heading: 'END', text: () => 'x', tone: () => 'good' },
  ],
  name: ({ name }) => `item/${name}`,
  shown: ({ name }) => ({ name }),
  empty: 'No items.',
};
const items: Item[] = [
  { name: 'a', note: '' },
  { name: 'longer', note: 'yes' },
];

describe('printing', () => {
  it('aligns columns and shows a dash for nothing', () => {
    expect(render(items, 'wide', shape)).toBe('NAME     NOTE   END\na        -      x\nlonger   yes    x\n');
    expect(render(items, 'table', shape)).toBe('NAME     END\na        x\nlonger   x\n');
  });

  it('paints a cell without moving the next', () => {
    const columns = [
      { heading: 'A', text: () => 'ok', tone: () => 'good' as const },
      { heading: 'B', text: () => 'b' },
    ];
    expect(table([1], columns, { colours: true })).toBe('A    B\n\u001b[32mok\u001b[39m   b\n');
  });

  it('gives one object alone as JSON where one was asked for, a list otherwise', () => {
    expect(JSON.parse(render(items.slice(0, 1), 'json', shape, { single: true }))).toEqual({ name: 'a' });
    expect(JSON.parse(render(items.slice(0, 1), 'json', shape))).toEqual({ items: [{ name: 'a' }] });
    expect(render(items, 'yaml', shape)).toBe('name: a\n---\nname: longer\n');
    expect(render(items, 'name', shape)).toBe('item/a\nitem/longer\n');
  });

  it('says a sentence where a table would be empty, and stays valid where a program reads', () => {
    expect(render([], 'table', shape)).toBe('No items.\n');
    expect(JSON.parse(render([], 'json', shape))).toEqual({ items: [] });
    expect(render([], 'name', shape)).toBe('');
  });

  it('takes out of untrusted text whatever a terminal would obey', () => {
    expect(plain('fix\u001b]0;owned\u0007 \u001b[31mred\r\nnext\u202e')).toBe('fix ]0;owned [31mred next');
    const evil = render([{ name: '\u001b[2Jx', note: '' }], 'table', shape);
    expect(evil).not.toContain('\u001b');
  });

  it('keeps the layout of several lines, and takes out the rest', () => {
    expect(plainLines('a:\n  - b\tc\u001b[2J\r\n')).toBe('a:\n  - b\tc\ufffd[2J\ufffd\n');
  });

  it('escapes in JSON what a terminal would obey, to the same value', () => {
    const value = { text: '\u009b2J\u202e\u001b' };
    expect(toJson(value)).not.toMatch(/[\u0000-\u0009\u007f-\u009f\u202e]/);
    expect(JSON.parse(toJson(value))).toEqual(value);
  });

  it('begins a cell with what is ours, spaces and all', () => {
    const columns = [
      { heading: 'A', lead: () => '    ', text: (text: string) => text },
      { heading: 'B', text: () => 'b' },
    ];
    expect(table([' x\ny '], columns)).toBe('A         B\n    x y   b\n');
  });

  it('tells ages by the largest units, never negative', () => {
    const now = Date.parse('2030-01-01T00:00:00Z');
    expect(age('no time', now)).toBe('');
    expect(age('2029-12-31T23:58:30Z', now)).toBe('1m30s');
    expect(age('2030-01-01T00:00:09Z', now)).toBe('1s');
    expect(age(undefined, now)).toBe('');
  });
});
