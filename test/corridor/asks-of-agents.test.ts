import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dump } from 'js-yaml';
import type { DiffView, EventsView, TreeNode, TreeView } from '#contract';
import type { JsonObject } from '#domain';
import { CommandLine } from '../helpers/run-flotilla.js';
import { handEdit, SimulatedClusters } from '../helpers/simulated-clusters.js';
import { eventually, rolloutSettled, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { TestRepository } from '../helpers/test-repository.js';

const WITHIN_MS = 60_000;
const CASE_MS = 120_000;
const SETTINGS = '/api/v1/namespaces/shop/configmaps/settings';
const WIDGET = '/apis/example.com/v1/namespaces/shop/widgets/one';
const PASSWORD = 'correct-horse-battery';

const objects: readonly object[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
  {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  },
  { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'one' }, spec: { size: 1 } },
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { colour: 'blue', replicas: '1' } },
  { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys' }, stringData: { password: PASSWORD } },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image: 'registry.example/web:1.0.0' }] },
      },
    },
  },
];

/** From a person's line to the cluster's own API and back: hub, bus and agent are the real ones. */
describe('asking real agents', () => {
  let test: TestHub;
  let repository: TestRepository;
  let clusters: SimulatedClusters;
  const line = new CommandLine(() => test.folder);

  beforeAll(async () => {
    test = await startTestHub();
    repository = await TestRepository.create({ 'shop/all.yaml': objects.map((each) => dump(each)).join('---\n') });
    clusters = await SimulatedClusters.start(test, [{ name: 'eu-1' }, { name: 'us-1' }]);
    await apply({});
    await rolloutSettled(test.api, 'web', 1, WITHIN_MS);
  }, CASE_MS);

  afterAll(async () => {
    await clusters?.stop();
    await test?.stop();
    await repository?.remove();
  }, CASE_MS);

  const document = (kind: string, name: string, spec: object): object => ({
    apiVersion: 'flotilla.dev/v1',
    kind,
    metadata: { name },
    spec,
  });
  /** The application with more in its spec. Drift is reported, so that what somebody changes stays to be looked at. */
  const apply = (more: object): Promise<unknown> =>
    test.api.post('/api/v1/apply', {
      documents: [
        document('Source', 'shop', { url: repository.folder, interval: '1h' }),
        document('Strategy', 'all', { waves: [{ name: 'all', healthyFor: '0s', maxConcurrency: '100%' }] }),
        document('Application', 'web', {
          source: 'shop',
          path: 'shop',
          strategy: 'all',
          namespace: 'shop',
          drift: 'report',
          ...more,
        }),
      ],
    });
  const ask = <T>(kind: string): Promise<T> => test.api.get<T>(`/api/v1/clusters/eu-1/applications/web/${kind}`);
  const edit = (at: string, body: JsonObject, manager?: string): Promise<unknown> =>
    clusters.request('eu-1', handEdit(at, body, manager));
  const found = (nodes: readonly TreeNode[], kind: string): TreeNode | undefined =>
    nodes.find((node) => node.kind === kind);
  const treeWhere = (what: string, is: (objects: readonly TreeNode[]) => boolean): Promise<TreeView> =>
    eventually(
      what,
      () => ask<TreeView>('tree'),
      (tree) => is(tree.objects),
      WITHIN_MS,
    );

  it(
    'shows each object, and the pods below their owners',
    async () => {
      const {
        objects: nodes,
        generation,
        assigned,
      } = await treeWhere(
        'all is in sync',
        (all) => all.length === objects.length && all.every(({ sync }) => sync === 'synced'),
      );
      expect(generation).toBe(assigned);
      const [replicaSet, ...others] = found(nodes, 'Deployment')?.children ?? [];
      expect(others).toEqual([]);
      expect(replicaSet).toMatchObject({ kind: 'ReplicaSet', health: 'healthy' });
      expect(replicaSet?.children.map(({ kind, health }) => [kind, health])).toEqual([
        ['Pod', 'healthy'],
        ['Pod', 'healthy'],
      ]);
      const text = await line.fine('tree eu-1/web');
      expect(text).toMatch(
        /Deployment shop\/web +synced +healthy [^\n]*\n└── ReplicaSet web-\w+ [^\n]*\n {4}├── Pod web-/,
      );
    },
    CASE_MS,
  );

  it(
    'compares what is there with what an apply would make of it, and lets no value of a Secret out',
    async () => {
      expect(await line.run('diff eu-1/web')).toMatchObject({ out: '', code: 0 });
      await edit(SETTINGS, { data: { colour: 'red' } });
      await edit('/api/v1/namespaces/shop/secrets/keys', {
        data: { password: Buffer.from('another-one').toString('base64') },
      });
      await treeWhere('the edits are seen', (all) => all.filter(({ sync }) => sync === 'outOfSync').length === 2);
      const { out, code } = await line.run('diff eu-1/web');
      expect(code).toBe(1);
      expect(out).toContain('--- live/ConfigMap/shop/settings\n+++ git/ConfigMap/shop/settings\n');
      expect(out).toContain('-  colour: red\n');
      expect(out).toContain('+  colour: blue\n');
      expect(out).toMatch(
        /--- live\/Secret\/shop\/keys\n[^]*- {2}password: \(hidden [0-9a-f]{8}\)\n\+ {2}password: \(hidden [0-9a-f]{8}\)\n/,
      );
      const json = JSON.stringify(await ask<DiffView>('diff'));
      for (const secret of [PASSWORD, 'another-one']) {
        expect(json).not.toContain(secret);
        expect(json).not.toContain(Buffer.from(secret).toString('base64'));
      }
      // The other cluster has nothing of it.
      expect(await line.run('diff us-1/web')).toMatchObject({ out: '', code: 0 });
    },
    CASE_MS,
  );

  it(
    'leaves out what the application lets differ, from the moment that it says so until it takes it back',
    async () => {
      const ignoreDifferences = [
        { kind: 'ConfigMap', name: 'settings', jsonPointers: ['/data/colour'] },
        { kind: 'Secret', managers: ['kubectl-edit'] },
      ];
      await apply({ ignoreDifferences });
      await treeWhere('nothing differs', (all) => all.every(({ sync }) => sync === 'synced'));
      expect(await line.run('diff eu-1/web')).toMatchObject({ out: '', code: 0 });
      expect(await line.fine('describe application web')).toMatch(
        /May differ\n +ConfigMap settings: \/data\/colour\n +Secret: what kubectl-edit sets\n/,
      );
      // Taking it back is a release, which sets what it says as every release does; what is changed after it differs again.
      await apply({});
      await rolloutSettled(test.api, 'web', 3, WITHIN_MS);
      expect(await line.run('diff eu-1/web')).toMatchObject({ out: '', code: 0 });
      await edit(SETTINGS, { data: { colour: 'red' } });
      await treeWhere('it differs again', (all) => found(all, 'ConfigMap')?.sync === 'outOfSync');
      await apply({ drift: 'correct' });
      await treeWhere('it is put back', (all) => all.every(({ sync }) => sync === 'synced'));
      expect(await line.run('diff eu-1/web')).toMatchObject({ out: '', code: 0 });
    },
    CASE_MS,
  );

  it(
    'tells the health of a custom resource by the rule of its application',
    async () => {
      await apply({
        health: [
          {
            kind: 'example.com/Widget',
            failed: 'object.status.phase == "Broken"',
            healthy: 'object.status.phase == "Ready"',
            message: 'object.status.note',
          },
        ],
      });
      await edit(WIDGET, { status: { phase: 'Broken', note: 'no more parts' } }, 'widget-controller');
      const broken = await treeWhere('the rule says failed', (all) => found(all, 'Widget')?.health === 'failed');
      expect(found(broken.objects, 'Widget')).toMatchObject({ reason: 'RuleFailed', message: 'no more parts' });
      expect(await line.fine('tree eu-1/web')).toMatch(
        /Widget shop\/one +synced +failed +\S+ +RuleFailed: no more parts/,
      );
      await eventually(
        'what can be done says so',
        () => line.fine('why cluster/eu-1'),
        (text) =>
          text.includes('Widget shop/one is failed (RuleFailed): no more parts') &&
          text.includes('flotilla tree eu-1/web'),
        WITHIN_MS,
      );
      await edit(WIDGET, { status: { phase: 'Ready', note: '' } }, 'widget-controller');
      await treeWhere('the rule says healthy', (all) => found(all, 'Widget')?.health === 'healthy');
    },
    CASE_MS,
  );

  it(
    "prints Kubernetes' events of the objects and of their pods, and of nothing else",
    async () => {
      const { objects: nodes } = await ask<TreeView>('tree');
      const pod = found(nodes, 'Deployment')?.children[0]?.children[0]?.name ?? '';
      const { body } = await clusters.request('eu-1', { method: 'GET', path: `/api/v1/namespaces/shop/pods/${pod}` });
      const { uid: ours } = (body as { metadata: { uid: string } }).metadata;
      const about = async (name: string, uid: string, message: string): Promise<void> => {
        const { status } = await clusters.request('eu-1', {
          method: 'POST',
          path: '/api/v1/namespaces/shop/events',
          body: {
            apiVersion: 'v1',
            kind: 'Event',
            metadata: { name: `${name}.1`, namespace: 'shop' },
            involvedObject: { apiVersion: 'v1', kind: 'Pod', name, namespace: 'shop', uid },
            type: 'Warning',
            reason: 'BackOff',
            message,
            count: 3,
            firstTimestamp: new Date().toISOString(),
            lastTimestamp: new Date().toISOString(),
            source: { component: 'kubelet' },
          },
        });
        expect(status).toBe(201);
      };
      await about(pod, ours, `back-off: ${PASSWORD} was refused`);
      await about('somebody-elses', randomUUID(), 'not ours');
      const { events } = await ask<EventsView>('events');
      expect(events.filter(({ reason }) => reason === 'BackOff')).toMatchObject([{ about: { name: pod }, count: 3 }]);
      const text = await line.fine('events eu-1/web');
      expect(text).toMatch(new RegExp(`Warning +BackOff +Pod shop/${pod} +3 +back-off: .* was refused`));
      expect(text).not.toContain('not ours');
      expect(text).not.toContain(PASSWORD);
    },
    CASE_MS,
  );

  it(
    'says so where the agent is gone, with its last word',
    async () => {
      await clusters.stopAgent('eu-1');
      const refused = await eventually(
        'it is offline',
        () => line.run('tree eu-1/web'),
        ({ error }) => error.includes('offline'),
        WITHIN_MS,
      );
      expect(refused).toMatchObject({ out: '', code: 1 });
      expect(refused.error).toMatch(
        /said that web was healthy: `flotilla describe cluster eu-1` shows what is known\.?\n$/,
      );
      expect(await line.fine('tree us-1/web')).toContain('Deployment shop/web');
      await clusters.startAgent('eu-1');
      await treeWhere('it is back', (all) => all.length === objects.length);
    },
    CASE_MS,
  );
});
