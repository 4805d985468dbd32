import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RejectedError } from '#kit';
import { keepingContext } from '../../../test/helpers/run-flotilla.js';
import { inTheirFiles, readDocuments, type ReadDocument } from './read-documents.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'flotilla-documents-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const write = (name: string, text: string): void => writeFileSync(path.join(root, name), text);
const readAll = (names: string[], stdin = ''): Promise<ReadDocument[]> =>
  readDocuments(names, keepingContext({ cwd: root, stdin }).context);

describe('documents in files', () => {
  it('are those of folders in folders where that is asked for, but of none that begins with a dot', async () => {
    for (const folder of ['fleet/source', 'fleet/cluster', 'fleet/.git'])
      mkdirSync(path.join(root, folder), { recursive: true });
    for (const name of ['a.yaml', 'cluster/b.yaml', 'source/c.yaml', '.git/d.yaml'])
      write(`fleet/${name}`, `from: ${name}`);
    const { context } = keepingContext({ cwd: root });
    const from = async (recursive: boolean): Promise<unknown[]> =>
      (await readDocuments(['fleet'], context, { recursive })).map(({ value }) => value);
    expect(await from(false)).toEqual([{ from: 'a.yaml' }]);
    expect(await from(true)).toEqual([{ from: 'a.yaml' }, { from: 'cluster/b.yaml' }, { from: 'source/c.yaml' }]);
  });

  it('are those of a file, a folder in order, and standard input; empty ones are none', async () => {
    write('two.yaml', '# nothing\n---\na: 1\n---\n---\na: 2\n');
    mkdirSync(path.join(root, 'folder'));
    write('folder/z.json', '{"a": 4}');
    write('folder/b.yml', 'a: 3');
    write('folder/notes.txt', 'not: {yaml');
    const documents = await readAll(['two.yaml', 'folder', '-'], 'a: 5');
    expect(documents.map(({ value, file, number }) => [value, file, number])).toEqual([
      [{ a: 1 }, 'two.yaml', 1],
      [{ a: 2 }, 'two.yaml', 3],
      [{ a: 3 }, path.join('folder', 'b.yml'), 1],
      [{ a: 4 }, path.join('folder', 'z.json'), 1],
      [{ a: 5 }, 'standard input', 1],
    ]);
  });

  it('of a list are its items, so that get -o json applies again', async () => {
    expect((await readAll(['-'], '{"items": [{"a": 1}, {"a": 2}]}')).map(({ value }) => value)).toEqual([
      { a: 1 },
      { a: 2 },
    ]);
    expect((await readAll(['-'], 'kind: Source\nitems: [1]')).map(({ value }) => value)).toEqual([
      { kind: 'Source', items: [1] },
    ]);
  });

  it.each([
    ['bad.yaml', 'a: 1\nb: [1\nc: 2\n', /^bad\.yaml, line 3: this is not YAML: /],
    ['twice.yaml', 'a: 1\na: 2\n', /^twice\.yaml, line 2: .*duplicated mapping key/],
    ['empty.yaml', '# only a comment\n', /no document in empty\.yaml/],
  ])('that are wrong (%s) are named by file and line', async (name, text, message) => {
    write(name, text);
    await expect(readAll([name])).rejects.toThrow(message);
  });

  it('that are not there are named as they were given', async () => {
    await expect(readAll(['gone.yaml'])).rejects.toThrow('-f: gone.yaml does not exist.');
  });
});

describe('what the hub refuses', () => {
  it('is told by file, document and name', async () => {
    write('fleet.yaml', 'kind: Source\nmetadata: {name: shop}\n---\nkind: Application\nmetadata: {name: web}\n');
    write('one.yaml', 'text');
    const documents = await readAll(['fleet.yaml', 'one.yaml']);
    const refused = new RejectedError('invalid', 'The hub refused it:', {
      status: 400,
      fields: [
        { path: 'documents[1].spec.path', message: 'unknown field' },
        { path: 'documents[2].kind', message: 'must be a kind' },
        { path: 'documents[1]', message: 'stands in documents[0] too' },
        { path: 'reason', message: 'too long' },
      ],
    });
    expect((inTheirFiles(refused, documents) as RejectedError).details?.['fields']).toEqual([
      { path: 'fleet.yaml, document 2 (Application/web): spec.path', message: 'unknown field' },
      { path: 'one.yaml: kind', message: 'must be a kind' },
      {
        path: 'fleet.yaml, document 2 (Application/web)',
        message: 'stands in fleet.yaml, document 1 (Source/shop) too',
      },
      { path: 'reason', message: 'too long' },
    ]);
  });
});
