import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ChartRepository } from '#ports';
import { describeChartSourceContract } from '#ports/contract-suites/chart-source-contract-suite';
import { digestOf } from '../../libs/source/src/charts/test-chart.js';
import { type OpenCharts, openCharts } from './open-charts.js';
import { BASIC, PASSWORD } from './start-registry.js';
import { startRepository, type TestRepository } from './start-repository.js';

describeChartSourceContract('a chart repository behind a password', async () => {
  const charts = await openCharts();
  const server = await startRepository({ certificates: charts.certificates, authorization: BASIC });
  charts.known.set('charts', charts.credential(server.host));
  return {
    source: charts.source,
    repository: (chart) => ({ type: 'helm', url: `https://${server.host}/charts`, chart, credential: 'charts' }),
    publish: async (chart) => {
      await server.publish(chart);
    },
    unpublish: async (name, version) => server.unpublish(name, version),
    setReachable: async (reachable) => charts.setReachable(reachable),
    close: async () => {
      await server.close();
      await charts.close();
    },
  };
});

describe('a chart repository', () => {
  let charts: OpenCharts;
  let server: TestRepository;
  let elsewhere: TestRepository;
  let count = 0;
  let chart: string;

  beforeAll(async () => {
    charts = await openCharts();
    server = await startRepository({ certificates: charts.certificates, authorization: BASIC });
    elsewhere = await startRepository({ certificates: charts.certificates });
    charts.known.set('charts', charts.credential(server.host));
  });
  afterAll(async () => {
    await server.close();
    await elsewhere.close();
    await charts.close();
  });
  beforeEach(() => {
    count += 1;
    chart = `web-${count}`;
    server.seen.length = 0;
    elsewhere.seen.length = 0;
  });

  const repository = (more: Partial<ChartRepository> = {}): ChartRepository => ({
    ...{ type: 'helm', url: `https://${server.host}/charts/`, chart, credential: 'charts' },
    ...more,
  });
  const resolve = (more: Partial<ChartRepository> = {}) =>
    charts.source.resolve({ ...repository(more), range: '*', prereleases: false });
  /** The sentence that a user reads; never with a secret in it. */
  const refusal = async (promise: Promise<unknown>): Promise<{ code: string; message: string }> => {
    const error = await promise.then(
      () => new Error('it went well'),
      (reason: unknown) => reason as Error & { code: string },
    );
    for (const secret of [PASSWORD, BASIC]) {
      expect(error.message).not.toContain(secret);
      expect(charts.log.join('')).not.toContain(secret);
    }
    return { code: (error as { code?: string }).code ?? '', message: error.message };
  };

  it('is asked for an index that did not change no more than whether it did, and for a pack once', async () => {
    await server.publish({ name: chart, version: '1.0.0' });
    const pinned = await resolve();
    await resolve();
    await charts.source.export({ ...repository(), ...pinned }, path.join(charts.folder, chart));
    expect(server.seen.map(({ path: asked, status }) => `${asked} ${status}`)).toEqual([
      '/charts/index.yaml 200',
      `/charts/packs/${chart}-1.0.0.tgz 200`,
      '/charts/index.yaml 304',
    ]);
  });

  it('may leave digests out of its index: the pack itself tells', async () => {
    const digest = await server.publish({ name: chart, version: '1.0.0' }, { digest: undefined });
    expect((await resolve()).digest).toBe(digest);
  });

  it('that lists a pack by a digest that it does not have is refused', async () => {
    const digest = await server.publish({ name: chart, version: '1.0.0' }, { digest: 'a'.repeat(64) });
    const { code, message } = await refusal(resolve());
    expect(code).toBe('digest-mismatch');
    expect(message).toContain(digest);
  });

  it('may have its packs on another host, or redirect to one, which is told no credential', async () => {
    const trusting = charts.open({ authorities: [charts.certificates.caPem] });
    const look = () => trusting.resolve({ ...repository(), range: '*', prereleases: false });
    const digest = await elsewhere.publish({ name: chart, version: '1.0.0', files: { a: 'x' } });
    const at = `https://${elsewhere.host}/charts/packs/${chart}-1.0.0.tgz`;
    await server.publish({ name: chart, version: '1.0.0' }, { urls: [at], digest });
    expect((await look()).digest).toBe(digest);
    const next = await elsewhere.publish({ name: chart, version: '1.1.0' });
    await server.publish({ name: chart, version: '1.1.0' }, { urls: ['../moved'], digest: next });
    server.redirects.set('/moved', at.replace('1.0.0', '1.1.0'));
    expect((await look()).digest).toBe(next);
    expect(elsewhere.seen.map(({ authorization }) => authorization)).toEqual([undefined, undefined]);
    expect(server.seen.every(({ authorization }) => authorization === BASIC)).toBe(true);
    // The authority that a credential names is trusted for its own host alone.
    await elsewhere.publish({ name: chart, version: '1.2.0' });
    await server.publish({ name: chart, version: '1.2.0' }, { urls: [at.replace('1.0.0', '1.2.0')] });
    expect(await refusal(resolve())).toMatchObject({ message: expect.stringMatching(/certificate/) });
  });

  it('is not read by anybody where it asks who is there, nor by a wrong password', async () => {
    await server.publish({ name: chart, version: '1.0.0' });
    charts.known.set('wrong', charts.credential(server.host, { password: 'wrong' }));
    const { code, message } = await refusal(resolve({ credential: 'wrong' }));
    expect(code).toBe('source-unreachable');
    expect(message).toContain('does not let the hub in (HTTP 401): set the credential anew');
  });

  it('is not even asked with a credential of another host or kind, or with none of that name', async () => {
    charts.known.set('other', charts.credential('charts.example.com'));
    charts.known.set('ssh', { kind: 'ssh', host: server.host, privateKey: '', knownHosts: '' });
    for (const [credential, code, text] of [
      ['other', 'credential-unfit', 'is for charts.example.com alone'],
      ['ssh', 'credential-unfit', 'is for ssh'],
      ['none', 'credential-missing', 'no credential'],
    ]) {
      expect(await refusal(resolve({ credential }))).toEqual({ code, message: expect.stringContaining(text ?? '') });
    }
    expect(server.seen).toEqual([]);
  });

  it('is not read where the certificate is of an authority that nobody named', async () => {
    const { credential: _credential, ...anybodys } = repository();
    const error = refusal(charts.source.resolve({ ...anybodys, range: '*', prereleases: false }));
    expect(await error).toEqual({ code: 'source-unreachable', message: expect.stringContaining("credential's ca") });
    expect(server.seen).toEqual([]);
  });

  it.each([
    ['plain HTTP', 'http://charts.example.com/', /https:/],
    ['a registry', 'oci://charts.example.com/web', /https:/],
    ['a password', 'https://me:secret@charts.example.com/', /holds credentials/],
    ['a query', 'https://charts.example.com/?token=1', /query/],
    ['a file', 'file:///etc/charts', /https:/],
  ])('is refused with %s in its URL', async (_name, url, message) => {
    expect(await refusal(resolve({ url }))).toEqual({
      code: 'url-refused',
      message: expect.stringMatching(message),
    });
  });

  it('without an index says what its URL must be', async () => {
    const { code, message } = await refusal(resolve({ url: `https://${server.host}/elsewhere` }));
    expect(code).toBe('chart-not-found');
    expect(message).toContain('the folder that index.yaml is in');
  });

  it('with an index that is none is refused', async () => {
    const { files } = server;
    files.set('/html/index.yaml', Buffer.from('<html>Sign in</html>'));
    expect(await refusal(resolve({ url: `https://${server.host}/html` }))).toMatchObject({ code: 'index-invalid' });
    files.set('/large/index.yaml', Buffer.alloc(51 * 1024 * 1024, '#'));
    expect(await refusal(resolve({ url: `https://${server.host}/large` }))).toMatchObject({ code: 'chart-too-large' });
  });

  it('with a pack that is none is refused, and the version before is still there', async () => {
    await server.publish({ name: chart, version: '1.0.0' });
    const pinned = await resolve();
    await server.publish({ name: chart, version: '1.1.0' }, { digest: digestOf(Buffer.from('no chart')) });
    server.files.set(`/charts/packs/${chart}-1.1.0.tgz`, Buffer.from('no chart'));
    expect(await refusal(resolve())).toMatchObject({ code: 'chart-invalid' });
    const folder = path.join(charts.folder, chart);
    await charts.source.export({ ...repository(), ...pinned }, folder);
    expect(readdirSync(folder)).toEqual(['Chart.yaml']);
  });

  it('is not handed what another one published, though it names its digest', async () => {
    const digest = await server.publish({ name: chart, version: '1.0.0', files: { secret: 'x' } });
    await resolve();
    await elsewhere.publish({ name: chart, version: '1.0.0' }, { digest });
    charts.known.set('elsewhere', charts.credential(elsewhere.host));
    const url = `https://${elsewhere.host}/charts`;
    expect(await refusal(resolve({ url, credential: 'elsewhere' }))).toMatchObject({ code: 'digest-mismatch' });
    const folder = path.join(charts.folder, chart);
    const pinned = { ...repository({ url, credential: 'elsewhere' }), version: '1.0.0', digest };
    expect(await refusal(charts.source.export(pinned, folder))).toMatchObject({ code: 'digest-mismatch' });
  });

  it('is fetched from anew where what was kept of it is damaged, once for all who ask', async () => {
    await server.publish({ name: chart, version: '1.0.0' });
    const pinned = await resolve();
    const [file = ''] = readdirSync(charts.kept, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.includes(pinned.digest),
    );
    writeFileSync(path.join(charts.kept, file), 'damaged');
    server.seen.length = 0;
    const folders = [1, 2, 3].map((each) => path.join(charts.folder, `${chart}-${each}`));
    await Promise.all(folders.map((folder) => charts.source.export({ ...repository(), ...pinned }, folder)));
    expect(server.seen.filter(({ path: asked }) => asked.endsWith('.tgz'))).toHaveLength(1);
    expect(digestOf(readFileSync(path.join(charts.kept, file)))).toBe(pinned.digest);
  });

  it('has its oldest packs dropped where they become too many', async () => {
    const small = charts.open({ maxKeptBytes: 60_000, folder: path.join(charts.folder, chart) });
    const noise = (): string => Array.from({ length: 1500 }, () => Math.random().toString(36)).join('');
    const digests: string[] = [];
    for (const version of ['1.0.0', '1.1.0', '1.2.0', '1.3.0', '1.4.0', '1.5.0']) {
      await server.publish({ name: chart, version, files: { noise: noise() } });
      digests.push((await small.resolve({ ...repository(), range: '*', prereleases: false })).digest);
    }
    const kept = readdirSync(path.join(charts.folder, chart), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.tgz'),
    );
    expect(kept.length).toBeLessThan(6);
    expect(kept.some((name) => name.includes(digests.at(-1) ?? ''))).toBe(true);
    expect(kept.some((name) => name.includes(digests[0] ?? ''))).toBe(false);
  });
});
