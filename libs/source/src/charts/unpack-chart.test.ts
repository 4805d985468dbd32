import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { packChart, packItems, type TarItem } from './test-chart.js';
import { UNPACK_LIMITS, unpackChart } from './unpack-chart.js';

const chartYaml: TarItem = { name: 'web/Chart.yaml', content: 'name: web\n' };

describe('a packed chart', () => {
  let scratch: string;
  let folder: string;
  beforeEach(async () => {
    scratch = await mkdtemp(path.join(os.tmpdir(), 'flotilla-chart-'));
    folder = path.join(scratch, 'a/b');
  });
  afterEach(() => rm(scratch, { recursive: true, force: true }));

  /** Nothing is left of a refused one, and nothing is anywhere else. */
  const refused = async (pack: Buffer, code: string, message: RegExp, limits = UNPACK_LIMITS): Promise<void> => {
    await expect(unpackChart(pack, folder, limits)).rejects.toMatchObject({
      kind: 'rejected',
      code,
      message: expect.stringMatching(message),
    });
    expect(await readdir(folder)).toEqual([]);
    expect(await readdir(scratch)).toEqual(['a']);
  };

  it('is unpacked with its folders, without the one that all of it is in', async () => {
    const files = {
      'templates/a.yaml': 'a: 1\n',
      'charts/sub/Chart.yaml': 'name: sub\n',
      'empty.txt': '',
      'files/ä.bin': '\0',
    };
    await unpackChart(await packChart({ name: 'web', version: '1.0.0', files }), folder);
    expect((await readdir(folder, { recursive: true })).sort()).toEqual([
      'Chart.yaml',
      'charts',
      'charts/sub',
      'charts/sub/Chart.yaml',
      'empty.txt',
      'files',
      'files/ä.bin',
      'templates',
      'templates/a.yaml',
    ]);
    expect(await readFile(path.join(folder, 'templates/a.yaml'), 'utf8')).toBe('a: 1\n');
    expect(await readFile(path.join(folder, 'empty.txt'), 'utf8')).toBe('');
  });

  it('is taken with folders of its own, dots before its names, long names, and extensions of the archive', async () => {
    const long = `${'deep/'.repeat(30)}${'n'.repeat(120)}.yaml`;
    const items: TarItem[] = [
      { name: './web/', type: 'directory' },
      { name: './web/Chart.yaml', mode: 0o777, content: 'name: web\n' },
      { name: `./web/${long}`, pax: { comment: 'x' }, content: 'x' },
    ];
    await unpackChart(await packItems(items), folder);
    expect(await readFile(path.join(folder, long), 'utf8')).toBe('x');
    expect((await stat(path.join(folder, 'Chart.yaml'))).mode & 0o777).toBe(0o644);
  });

  it.each<[string, TarItem[], RegExp]>([
    ['that lead upwards', [{ name: 'web/../../../evil', content: 'x' }], /leads through/],
    ['that begin at the root', [{ name: '/etc/evil', content: 'x' }], /leads through/],
    ['with a backslash', [{ name: 'web/..\\evil', content: 'x' }], /backslash/],
    ['with a control character', [{ name: 'web/a\u001b[2J', content: 'x' }], /control character/],
    ['of a Git repository', [{ name: 'web/.GIT/config', content: 'x' }], /\.git/],
    ['without a folder', [{ name: 'Chart.yaml', content: 'x' }], /beside the chart/],
    ['too long for a disk', [{ name: `web/${'x'.repeat(256)}`, content: 'x' }], /255 bytes/],
    ['too deep', [{ name: `web/${'x/'.repeat(70)}x`, content: 'x' }], /64 folders/],
    ['that are there twice', [chartYaml, chartYaml], /twice/],
    [
      'that are a file and a folder',
      [
        { name: 'web/a', content: 'x' },
        { name: 'web/a/b', content: 'x' },
      ],
      /in the way/,
    ],
    [
      'that are a folder and a file',
      [
        { name: 'web/a/b', content: 'x' },
        { name: 'web/a', content: 'x' },
      ],
      /in the way/,
    ],
  ])('with names %s is refused', async (_name, items, message) => {
    await refused(await packItems([chartYaml, ...items]), 'chart-invalid', message);
  });

  it.each<[string, TarItem]>([
    ['a symlink', { name: 'web/values.yaml', type: 'symlink', linkname: '/etc/passwd' }],
    ['a symlink within it', { name: 'web/values.yaml', type: 'symlink', linkname: 'Chart.yaml' }],
    ['a hard link', { name: 'web/values.yaml', type: 'link', linkname: '../../etc/passwd' }],
    ['a pipe', { name: 'web/values.yaml', type: 'fifo' }],
    ['a device', { name: 'web/values.yaml', type: 'character-device', devmajor: 1, devminor: 5 }],
  ])('with %s is refused', async (_name, item) => {
    await refused(await packItems([chartYaml, item]), 'chart-invalid', /packed as plain files/);
  });

  it('without a Chart.yaml is refused', async () => {
    await refused(
      await packItems([{ name: 'web/charts/a/Chart.yaml', content: 'x' }]),
      'chart-invalid',
      /no Chart.yaml/,
    );
    await refused(await packItems([]), 'chart-invalid', /no Chart.yaml/);
  });

  it('that is none, or broken, is refused', async () => {
    const good = await packChart({ name: 'web', version: '1.0.0', files: { a: randomBytes(9000).toString('hex') } });
    await refused(Buffer.from('<html>Sign in</html>'), 'chart-invalid', /no packed chart/);
    await refused(Buffer.alloc(0), 'chart-invalid', /no (packed chart|Chart.yaml)/);
    await refused(gzipSync('x'.repeat(5000)), 'chart-invalid', /no packed chart/);
    await refused(good.subarray(0, good.length - 2000), 'chart-invalid', /no packed chart/);
  });

  it('that becomes too much is refused before it is written', async () => {
    const zeroes = (bytes: number): TarItem => ({ name: 'web/zeroes', content: Buffer.alloc(bytes) });
    const wide = { ...UNPACK_LIMITS, maxFileBytes: 1e9 };
    await refused(await packItems([chartYaml, zeroes(6e6)]), 'chart-too-large', /a file of more than 5242880/);
    await refused(await packItems([chartYaml, zeroes(9e6)]), 'chart-too-large', /200 times/, wide);
    const limits = { ...wide, maxRatio: 1e9, maxBytes: 8e6 };
    await refused(await packItems([chartYaml, zeroes(9e6)]), 'chart-too-large', /more than 8000000 bytes/, limits);
    const many = Array.from({ length: 20 }, (_, each) => ({ name: `web/${each}`, content: 'x' }));
    const few = { ...UNPACK_LIMITS, maxFiles: 10 };
    await refused(await packItems([chartYaml, ...many]), 'chart-too-large', /more than 10 files/, few);
  });

  it('whose sizes are no numbers ends at once', async () => {
    for (const size of ['nonsense', '-512', '1e400']) {
      const items: TarItem[] = [chartYaml, { name: 'web/a', pax: { size }, content: 'x'.repeat(600) }];
      await refused(await packItems(items), 'chart-invalid', /no size|no packed chart/);
    }
  });

  it('hides a bomb in the extensions of its archive in vain', async () => {
    const items: TarItem[] = [chartYaml, { name: 'web/a', pax: { comment: 'x'.repeat(12_000_000) }, content: 'x' }];
    await refused(await packItems(items), 'chart-too-large', /200 times/);
  });
});
