import { deepEqual, equal, ok } from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { ChartRepository } from '#ports';
import { digestOf, packChart, packItems } from '../../libs/source/src/charts/test-chart.js';
import type { Attempt, AttemptTable } from '../helpers/attempts.js';
import {
  BASIC,
  type Handler,
  type HostileChartServerScene,
  NAME,
  type ScenicServer,
} from './hostile-chart-server.scene.js';

type Scene = HostileChartServerScene;

const RULES = 'the rules for addresses, asked of what each host resolves to';
const ONE_HOST = 'a credential is for one host, redirects or not';
const TLS_ONLY = 'nothing is fetched but over TLS';
const BOUNDS = 'bounds for bytes and time';
const PACKS = 'a pack is read as plain files under plain names, within bounds, and as what its digest says';
const local =
  /is the hub's own machine or link, which is called only where FLOTILLA_SOURCES_ALLOW_LOCAL_ADDRESSES is set/;
const metadata = /is where a cloud hands out credentials/;
const METADATA = '169.254.169.254';

const here = { allowLocalAddresses: true };
const repository = ({ host }: ScenicServer): ChartRepository => ({
  type: 'helm',
  url: `https://${host}/`,
  chart: 'web',
});
const registry = ({ host }: ScenicServer): ChartRepository => ({ type: 'oci', url: `oci://${host}/team/web` });
const letIn = (server: ScenicServer) => ({ ...here, credentialFor: server.host });
const nobodyAsked = ({ seen }: ScenicServer): void => deepEqual(seen, []);
const nobodyTold = ({ seen }: ScenicServer): void =>
  ok(seen.length > 0 && seen.every(({ authorization }) => authorization === undefined));

/** An index whose one version of `web` is as told. */
const index = (entry: object): string => JSON.stringify({ entries: { web: [{ version: '1.0.0', ...entry }] } });
const json = (response: ServerResponse, body: unknown, status = 200, headers: Record<string, string> = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
};
/** A repository of one pack, which may be anything. */
const serving =
  (pack: Buffer, digest = digestOf(pack)): Handler =>
  ({ url }, response) => {
    response.end(url === '/index.yaml' ? index({ digest, urls: ['web.tgz'] }) : pack);
  };
/** A registry of one pack. */
const registering =
  (pack: Buffer, layer: object = {}): Handler =>
  ({ url = '' }, response) => {
    if (url.includes('/tags/')) return json(response, { tags: ['1.0.0'] });
    if (url.includes('/blobs/')) return response.end(pack);
    const content = {
      mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
      digest: `sha256:${digestOf(pack)}`,
      size: pack.length,
      ...layer,
    };
    return json(response, { config: { mediaType: 'application/vnd.cncf.helm.config.v1+json' }, layers: [content] });
  };
const challenging =
  (challenge: string): Handler =>
  (_request, response) =>
    json(response, {}, 401, { 'www-authenticate': challenge });
const redirecting =
  (to: string): Handler =>
  (_request, response) => {
    response.writeHead(302, { location: to }).end();
  };

const ownMachine: readonly Attempt<Scene>[] = [
  ...['127.0.0.1', '127.1', '0x7f000001', '２１３０７０６４３３', '[::ffff:127.0.0.1]', '0.0.0.0'].flatMap((host) =>
    (['helm', 'oci'] as const).map((type) => ({
      name: `names the hub's own machine in the URL of a chart of type ${type}, written as ${host}`,
      stoppedBy: RULES,
      run: async (scene: Scene) => {
        const server = await scene.serve((_request, response) => response.end());
        const at = `${host}:${server.port}/team/web`;
        const chart: ChartRepository =
          type === 'oci' ? { type, url: `oci://${at}` } : { type, url: `https://${at}`, chart: 'web' };
        await scene.isRefused(chart, {}, 'address-refused', local);
        nobodyAsked(server);
      },
    })),
  ),
  {
    name: 'names a host of its own for charts that resolves to the hub’s loopback address, beside another one',
    stoppedBy: RULES,
    run: async (scene) => {
      const server = await scene.serve((_request, response) => response.end());
      const names = { [NAME]: ['203.0.113.5', '127.0.0.1'] };
      for (const chart of [repository(server), registry(server)]) {
        await scene.isRefused(chart, { names }, 'address-refused', local);
      }
      nobodyAsked(server);
    },
  },
  {
    name: 'names a host for charts where a cloud hands out credentials, on a hub that allows its own machine',
    stoppedBy: RULES,
    run: async (scene) => {
      const server = await scene.serve((_request, response) => response.end());
      for (const address of [METADATA, 'fd00:ec2::254', '::ffff:169.254.169.254']) {
        await scene.isRefused(registry(server), { ...here, names: { [NAME]: [address] } }, 'address-refused', metadata);
      }
      nobodyAsked(server);
    },
  },
];

