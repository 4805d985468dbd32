import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findProgram, helm } from '#kit';
import type { ChartRepository } from '#ports';
import { describeChartSourceContract } from '#ports/contract-suites/chart-source-contract-suite';
import { digestOf } from '../../libs/source/src/charts/test-chart.js';
import { type OpenCharts, openCharts } from './open-charts.js';
import { registryUser } from './push-chart.js';
import { BASIC, PASSWORD, startRegistry, USERNAME } from './start-registry.js';
import { startRepository } from './start-repository.js';

/** A registry and helm may have to be built first. */
const BUILD_MS = 900_000;

describeChartSourceContract(
  'a real registry that asks for tokens',
  async () => {
    const charts = await openCharts();
    const registry = await startRegistry({ certificates: charts.certificates, lets: 'token' });
    charts.known.set('charts', charts.credential(registry.host));
    const user = registryUser({
      host: registry.host,
      ca: charts.certificates.caPem,
      authorization: (name) => `Bearer ${registry.tokens?.tokenFor(`repository:${name}:pull,push,delete`) ?? ''}`,
    });
    return {
      source: charts.source,
      repository: (chart) => ({ type: 'oci', url: `oci://${registry.host}/team/${chart}`, credential: 'charts' }),
      publish: async (chart) => {
        await user.push('team', chart);
      },
      unpublish: (name, version) => user.remove(`team/${name}`, version),
      setReachable: async (reachable) => charts.setReachable(reachable),
      close: async () => {
        await registry.close();
        await charts.close();
        for (const { url, authorization } of registry.tokens?.seen ?? []) {
          expect(authorization).toBe(BASIC);
          expect(url.searchParams.get('scope')).toMatch(/^repository:team\/web-\d+:pull$/);
        }
      },
    };
  },
  BUILD_MS,
);

