import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Certificates, ensureCertificates } from '#bus';
import type { ManifestApplication } from '#domain';
import { findProgram, helm } from '#kit';
import { PuppetAgent } from '../helpers/puppet-agent.js';
import { SimulatedClusters } from '../helpers/simulated-clusters.js';
import { CommandLine } from '../helpers/run-flotilla.js';
import { eventually, rolloutSettled, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { TestRepository } from '../helpers/test-repository.js';
import { registryUser } from './push-chart.js';
import { BASIC, PASSWORD, startRegistry, USERNAME } from './start-registry.js';
import { startRepository } from './start-repository.js';

/** A registry and helm may have to be built first. */
const BUILD_MS = 900_000;

const template = `apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}}
data: {version: "{{ .Chart.Version }}", greeting: "{{ .Values.greeting }}", color: "{{ .Values.color }}"}
`;
const files = { 'templates/a.yaml': template, 'values.yaml': 'greeting: hello\ncolor: red\n' };

const WIDGET = {
  type: 'object',
  properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } },
};

describe('charts on their way from a registry and a repository to a cluster', () => {
  let test: TestHub;
  let certificates: Certificates;
  let registry: Awaited<ReturnType<typeof startRegistry>>;
  let repository: Awaited<ReturnType<typeof startRepository>>;
  let config: TestRepository;
  let puppet: PuppetAgent;
  let clusters: SimulatedClusters;
  const line = new CommandLine(() => test.folder);
  const fine = line.fine.bind(line);

  beforeAll(async () => {
    await findProgram(helm, { log: { info: (text) => process.stderr.write(`${text}\n`) } });
    test = await startTestHub({ FLOTILLA_SOURCES_ALLOW_LOCAL_ADDRESSES: 'true' });
    certificates = await ensureCertificates(path.join(test.folder, 'charts-tls'), { names: [], ips: [] });
    registry = await startRegistry({ certificates, lets: 'token' });
    repository = await startRepository({ certificates, authorization: BASIC });
    config = await TestRepository.create({ 'values/dev.yaml': 'greeting: good day\n' });
    puppet = await PuppetAgent.join(test.api, 'dev-1', { env: 'dev' });
    await writeFile(path.join(test.folder, 'ca.pem'), certificates.caPem);
    for (const [name, { host }] of Object.entries({ registry, repository })) {
      const words = `credential set ${name} --host ${host} --username ${USERNAME} --ca-file ca.pem --password-file -`;
      await fine(words, { stdin: PASSWORD });
    }
    await apply(
      { kind: 'Strategy', metadata: { name: 'quick' }, spec: { waves: [{ name: 'all', healthyFor: '0s' }] } },
      { kind: 'Source', metadata: { name: 'config' }, spec: { url: config.folder, interval: '1h' } },
    );
  }, BUILD_MS);

  afterAll(async () => {
    await puppet?.close();
    await clusters?.stop();
    await registry?.close();
    await repository?.close();
    await config?.remove();
    await test?.stop();
  }, 60_000);

  const push = (version: string) =>
    registryUser({
      host: registry.host,
      ca: certificates.caPem,
      authorization: (name) => `Bearer ${registry.tokens?.tokenFor(`repository:${name}:pull,push`) ?? ''}`,
    }).push('team', { name: 'web', version, files });
  const apply = async (...documents: readonly object[]): Promise<void> => {
    const text = documents.map((each) => JSON.stringify({ apiVersion: 'flotilla.dev/v1', ...each })).join('\n---\n');
    await writeFile(path.join(test.folder, 'fleet.yaml'), text);
    await fine('apply -f fleet.yaml');
  };
  const application = (name: string, source: string, values: object) => ({
    kind: 'Application',
    metadata: { name },
    spec: {
      source,
      path: '.',
      renderer: 'helm',
      strategy: 'quick',
      placement: { selector: { matchLabels: { env: 'dev' } } },
      // What plays the agent here does not tell its minor version.
      helm: { kubeVersion: '1.36', valuesFiles: [{ source: 'config', path: 'values/{{ labels.env }}.yaml' }], values },
      validation: { schema: 'off', dryRun: false },
    },
  });
  /** What the cluster is told to run, as it fetches it. */
  const runs = async (name: string, release: number): Promise<Record<string, string>> => {
    await rolloutSettled(test.api, name, release, 60_000);
    const told = await eventually(
      `the cluster is told of ${name}`,
      async () => puppet.told.filter(({ application: each }) => each === name),
      (all) => all.length === release,
      60_000,
    );
    const { digest, chunks } = told.at(-1)?.given as ManifestApplication;
    const bundle = JSON.parse((await promisify(gunzip)(await puppet.bus.fetchBundle(digest, chunks))).toString()) as {
      objects?: { data: Record<string, string> }[];
    };
    const objects = Array.isArray(bundle) ? (bundle as { data: Record<string, string> }[]) : (bundle.objects ?? []);
    return objects[0]?.data ?? {};
  };
  it('a chart of a registry is rendered with values of a repository, and so is its next version', async () => {
    const first = await push('1.4.2');
    await push('2.0.0');
    await apply(
      {
        kind: 'Source',
        metadata: { name: 'web' },
        spec: {
          ...{ type: 'oci', url: `oci://${registry.host}/team/web`, version: '^1', credential: 'registry' },
          interval: '1h',
        },
      },
      application('web', 'web', { color: 'blue' }),
    );
    expect(await runs('web', 1)).toEqual({ version: '1.4.2', greeting: 'good day', color: 'blue' });
    expect(await fine('get releases web -o json')).toContain(first);
    const second = await push('1.5.0');
    await fine('sync web');
    expect(await runs('web', 2)).toEqual({ version: '1.5.0', greeting: 'good day', color: 'blue' });
    const told = await fine('get releases web -o json');
    expect(told).toContain(second);
    expect(told).toContain('"version": "1.5.0"');
  }, 240_000);

  it('so is a chart of a repository', async () => {
    await repository.publish({ name: 'api', version: '0.3.0', description: 'Answers', files });
    const spec = { type: 'helm', url: `https://${repository.host}/charts`, chart: 'api', credential: 'repository' };
    await apply(
      { kind: 'Source', metadata: { name: 'api' }, spec: { ...spec, interval: '1h' } },
      application('api', 'api', {}),
    );
    expect(await runs('api', 1)).toEqual({ version: '0.3.0', greeting: 'good day', color: 'red' });
  }, 240_000);

  describe('of a repository, in a cluster that has an agent', () => {
    const namespace = 'default';
    const inRepository = (name: string, helmTerms: object) => ({
      kind: 'Application',
      metadata: { name },
      spec: {
        ...{ source: 'config', path: `charts/${name}`, namespace, strategy: 'quick', helm: helmTerms },
        placement: { selector: { matchLabels: { env: 'sim' } } },
      },
    });
    const chart = (name: string, template: string): Record<string, string> => ({
      [`charts/${name}/Chart.yaml`]: `apiVersion: v2\nname: ${name}\nversion: 1.0.0\n`,
      [`charts/${name}/templates/all.yaml`]: template,
    });
    const there = async (collection: string, name: string): Promise<Record<string, unknown> | null> => {
      const at = collection.replace('*', `namespaces/${namespace}`);
      const { status, body } = await clusters.request('sim-1', { method: 'GET', path: `${at}/${name}` });
      return status === 200 ? body : null;
    };
    const dataOf = async (collection: string, name: string) =>
      ((await there(collection, name))?.['data'] ?? {}) as Record<string, string>;
    const heldBy = async (application: string): Promise<string> => {
      const at = `/api/v1/applications/${application}`;
      const { status } = await test.api.get<{ status: { holds?: readonly { message: string }[] } }>(at);
      return (status.holds ?? []).map(({ message }) => message).join('; ');
    };
    const commit = async (changed: Record<string, string>): Promise<void> => {
      await config.commit('change', changed);
      await test.api.post('/api/v1/sources/config/sync');
    };

    beforeAll(async () => {
      clusters = await SimulatedClusters.start(test, [{ name: 'sim-1', labels: { env: 'sim' } }]);
    }, 60_000);

    it('what a chart makes up is refused, or kept from release to release where it is to be', async () => {
      const secret = `apiVersion: v1
kind: Secret
metadata: {name: made-up}
data: {password: {{ randAlphaNum 20 | b64enc }}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: greeting}
data: {text: "GREETING"}
`;
      await commit(chart('keeps', secret.replace('GREETING', 'hello')));
      await apply(inRepository('keeps', {}));
      await eventually(
        'it is refused',
        () => heldBy('keeps'),
        (message) => /makes up something new at each render: .*Secret.*made-up/.test(message),
        60_000,
      );
      await apply(inRepository('keeps', { random: 'keep' }));
      const { password = '' } = await eventually(
        'the Secret is there',
        () => dataOf('/api/v1/*/secrets', 'made-up'),
        (data) => data['password'] !== undefined,
        60_000,
      );
      expect(Buffer.from(password, 'base64').toString()).toMatch(/^[A-Za-z0-9]{20}$/);
      await commit(chart('keeps', secret.replace('GREETING', 'good evening')));
      await eventually(
        'the next release is there',
        () => dataOf('/api/v1/*/configmaps', 'greeting'),
        (data) => data['text'] === 'good evening',
        60_000,
      );
      expect(await dataOf('/api/v1/*/secrets', 'made-up')).toEqual({ password });
    }, 240_000);

    it('a chart is told what the cluster serves, and rendered again once that is more', async () => {
      const asks = `{{- $has := .Capabilities.APIVersions.Has "example.com/v1/Widget" }}
apiVersion: v1
kind: ConfigMap
metadata: {name: asked}
data: {widgets: "{{ $has }}"}
{{- if $has }}
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: asked}
spec: {size: 1}
{{- end }}
`;
      await commit(chart('asks', asks));
      await apply(inRepository('asks', {}));
      await eventually(
        'it is rendered without',
        () => dataOf('/api/v1/*/configmaps', 'asked'),
        (data) => data['widgets'] === 'false',
        60_000,
      );
      const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: WIDGET } };
      const definition = {
        ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
        metadata: { name: 'widgets.example.com' },
        spec: {
          ...{ group: 'example.com', scope: 'Namespaced', versions: [version] },
          names: { kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
        },
      };
      await commit({ 'charts/kinds/widget.json': JSON.stringify(definition) });
      const kinds = inRepository('kinds', {});
      const { helm: _, ...plain } = kinds.spec;
      await apply({ ...kinds, spec: { ...plain, renderer: 'yaml' } });
      await eventually(
        'it is rendered with widgets',
        async () => [
          await there('/apis/example.com/v1/*/widgets', 'asked'),
          await dataOf('/api/v1/*/configmaps', 'asked'),
        ],
        ([widget, data]) => widget !== null && data?.['widgets'] === 'true',
        120_000,
      );
    }, 300_000);
  });

  it('other values of it are rendered though the repository is gone', async () => {
    await repository.close();
    await test.restart();
    await apply(application('api', 'api', { color: 'green' }));
    expect(await runs('api', 2)).toEqual({ version: '0.3.0', greeting: 'good day', color: 'green' });
    await line.run('sync api');
    expect(await fine('why api')).toMatch(/could not be read/);
  }, 240_000);
});