const elsewhere: readonly Attempt<Scene>[] = [
  ...(
    [
      ['its index', redirecting(`https://${METADATA}/index.yaml`), repository],
      [
        'a pack of its index',
        (_request, response) => response.end(index({ urls: [`https://${METADATA}/web.tgz`] })),
        repository,
      ],
      ['its tags', redirecting(`https://${METADATA}/v2/team/web/tags/list`), registry],
      ['a token', challenging(`Bearer realm="https://${METADATA}/token",service="x"`), registry],
    ] as readonly [string, Handler, (server: ScenicServer) => ChartRepository][]
  ).map(([what, handler, chart]) => ({
    name: `sends the hub for ${what} to where a cloud hands out credentials`,
    stoppedBy: RULES,
    run: async (scene: Scene) => {
      const server = await scene.serve(handler);
      await scene.isRefused(chart(server), letIn(server), 'address-refused', metadata);
    },
  })),
  {
    name: 'sends the hub to plain HTTP and to a file for its index, its packs and its tokens',
    stoppedBy: TLS_ONLY,
    run: async (scene) => {
      const target = await scene.serve((_request, response) => response.end());
      for (const to of [`http://${target.host}/x`, 'file:///etc/passwd', `ftp://${target.host}/x`, 'javascript:x']) {
        for (const [handler, chart] of [
          [redirecting(to), repository],
          [(_request, response) => response.end(index({ urls: [to] })), repository],
          [challenging(`Bearer realm="${to}"`), registry],
        ] as readonly [Handler, typeof repository][]) {
          const server = await scene.serve(handler);
          await scene.isRefused(chart(server), letIn(server), 'url-refused', /begins with \w+:, and not with https:/);
        }
      }
      nobodyAsked(target);
    },
  },
  {
    name: 'takes the hub’s credential along to another server: by redirects, and by the URL of a pack',
    stoppedBy: ONE_HOST,
    run: async (scene) => {
      const pack = await packChart({ name: 'web', version: '1.0.0' });
      const target = await scene.serve(serving(pack));
      const byRedirect = await scene.serve(({ url }, response) =>
        redirecting(`https://${target.host}${url ?? ''}`)({} as never, response),
      );
      equal(await scene.look(repository(byRedirect), letIn(byRedirect)), digestOf(pack));
      const byIndex = await scene.serve((_request, response) =>
        response.end(index({ urls: [`https://${target.host}/web.tgz`] })),
      );
      equal(await scene.look(repository(byIndex), letIn(byIndex)), digestOf(pack));
      nobodyTold(target);
      ok(byIndex.seen.every(({ authorization }) => authorization === BASIC));
    },
  },
  {
    name: 'asks who is there, and then sends the answer to another server',
    stoppedBy: ONE_HOST,
    run: async (scene) => {
      const target = await scene.serve((_request, response) =>
        json(response, {}, 401, { 'www-authenticate': 'Basic' }),
      );
      const server = await scene.serve(({ headers }, response) =>
        headers.authorization === undefined
          ? json(response, {}, 401, { 'www-authenticate': 'Basic realm="x"' })
          : redirecting(`https://${target.host}/v2/`)({} as never, response),
      );
      await scene.isRefused(registry(server), letIn(server), 'source-unreachable', /does not let the hub in/);
      nobodyTold(target);
    },
  },
  {
    name: 'has the token that another service gave told to a third server',
    stoppedBy: ONE_HOST,
    run: async (scene) => {
      const tokens = await scene.serve((_request, response) => json(response, { token: 'of-the-service' }));
      const target = await scene.serve((_request, response) => json(response, {}, 404));
      const server = await scene.serve(({ headers }, response) =>
        headers.authorization === undefined
          ? challenging(`Bearer realm="https://${tokens.host}/",service="x",scope="repository:*:push"`)(
              {} as never,
              response,
            )
          : redirecting(`https://${target.host}/`)({} as never, response),
      );
      await scene.isRefused(registry(server), letIn(server), 'chart-not-found', /no such chart/);
      nobodyTold(target);
      // Nor is it a token for more than to read this chart.
      deepEqual(
        tokens.seen.map(({ url }) => new URLSearchParams(url.slice(2)).get('scope')),
        ['repository:team/web:pull'],
      );
    },
  },
  {
    name: 'has the next page of its tags on another server',
    stoppedBy: ONE_HOST,
    run: async (scene) => {
      const target = await scene.serve((_request, response) => json(response, { tags: ['9.9.9'] }));
      const server = await scene.serve((_request, response) =>
        json(response, { tags: ['1.0.0'] }, 200, {
          link: `<https://${target.host}/v2/team/web/tags/list>; rel="next"`,
        }),
      );
      await scene.isRefused(registry(server), letIn(server), 'source-unreachable', /on another host/);
      nobodyAsked(target);
    },
  },
  {
    name: 'sends the hub in circles: by redirects, and by pages of tags',
    stoppedBy: 'bounds for redirects and pages',
    run: async (scene) => {
      const circle = await scene.serve(redirecting('/again'));
      await scene.isRefused(repository(circle), letIn(circle), 'source-unreachable', /too often/);
      ok(circle.seen.length < 10);
      const pages = await scene.serve(({ url = '' }, response) =>
        json(response, { tags: ['1.0.0'] }, 200, { link: `<${url}>; rel="next"` }),
      );
      await scene.isRefused(registry(pages), letIn(pages), 'chart-too-large', /name one version/);
    },
  },
];

