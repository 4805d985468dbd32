import { describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseObjects, parseYaml } from './parse-yaml.js';

const golden = path.join(import.meta.dirname, 'golden');

it.each(['scalars', 'structures'])('reads golden/%s.yaml as kubectl does', async (name) => {
  const [document, ...more] = parseYaml(await readFile(path.join(golden, `${name}.yaml`)), `${name}.yaml`);
  const expected: unknown = JSON.parse(await readFile(path.join(golden, `${name}.json`), 'utf8'));
  expect(more).toEqual([]);
  expect(JSON.parse(JSON.stringify(document))).toEqual(expected);
});

it('reads several documents, leaves empty ones out, and takes JSON with tabs and escapes', () => {
  expect(parseYaml('---\na: 1\n---\n# nothing\n---\nb: 2\n...\n', 'x.yaml')).toEqual([{ a: 1 }, { b: 2 }]);
  expect(parseYaml('\ufeff{\n\t"a": "\\ud83d\\ude00\\/",\n\t"b": [1E2]\n}\n', 'x.json')).toEqual([
    { a: '😀/', b: [100] },
  ]);
  expect(parseYaml('', 'x.yaml')).toEqual([]);
});

const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
for (let level = 1; level < 12; level += 1) {
  const before = String.fromCharCode(96 + level);
  const name = String.fromCharCode(97 + level);
  bomb.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(', ')}]`);
}
const longText = `a: &a ${'x'.repeat(1_000_000)}\nb: [${Array.from({ length: 100 }, () => '*a').join(', ')}]\n`;

describe('refuses, naming file and line,', () => {
  it.each([
    ['a key that is there twice', 'a: 1\nb:\n  c: 1\n  c: 2\n', /line 4: .*twice/],
    ['a key that is there twice in two spellings', 'on: 1\n"true": 2\n', /line 2: .*twice/],
    ['a bracket that is never closed', 'a: [1, 2\nb: 3\n', /line 2/],
    ['a tab for indentation', 'a:\n\t- b\n', /line 2: tab/],
    ['an alias of nothing', 'a: *nowhere\n', /line 1: .*nowhere/],
    ['a tag that means nothing here', 'a: !include secrets.yaml\n', /line 1: .*include/],
    ['a list as a key', '? [a]\n: 1\n', /line 1: a key is a list/],
    ['an empty key', '? ~\n: 1\n', /line 1: a key is empty/],
    ['a key that would be a prototype', 'a: 1\n__proto__: {b: 1}\n', /line 2: .*__proto__/],
    ['a number that would be rounded', 'a: 9007199254740993\n', /9007199254740993 is beyond/],
    ['a number that JSON lacks', 'a: .inf\n', /\.inf is no number/],
    ['an alias bomb', bomb.join('\n'), /too large/],
    ['a long text said many times', longText, /too large/],
    ['a list in a list in a list …', '['.repeat(5000), /nest|deep/],
    ['a mapping that holds itself', 'a: &a\n  b: *a\n', /./],
  ])('%s', (_name, text, message) => {
    const read = () => parseYaml(text, 'overlays/dev/web.yaml');
    expect(read).toThrow(expect.objectContaining({ code: 'yaml-invalid', kind: 'rejected' }));
    expect(read).toThrow(message);
    expect(read).toThrow(/^overlays\/dev\/web\.yaml: /);
  });

  it('bytes that are no text', () => {
    expect(() => parseYaml(new Uint8Array([0x61, 0x3a, 0x20, 0xff]), 'x.yaml')).toThrow(/x\.yaml: it is not UTF-8/);
  });

  it('a document that is no object', () => {
    expect(() => parseObjects('a: 1\n---\n- b\n', 'x.yaml')).toThrow(/document 2 is a list, not an object/);
    expect(() => parseObjects('hello\n', 'x.yaml')).toThrow(/document 1 is a string, not an object/);
  });
});