describe('a real registry that asks for a password', () => {
  let charts: OpenCharts;
  let registry: Awaited<ReturnType<typeof startRegistry>>;
  let user: ReturnType<typeof registryUser>;

  beforeAll(async () => {
    charts = await openCharts();
    registry = await startRegistry({ certificates: charts.certificates, lets: 'password' });
    charts.known.set('charts', charts.credential(registry.host));
    user = registryUser({ host: registry.host, ca: charts.certificates.caPem, authorization: () => BASIC });
  }, BUILD_MS);
  afterAll(async () => {
    await registry?.close();
    await charts?.close();
  });

  const resolve = (chart: string, range = '*', more: Partial<ChartRepository> = {}) =>
    charts.source.resolve({
      ...{ type: 'oci', url: `oci://${registry.host}/team/${chart}`, credential: 'charts' },
      ...more,
      range,
      prereleases: false,
    });
  const refusal = async (promise: Promise<unknown>): Promise<{ code: string; message: string }> => {
    const error = await promise.then(
      () => new Error('it went well'),
      (reason: unknown) => reason as Error & { code: string },
    );
    for (const secret of [PASSWORD, BASIC.slice(6)]) {
      expect(error.message).not.toContain(secret);
      expect(charts.log.join('')).not.toContain(secret);
    }
    return { code: (error as { code?: string }).code ?? '', message: error.message };
  };

  it('has its list of tags read to the last page', async () => {
    for (const version of ['1.0.0', '1.1.0', '1.2.0', '1.3.0', '1.4.0', '1.10.0']) {
      await user.push('team', { name: 'paged', version });
    }
    expect((await resolve('paged')).version).toBe('1.10.0');
    expect((await resolve('paged', '<1.4')).version).toBe('1.3.0');
  });

  it('lets nobody in without a credential, or with a wrong one', async () => {
    await user.push('team', { name: 'closed', version: '1.0.0' });
    charts.known.set('wrong', charts.credential(registry.host, { password: `${PASSWORD}-once` }));
    expect(await refusal(resolve('closed', '*', { credential: 'wrong' }))).toEqual({
      code: 'source-unreachable',
      message: expect.stringMatching(/does not let the hub in \(HTTP 401\): set the credential anew/),
    });
    const trusting = charts.open({ authorities: [charts.certificates.caPem] });
    const anybodys: ChartRepository = { type: 'oci', url: `oci://${registry.host}/team/closed` };
    expect(await refusal(trusting.resolve({ ...anybodys, range: '*', prereleases: false }))).toEqual({
      code: 'source-unreachable',
      message: expect.stringMatching(/\(HTTP 401\): name a credential in spec.credential/),
    });
  });

  it('has something else than charts under the name of one', async () => {
    const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: '', size: 0 };
    const blob = await user.push('team', { name: 'image', version: '0.0.1' });
    await user.push(
      'team',
      { name: 'image', version: '1.0.0' },
      {
        config: { ...config, digest: `sha256:${blob}`, size: 1 },
      },
    );
    expect(await refusal(resolve('image'))).toEqual({
      code: 'chart-not-found',
      message: `oci://${registry.host}/team/image: what is there as 1.0.0 is no Helm chart.`,
    });
  });

  it.each([
    ['Docker’s own scheme', (host: string) => `https://${host}/team/web`],
    ['capital letters', (host: string) => `oci://${host}/Team/web`],
    ['a tag', (host: string) => `oci://${host}/team/web:1.0.0`],
    ['percent signs', (host: string) => `oci://${host}/team/%77eb`],
    ['no name', (host: string) => `oci://${host}/`],
    ['a password', (host: string) => `oci://a:b@${host}/team/web`],
  ])('is refused with %s in its URL', async (_name, url) => {
    expect(await refusal(resolve('web', '*', { url: url(registry.host) }))).toMatchObject({ code: 'url-refused' });
  });

  describe('and the real helm', () => {
    let program: string;
    let packed: string;
    const run = async (...args: string[]): Promise<string> => {
      const env = { HOME: charts.folder, PATH: '/usr/bin:/bin', XDG_CACHE_HOME: charts.folder };
      const { stdout } = await promisify(execFile)(program, args, { cwd: charts.folder, env });
      return stdout;
    };
    beforeAll(async () => {
      program = (await findProgram(helm, { log: { info: (line) => process.stderr.write(`${line}\n`) } })).path;
      await mkdir(path.join(charts.folder, 'shop/templates'), { recursive: true });
      const files = {
        'Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.2.3+build.7\ndescription: Sells things\n',
        'values.yaml': 'replicas: 1\n',
        'templates/a.yaml': 'a: {{ .Values.replicas }}\n',
      };
      for (const [name, content] of Object.entries(files)) {
        await writeFile(path.join(charts.folder, 'shop', name), content);
      }
      await run('package', 'shop');
      packed = path.join(charts.folder, 'shop-1.2.3+build.7.tgz');
    }, BUILD_MS);

    const isShop = async (pinned: { version: string; digest: string }, repository: ChartRepository): Promise<void> => {
      expect(pinned.digest).toBe(digestOf(await readFile(packed)));
      const folder = path.join(charts.folder, `out-${repository.type}`);
      await charts.source.export({ ...repository, ...pinned }, folder);
      expect((await readdir(folder)).sort()).toEqual(['Chart.yaml', 'templates', 'values.yaml']);
      expect(await readFile(path.join(folder, 'values.yaml'), 'utf8')).toBe('replicas: 1\n');
    };

    it('agree on what it pushed', async () => {
      const access = ['--ca-file', charts.certificates.caFile, '--username', USERNAME, '--password', PASSWORD];
      await run('push', packed, `oci://${registry.host}/team`, ...access);
      const pinned = await resolve('shop', '^1.2');
      expect(pinned).toMatchObject({ version: '1.2.3+build.7', description: 'Sells things' });
      expect(pinned.createdAt).toMatch(/Z$/);
      await isShop(pinned, { type: 'oci', url: `oci://${registry.host}/team/shop`, credential: 'charts' });
    });

    it('agree on the chart among the manifests of an index, and on none where there is none', async () => {
      const name = 'indexed';
      const pack = await user.push('team', { name, version: '1.3.0' });
      const image = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: `sha256:${pack}`, size: 1 };
      const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: `sha256:${pack}`, size: 1 };
      await user.push('team', { name, version: '0.0.1' }, { config: image, layers: [layer] });
      for (const told of [{}, { artifactType: '1.3.0' }]) {
        await user.push('team', { name, version: '1.3.0' });
        await user.pushIndex(`team/${name}`, '1.3.0', ['0.0.1', '1.3.0'], told);
        expect(await resolve(name)).toMatchObject({ version: '1.3.0', digest: pack });
      }
      const access = ['--ca-file', charts.certificates.caFile, '--username', USERNAME, '--password', PASSWORD];
      await run('pull', `oci://${registry.host}/team/${name}`, '--version', '1.3.0', ...access);
      expect(digestOf(await readFile(path.join(charts.folder, `${name}-1.3.0.tgz`)))).toBe(pack);
      await user.pushIndex(`team/${name}`, '1.4.0', ['0.0.1']);
      expect(await refusal(resolve(name, '1.4.0'))).toMatchObject({ code: 'chart-not-found' });
      await user.push('team', { name, version: '1.5.0', files: { 'values.yaml': 'a: 1\n' } });
      await user.push('team', { name, version: '1.6.0' });
      await user.pushIndex(`team/${name}`, '1.6.0', ['1.5.0', '1.6.0']);
      expect(await refusal(resolve(name, '1.6.0'))).toEqual({
        code: 'chart-ambiguous',
        message: expect.stringMatching(/1\.6\.0 is an index of several charts.*publish each of them/),
      });
    });

    it('agree on the index that it writes for a repository', async () => {
      await run('repo', 'index', '.');
      const server = await startRepository({ certificates: charts.certificates, authorization: BASIC });
      try {
        server.files.set('/charts/index.yaml', await readFile(path.join(charts.folder, 'index.yaml')));
        server.files.set(`/charts/${path.basename(packed)}`, await readFile(packed));
        charts.known.set('repository', charts.credential(server.host));
        const url = `https://${server.host}/charts`;
        const repository: ChartRepository = { type: 'helm', url, chart: 'shop', credential: 'repository' };
        const pinned = await charts.source.resolve({ ...repository, range: '1.x', prereleases: false });
        expect(pinned).toMatchObject({ version: '1.2.3+build.7', description: 'Sells things' });
        await isShop(pinned, repository);
      } finally {
        await server.close();
      }
    });
  });
});