const answers: readonly Attempt<Scene>[] = [
  {
    name: 'says back in its errors what the hub was let in with, and escape sequences',
    stoppedBy: 'nothing that a server says is in an error',
    run: async (scene) => {
      const server = await scene.serve(({ headers }, response) =>
        json(response, { errors: [{ message: `\u001b[2J ${headers.authorization ?? ''}` }] }, 403, {
          location: `https://x/${headers.authorization ?? ''}`,
          'www-authenticate': `Basic realm="${headers.authorization ?? ''}"`,
        }),
      );
      for (const chart of [repository(server), registry(server)]) {
        await scene.isRefused(chart, letIn(server), 'source-unreachable', /HTTP 403/);
      }
    },
  },
  {
    name: 'hands out a token with line breaks, and none at all',
    stoppedBy: 'a token is printable text',
    run: async (scene) => {
      for (const answer of [{ token: 'a\r\nx-injected: 1' }, { token: '' }, { token: 7 }, [], 'x']) {
        const tokens = await scene.serve((_request, response) => json(response, answer));
        const server = await scene.serve(challenging(`Bearer realm="https://${tokens.host}/t"`));
        await scene.isRefused(registry(server), letIn(server), 'source-unreachable', /answered with no token/);
      }
    },
  },
  {
    name: 'answers with an index, tags, a manifest or a pack without end',
    stoppedBy: BOUNDS,
    run: async (scene) => {
      const endless: Handler = (request, response) => {
        const line = 'x'.repeat(64 * 1024);
        const more = (): void => {
          while (!response.destroyed && response.write(line));
          if (!response.destroyed) response.once('drain', more);
        };
        request.on('close', () => response.destroy());
        more();
      };
      const good = registering(Buffer.from('x'));
      const only =
        (part: string): Handler =>
        (request, response) =>
          (request.url?.includes(part) ? endless : good)(request, response);
      const pack = await scene.serve((request, response) =>
        request.url === '/index.yaml' ? response.end(index({ urls: ['web.tgz'] })) : endless(request, response),
      );
      await scene.isRefused(repository(pack), letIn(pack), 'chart-too-large', /version 1.0.0 has more than/);
      for (const part of ['/tags/', '/manifests/', '/blobs/']) {
        const server = await scene.serve(only(part));
        await scene.isRefused(registry(server), letIn(server), 'chart-too-large', /has more than \d+ bytes/);
      }
    },
  },
  {
    name: 'has an index that becomes much more once it is unzipped',
    stoppedBy: BOUNDS,
    run: async (scene) => {
      const bomb = gzipSync(Buffer.alloc(60 * 1024 * 1024, '#'));
      const server = await scene.serve((_request, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
      });
      await scene.isRefused(repository(server), letIn(server), 'chart-too-large', /becomes more than/);
    },
  },
  {
    name: 'begins an answer and never ends it',
    stoppedBy: BOUNDS,
    run: async (scene) => {
      const server = await scene.serve((_request, response) => void response.writeHead(200).write('entries:'));
      const look = { ...letIn(server), timeoutMs: 1500 };
      for (const chart of [repository(server), registry(server)]) {
        await scene.isRefused(chart, look, 'source-unreachable', /did not answer within 1.5 s/);
      }
    },
  },
  {
    name: 'has an index of anchors that refer to each other without end',
    stoppedBy: 'each version is read by itself, and its text alone is looked at',
    run: async (scene) => {
      const layers = Array.from({ length: 30 }, (_, n) => `    a${n + 1}: &a${n + 1} [${`*a${n},`.repeat(9)}]`).join(
        '\n',
      );
      const text = `entries:\n  web:\n  - version: 1.0.0\n    a0: &a0 x\n${layers}\n    urls: *a30\n`;
      const server = await scene.serve((_request, response) => response.end(text));
      await scene.isRefused(repository(server), letIn(server), 'index-invalid', /names no URL|no YAML/);
    },
  },
];

