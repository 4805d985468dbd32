import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RejectedError } from '#kit';
import { FLEET_FILES_LIMITS, inTheirFiles, readFleetFiles, type FleetFilesLimits } from './read-fleet-files.js';

describe('files of a fleet', () => {
  let scratch: string;

  beforeEach(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), 'flotilla-fleet-files-'));
  });
  afterEach(() => rm(scratch, { recursive: true, force: true }));

  const read = (
    files: Readonly<Record<string, string>>,
    {
      at = '.',
      links = {},
      ...limits
    }: { at?: string; links?: Record<string, string> } & Partial<FleetFilesLimits> = {},
  ) =>
    readFleetFiles(
      {
        export: async (_source, folder) => {
          for (const [name, text] of Object.entries(files)) {
            await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
            await writeFile(path.join(folder, name), text);
          }
          for (const [name, to] of Object.entries(links)) await symlink(to, path.join(folder, name));
        },
      },
      { url: 'x', sha: 'f'.repeat(40) },
      at,
      scratch,
      { ...FLEET_FILES_LIMITS, ...limits },
    );

  it('are read in the order of their paths, with the items of lists, and leave nothing behind', async () => {
    const documents = await read({
      'b.yml': 'kind: B1\n---\n---\nkind: B2',
      'a/z.json': '{"items": [{"kind": "Z1"}, {"kind": "Z2"}]}',
      'README.md': '# no',
      '.github/w.yaml': 'kind: No',
    });
    expect(documents).toEqual([
      { value: { kind: 'Z1' }, file: 'a/z.json', number: 1 },
      { value: { kind: 'Z2' }, file: 'a/z.json', number: 1 },
      { value: { kind: 'B1' }, file: 'b.yml', number: 1 },
      { value: { kind: 'B2' }, file: 'b.yml', number: 3 },
    ]);
    expect(await readdir(scratch)).toEqual([]);
  });

  it.each<[string, () => Promise<unknown>, string, RegExp]>([
    ['without a document', () => read({ 'a.yaml': '# nothing' }), 'fleet-empty', /no document in \./],
    ['of a folder that is not there', () => read({ 'a.yaml': 'a: 1' }, { at: 'b' }), 'fleet-empty', /no folder b/],
    ['of a folder above', () => read({ 'a.yaml': 'a: 1' }, { at: '../..' }), 'fleet-empty', /no folder \.\.\/\.\./],
    [
      'that are symlinks, which might be taken for gone',
      () => read({ 'a.yaml': 'a: 1' }, { links: { 'b.yaml': '/etc/passwd' } }),
      'fleet-invalid',
      /b\.yaml is a symlink/,
    ],
    ['that are no YAML', () => read({ 'a.yaml': 'a: 1\nb: [' }), 'fleet-invalid', /a\.yaml line \d+: is not YAML/],
    ['that are no text', () => read({ 'a.yaml': '\u0000' }), 'fleet-invalid', /a\.yaml/],
    [
      'that are too many',
      () => read({ 'a.yaml': 'a: 1', 'b.yaml': 'b: 1' }, { files: 1 }),
      'fleet-invalid',
      /over 1 files/,
    ],
    ['that are too large', () => read({ 'a.yaml': 'a: 1' }, { bytes: 3 }), 'fleet-invalid', /too large/],
    [
      'with more documents than are taken',
      () => read({ 'a.yaml': 'a: 1\n---\nb: 2' }, { documents: 1 }),
      'fleet-invalid',
      /too much in it/,
    ],
    [
      'whose aliases stand for billions of values',
      () =>
        read({
          'a.yaml': [
            'a0: &a0 [x, x, x, x, x, x, x, x, x, x]',
            ...Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n}, `.repeat(9)}*a${n}]`),
          ].join('\n'),
        }),
      'fleet-invalid',
      /too much in it/,
    ],
  ])('%s are refused', async (_what, attempt, code, message) => {
    const failure = await attempt().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RejectedError);
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await readdir(scratch)).toEqual([]);
  });

  it('are what a refusal speaks of, not documents by number', () => {
    const documents = [
      { value: { kind: 'Source', metadata: { name: 'a' } }, file: 'a.yaml', number: 1 },
      { value: null, file: 'b.yaml', number: 2 },
    ];
    const error = new RejectedError('invalid', 'documents[1].kind: x; documents[0]: y; documents[7]: z', {
      fields: [{ path: 'documents[1].kind', message: 'as in documents[0]' }],
    });
    expect(inTheirFiles(error, documents)).toMatchObject({
      code: 'invalid',
      message: 'b.yaml, document 2: kind: x; a.yaml (Source/a): y; documents[7]: z',
      details: { fields: [{ path: 'b.yaml, document 2: kind', message: 'as in a.yaml (Source/a)' }] },
    });
    const other = new Error('documents[0]');
    expect(inTheirFiles(other, documents)).toBe(other);
  });
});
