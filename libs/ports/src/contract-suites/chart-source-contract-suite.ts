import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ChartRepository, ChartSource, ChartVersion } from '../chart-source.js';

/** A place where the suite may publish a chart, and the source that reads it. */
export interface ChartSourceHarness {
  readonly source: ChartSource;
  /** Where the chart of that name is read; each test takes a name of its own. */
  repository(chart: string): ChartRepository;
  /** Publishes a version, or publishes it anew. `files` come beside Chart.yaml, by path. */
  publish(chart: {
    readonly name: string;
    readonly version: string;
    readonly description?: string;
    readonly createdAt?: string;
    readonly files?: Readonly<Record<string, string>>;
  }): Promise<void>;
  unpublish(name: string, version: string): Promise<void>;
  setReachable(reachable: boolean): Promise<void>;
  close(): Promise<void>;
}

/** What every ChartSource keeps to, the fake as well as real repositories and registries. One place serves all tests. */
export function describeChartSourceContract(
  name: string,
  open: () => Promise<ChartSourceHarness>,
  openMs = 30_000,
): void {
  describe(`${name} keeps to the contract of a ChartSource`, () => {
    let harness: ChartSourceHarness;
    let scratch: string;
    let count = 0;
    let chart: string;

    beforeAll(async () => {
      harness = await open();
    }, openMs);
    afterAll(() => harness?.close());
    beforeEach(async () => {
      scratch = await mkdtemp(path.join(tmpdir(), 'flotilla-suite-'));
      count += 1;
      chart = `web-${count}`;
    });
    afterEach(() => rm(scratch, { recursive: true, force: true }));

    const publish = async (...versions: readonly string[]): Promise<void> => {
      for (const version of versions) await harness.publish({ name: chart, version });
    };
    const resolve = (range: string, prereleases = false): Promise<ChartVersion> =>
      harness.source.resolve({ ...harness.repository(chart), range, prereleases });
    const versionIn = async (range: string, prereleases?: boolean): Promise<string> =>
      (await resolve(range, prereleases)).version;
    const exported = async (pinned: ChartVersion, folder = path.join(scratch, 'a/out')): Promise<string> => {
      await harness.source.export({ ...harness.repository(chart), ...pinned }, folder);
      return folder;
    };

    it('tells a version with its digest, its time and the first line of what it says of itself', async () => {
      await harness.publish({
        name: chart,
        version: '1.4.2',
        description: 'Serves pages.\nAnd more.',
        createdAt: '2026-02-03T04:05:06.000Z',
      });
      expect(await resolve('1.4.2')).toEqual({
        version: '1.4.2',
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
        createdAt: '2026-02-03T04:05:06.000Z',
        description: 'Serves pages.',
      });
    });

    it('takes the newest version within a range, whatever was published last', async () => {
      await publish('1.10.0', '2.0.0', '1.9.0', '0.1.0');
      expect(await versionIn('>=1.2 <2')).toBe('1.10.0');
      expect(await versionIn('>=1.2, <2')).toBe('1.10.0');
      expect(await versionIn('^1.9 || 0.x')).toBe('1.10.0');
      expect(await versionIn('*')).toBe('2.0.0');
      expect(await versionIn('1.9.0')).toBe('1.9.0');
    });

    it('takes pre-releases only where the range names them or they are asked for', async () => {
      await publish('1.0.0', '1.1.0-rc.2', '1.1.0-rc.1');
      expect(await versionIn('^1')).toBe('1.0.0');
      expect(await versionIn('>=1.1.0-rc.1 <2')).toBe('1.1.0-rc.2');
      expect(await versionIn('^1', true)).toBe('1.1.0-rc.2');
      expect(await versionIn('1.1.0-rc.1')).toBe('1.1.0-rc.1');
    });

    it('knows versions with a build by their whole name', async () => {
      await publish('1.0.0+build.5', '1.0.0+build.4');
      expect(await versionIn('1.0.0+build.4')).toBe('1.0.0+build.4');
      expect(await versionIn('^1')).toBe('1.0.0+build.5');
      await exported(await resolve('^1'));
    });

    it('says what there is where nothing is within the range', async () => {
      await publish('1.0.0', '1.2.0', '3.0.0-rc.1');
      const error = { kind: 'rejected', code: 'version-not-found' };
      await expect(resolve('^2')).rejects.toMatchObject({ ...error, message: expect.stringContaining('1.2.0') });
      await expect(resolve('1.1.7')).rejects.toMatchObject({ ...error, message: expect.stringContaining('1.2.0') });
      await expect(resolve('>=3.0.0-rc.2 <4')).rejects.toMatchObject(error);
      await expect(resolve('not a range')).rejects.toMatchObject({ kind: 'rejected', code: 'range-invalid' });
    });

    it('refuses a chart that is not there', async () => {
      await expect(resolve('*')).rejects.toMatchObject({ kind: 'rejected', code: 'chart-not-found' });
    });

    it('sees what was published before the call, every time', async () => {
      for (const version of ['1.0.0', '1.1.0', '1.2.0']) {
        await publish(version);
        expect(await versionIn('*')).toBe(version);
      }
      await harness.unpublish(chart, '1.2.0');
      expect(await versionIn('*')).toBe('1.1.0');
    });

    it('tells a version that is published anew by another digest, and exports each as it was', async () => {
      await harness.publish({ name: chart, version: '1.0.0', files: { 'values.yaml': 'a: 1\n' } });
      const first = await resolve('^1');
      await harness.publish({ name: chart, version: '1.0.0', files: { 'values.yaml': 'a: 2\n' } });
      const second = await resolve('^1');
      expect(second.version).toBe(first.version);
      expect(second.digest).not.toBe(first.digest);
      const valuesOf = async (pinned: ChartVersion, folder: string): Promise<string> =>
        readFile(path.join(await exported(pinned, path.join(scratch, folder)), 'values.yaml'), 'utf8');
      expect(await valuesOf(second, 'second')).toBe('a: 2\n');
      expect(await valuesOf(first, 'first')).toBe('a: 1\n');
    });

    it('exports a chart with Chart.yaml at the root', async () => {
      const files = {
        'values.yaml': 'a: 1\n',
        'templates/a.yaml': 'a: {{ .Values.a }}\n',
        'charts/sub/Chart.yaml': 'x: 1\n',
      };
      await harness.publish({ name: chart, version: '1.0.0', files });
      const folder = await exported(await resolve('*'));
      expect((await readdir(folder, { recursive: true })).sort()).toEqual([
        'Chart.yaml',
        'charts',
        'charts/sub',
        'charts/sub/Chart.yaml',
        'templates',
        'templates/a.yaml',
        'values.yaml',
      ]);
      expect(await readFile(path.join(folder, 'Chart.yaml'), 'utf8')).toContain(chart);
      expect(await readFile(path.join(folder, 'templates/a.yaml'), 'utf8')).toBe(files['templates/a.yaml']);
    });

    it('goes on exporting what was resolved once, though nobody publishes it any more or the place is away', async () => {
      await publish('1.0.0', '1.1.0');
      const pinned = await resolve('1.0.0');
      await harness.unpublish(chart, '1.0.0');
      expect(await readdir(await exported(pinned, path.join(scratch, 'unpublished')))).toContain('Chart.yaml');
      await harness.setReachable(false);
      try {
        expect(await readdir(await exported(pinned, path.join(scratch, 'away')))).toContain('Chart.yaml');
        await expect(resolve('*')).rejects.toMatchObject({ kind: 'retryable', code: 'source-unreachable' });
      } finally {
        await harness.setReachable(true);
      }
      expect(await versionIn('*')).toBe('1.1.0');
    });

    it('refuses a digest that was never published under that version, and leaves nothing', async () => {
      await publish('1.0.0');
      const { digest, ...pinned } = await resolve('*');
      const other = digest.replace(/./g, (digit) => (digit === '0' ? '1' : '0'));
      const folder = path.join(scratch, 'other');
      await expect(exported({ ...pinned, digest: other }, folder)).rejects.toMatchObject({
        kind: 'rejected',
        code: 'digest-mismatch',
      });
      expect(await readdir(folder).catch(() => [])).toEqual([]);
    });
  });
}
