import { describe, expect, it } from '@jest/globals';
import { parseBatch, parseCommit, parseTree } from './parse-objects.js';

const id = 'a'.repeat(40);
const commitOf = (text: string, encoding: BufferEncoding = 'utf8') =>
  parseCommit({ id, type: 'commit', content: Buffer.from(text, encoding) });

it('reads what cat-file answers, the objects that it lacks and empty ones too', () => {
  const output = Buffer.from(`${id} blob 3\na\nb\nrefs/heads/x^{commit} missing\n${id} blob 0\n\n`);
  expect(parseBatch(output).map((each) => each && each.content.toString())).toEqual(['a\nb', null, '']);
});

describe('a commit', () => {
  const head = `tree ${id}\nauthor A U Thor <a@example.org> 1700000000 +0200\ncommitter C <c@example.org> 1700000001 -0800\n`;

  it('has author, subject and the committer’s time in UTC', () => {
    expect(commitOf(`${head}gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n\nSubject\n\nBody\n`)).toEqual({
      sha: id,
      author: 'A U Thor <a@example.org>',
      subject: 'Subject',
      committedAt: '2023-11-14T22:13:21.000Z',
    });
  });

  it('is cut to what a row holds, without control characters', () => {
    const commit = commitOf(`${head.replace('A U Thor', 'x'.repeat(500))}\n\u001b[31m${'s'.repeat(500)}\u202e\n`);
    expect(commit.author).toHaveLength(200);
    expect(commit.subject).toHaveLength(200);
    expect(commit.subject).toMatch(/^\[31ms+$/);
  });

  it('is read in the encoding that it names, known or not', () => {
    expect(commitOf(`${head}encoding iso-8859-1\n\nGr\u00fc\u00dfe\n`, 'latin1').subject).toBe('Gr\u00fc\u00dfe');
    expect(commitOf(`${head}encoding klingon\n\nHej\n`).subject).toBe('Hej');
  });

  it('is read although it claims an impossible time, no author and no message', () => {
    expect(commitOf(`tree ${id}\ncommitter C <c> 99999999999999999 +0000\n`)).toEqual({
      sha: id,
      author: '',
      subject: '',
      committedAt: '1970-01-01T00:00:00.000Z',
    });
  });
});

it('reads a tree with odd names, symlinks and submodules', () => {
  const output = Buffer.from(
    `100755 blob ${id}       7\ta\tb\nc\x00` +
      `120000 blob ${id}       2\tü/link\x00160000 commit ${id}       -\tsub\x00`,
  );
  expect(parseTree(output)).toEqual([
    { path: 'a\tb\nc', kind: 'file', id, size: 7 },
    { path: 'ü/link', kind: 'symlink', id, size: 2 },
    { path: 'sub', kind: 'submodule', id, size: 0 },
  ]);
});

it('leaves no file out whose size git cannot tell', () => {
  const output = Buffer.from(`100644 blob ${id}     BAD\ta\x00`);
  expect(() => parseTree(output)).toThrow(/not understood/);
  const missing = new Set<string>();
  expect(parseTree(output, missing)).toEqual([{ path: 'a', kind: 'file', id, size: 0 }]);
  expect([...missing]).toEqual([id]);
});