const packs: readonly Attempt<Scene>[] = [
  ...(
    [
      ['a file outside its folder', { name: 'web/../../../../evil', content: 'x' }, 'chart-invalid', /leads through/],
      ['a file at the root', { name: '/tmp/flotilla-evil', content: 'x' }, 'chart-invalid', /leads through/],
      [
        'a link to a file of the hub',
        { name: 'web/values.yaml', type: 'symlink', linkname: '/etc/passwd' },
        'chart-invalid',
        /a link/,
      ],
      ['a hard link', { name: 'web/a', type: 'link', linkname: '/etc/passwd' }, 'chart-invalid', /a link/],
      [
        'zeroes without end',
        { name: 'web/zeroes', content: Buffer.alloc(40 * 1024 * 1024) },
        'chart-too-large',
        /more than/,
      ],
      ['a size that is no number', { name: 'web/a', pax: { size: '-512' }, content: 'x' }, 'chart-invalid', /no size/],
    ] as const
  ).flatMap(([what, item, code, message]) =>
    ([serving, registering] as const).map((publish, which) => ({
      name: `publishes in a ${which === 0 ? 'repository' : 'registry'} a chart with ${what}`,
      stoppedBy: PACKS,
      run: async (scene: Scene) => {
        const pack = await packItems([{ name: 'web/Chart.yaml', content: 'name: web\n' }, item]);
        const server = await scene.serve(publish(pack));
        await scene.isRefused(which === 0 ? repository(server) : registry(server), letIn(server), code, message);
      },
    })),
  ),
  {
    name: 'hands out another pack than the one that its index or its manifest names',
    stoppedBy: PACKS,
    run: async (scene) => {
      const pack = await packChart({ name: 'web', version: '1.0.0' });
      const other = digestOf(Buffer.from('another'));
      const one = await scene.serve(serving(pack, other));
      await scene.isRefused(repository(one), letIn(one), 'digest-mismatch', new RegExp(other));
      const two = await scene.serve(registering(pack, { digest: `sha256:${other}` }));
      await scene.isRefused(registry(two), letIn(two), 'digest-mismatch', new RegExp(other));
    },
  },
  {
    name: 'has an index of manifests that are others than it names, of itself, of a thousand, and of two charts',
    stoppedBy:
      'a manifest is what its digest says; twenty are looked at, and no index of an index; there is one chart or none',
    run: async (scene) => {
      const type = 'application/vnd.oci.image.manifest.v1+json';
      const manifest = (digest: string): string =>
        JSON.stringify({
          config: { mediaType: 'application/vnd.cncf.helm.config.v1+json' },
          layers: [{ mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', digest, size: 1 }],
        });
      const charts = ['a', 'b'].map((each) => manifest(`sha256:${each.repeat(64)}`));
      const named = (text: string) => ({ mediaType: type, digest: `sha256:${digestOf(Buffer.from(text))}` });
      const refused = async (manifests: readonly object[], code: string, message: RegExp): Promise<void> => {
        const known = new Map(charts.map((each) => [named(each).digest, each]));
        let asked = 0;
        const server = await scene.serve((request, response) => {
          const [, name = ''] = /\/manifests\/(.*)$/.exec(decodeURIComponent(request.url ?? '')) ?? [];
          asked += 1;
          if (name === '') json(response, { tags: ['1.0.0'] });
          else response.end(known.get(name) ?? JSON.stringify({ manifests }));
        });
        await scene.isRefused(registry(server), letIn(server), code, message);
        equal(asked < 30, true);
      };
      await refused([named('another')], 'source-unreachable', /another manifest than sha256:/);
      const itself = { mediaType: 'application/vnd.oci.image.index.v1+json', digest: named('x').digest };
      await refused([itself], 'chart-not-found', /no Helm chart/);
      await refused([{ ...named('x'), digest: 'sha256:../../../keys' }], 'chart-not-found', /no Helm chart/);
      await refused(
        Array.from({ length: 1000 }, (_, at) => named(String(at))),
        'chart-not-found',
        /more than 20 manifests/,
      );
      await refused(charts.map(named), 'chart-ambiguous', /several charts/);
    },
  },
  {
    name: 'has a manifest whose digest is a path, and one that is no manifest',
    stoppedBy: 'a digest is 64 hexadecimal digits, and a manifest is checked by its schema',
    run: async (scene) => {
      const pack = await packChart({ name: 'web', version: '1.0.0' });
      for (const digest of ['sha256:../../../keys/secrets', 'sha512:aa', '']) {
        const server = await scene.serve(registering(pack, { digest }));
        await scene.isRefused(registry(server), letIn(server), 'chart-not-found', /no Helm chart/);
      }
    },
  },
];

export const hostileChartServerAttempts: AttemptTable<Scene> = {
  title: 'A chart’s address, and the server behind it',
  who: 'Who may write a source of charts, or holds the repository or registry that one names, against the hub and its neighbours.',
  test: 'test/trust/hostile-chart-server.test.ts',
  attempts: [...ownMachine, ...elsewhere, ...answers, ...packs],
};
