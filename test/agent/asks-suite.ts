import { describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import {
  type AskError,
  askErrorSchema,
  type ApplicationAskKind,
  type DiffAnswer,
  diffAnswerSchema,
  type EventsAnswer,
  eventsAnswerSchema,
  type TreeAnswer,
  treeAnswerSchema,
  type TreeNode,
} from '#contract';
import type { JsonObject } from '#domain';
import { RetryableError } from '#kit';
import type { KubeResponse } from '#ports';
import { type Rig, rigOn, type SuiteCluster } from './rig.js';
import { configMap, deployment, secret } from './samples.js';

/** What an agent answers when it is asked; the same on a simulated cluster and on a real one. */
export function describeAsksSuite(name: string, openCluster: () => Promise<SuiteCluster>): void {
  describe(`asks on ${name}`, () => {
    const withRig = rigOn(openCluster);
    const inNamespace = (rig: Rig, base: string, plural: string, named = '') =>
      `${base}/namespaces/${rig.cluster.namespace}/${plural}${named && `/${named}`}`;
    const core = (rig: Rig, plural: string, named?: string) => inNamespace(rig, '/api/v1', plural, named);

    it(
      'shows owners nested down to pods, with sync, health and age',
      () =>
        withRig(async (rig) => {
          await rig.start();
          await rig.healthy(
            await rig.assign([configMap('settings'), deployment('web', undefined, 2), cronJob('nightly')]),
          );
          await startJob(rig, 'nightly');
          const tree = await eventually(
            () => askTree(rig),
            ({ objects }) =>
              jobs(objects).some(({ health, children }) => health === 'healthy' && children.length === 1),
          );
          expect(tree).toMatchObject({ generation: 1, revision: 'a'.repeat(40) });
          expect(tree.truncated).toBeUndefined();
          expect(shape(tree.objects)).toEqual([
            'ConfigMap settings synced healthy',
            'Deployment web synced healthy',
            '  ReplicaSet web-* healthy',
            '    Pod web-* healthy',
            '    Pod web-* healthy',
            'CronJob nightly synced healthy',
            '  Job nightly-now healthy',
            '    Pod nightly-now-* healthy',
          ]);
          for (const node of flat(tree.objects)) expect(Date.parse(node.createdAt ?? '')).toBeGreaterThan(0);
        }),
      90_000,
    );

    it(
      "tells a crash-looping pod's reason, and leaves out the revision that it replaced",
      () =>
        withRig(async (rig) => {
          await rig.start();
          await rig.healthy(await rig.assign([deployment('web')]));
          await rig.assign([deployment('web', 'registry.example/web:crash')]);
          const tree = await eventually(
            () => askTree(rig),
            (each) => flat(each.objects).some(({ kind, reason }) => kind === 'Pod' && reason === 'CrashLoopBackOff'),
          );
          const pod = flat(tree.objects).find(({ reason, kind }) => kind === 'Pod' && reason === 'CrashLoopBackOff');
          expect(pod?.message).not.toBe('');
          await rig.healthy(await rig.assign([deployment('web', 'registry.example/web:2')]));
          const after = await eventually(
            () => askTree(rig),
            (each) => flat(each.objects).filter(({ kind }) => kind === 'Pod').length === 1,
          );
          expect(shape(after.objects)).toEqual([
            'Deployment web synced healthy',
            '  ReplicaSet web-* healthy',
            '    Pod web-* healthy',
          ]);
        }),
      120_000,
    );

    it('tells what is missing, what somebody changed and what is no longer in Git', () =>
      withRig(async (rig) => {
        await rig.start();
        const objects = [configMap('changed', { a: '1' }), configMap('gone'), configMap('same'), configMap('surplus')];
        await rig.healthy(await rig.assign(objects, { drift: 'report' }));
        await rig.edit(core(rig, 'configmaps', 'changed'), { data: { a: '2', extra: 'yes' } });
        await rig.remove(core(rig, 'configmaps', 'gone'));
        const expected = [
          'ConfigMap changed outOfSync healthy',
          'ConfigMap gone missing missing',
          'ConfigMap same synced healthy',
        ];
        await eventually(
          () => askTree(rig),
          (tree) => equal(shape(tree.objects), [...expected, 'ConfigMap surplus synced healthy']),
        );
        // More than it may delete: nothing of the release is begun.
        await rig.assign([...objects.slice(0, 3), configMap('new')], { drift: 'report', maxDeletions: 0 });
        const tree = await eventually(
          () => askTree(rig),
          (each) => each.generation === 2 && shape(each.objects).some((line) => line.includes('surplus')),
        );
        expect(shape(tree.objects)).toEqual([
          ...expected.slice(0, 2),
          'ConfigMap new unknown unknown',
          expected[2],
          'ConfigMap surplus surplus healthy',
        ]);
        const before = rig.kube.writes(rig.cluster.agentNamespace).length;
        const diff = await askDiff(rig);
        expect(diff.objects.map(({ change, name: named }) => `${change} ${named}`)).toEqual([
          'changed changed',
          'added gone',
          'added new',
          'removed surplus',
        ]);
        expect(diff.same).toBe(1);
        expect(rig.kube.writes(rig.cluster.agentNamespace)).toHaveLength(before);
        const [changed, gone, , surplus] = diff.objects;
        expect(changed?.live).toMatchObject({ data: { a: '2', extra: 'yes' } });
        // What an apply takes over from whoever edited it, and Git does not have, would go.
        expect(changed?.desired?.['data']).toEqual({ a: '1' });
        expect(gone).not.toHaveProperty('live');
        expect(surplus).not.toHaveProperty('desired');
        for (const { live, desired } of diff.objects) {
          for (const body of [live, desired]) {
            expect(JSON.stringify(body ?? {})).not.toMatch(
              /managedFields|resourceVersion|"uid"|"status"|creationTimestamp/,
            );
          }
        }
      }));

    it('compares Secrets by marks: equal values have equal ones, after a restart too, and no value is shown', () =>
      withRig(async (rig) => {
        await rig.start();
        await rig.healthy(
          await rig.assign([secret('db', { user: 'application', password: 'correct-horse' })], { drift: 'report' }),
        );
        const annotations = {
          'kubectl.kubernetes.io/last-applied-configuration': '{"data":{"password":"applied-horse"}}',
        };
        await rig.edit(core(rig, 'secrets', 'db'), {
          metadata: { annotations },
          stringData: { password: 'battery-staple', copy: 'application' },
        });
        const first = await eventually(
          () => askDiff(rig),
          (diff) => diff.objects.length === 1,
        );
        const [object] = first.objects;
        const live = object?.live?.['data'] as Record<string, string>;
        const desired = object?.desired?.['data'] as Record<string, string>;
        for (const mark of [...Object.values(live), ...Object.values(desired)]) {
          expect(mark).toMatch(/^\(hidden [0-9a-f]{8}\)$/);
        }
        expect(live['user']).toBe(desired['user']);
        expect(live['copy']).toBe(live['user']);
        expect(live['password']).not.toBe(desired['password']);
        expect(JSON.stringify(first)).not.toMatch(/horse|staple|aG9yc2|last-applied/);
        await rig.stop();
        await rig.start();
        const second = await eventually(
          () => askDiff(rig),
          (diff) => diff.objects.length === 1,
        );
        expect(second.objects[0]?.live).toEqual(object?.live);
      }));

    it("tells the API server's words for what it would refuse, and for what belongs to somebody else", () =>
      withRig(async (rig) => {
        await rig.create(core(rig, 'configmaps'), {
          ...configMap('theirs'),
          metadata: { name: 'theirs', labels: { 'flotilla.dev/application': 'another' } },
        });
        await rig.start();
        const web = deployment('web');
        const selector = { matchLabels: { app: 'another' } };
        const wrong = { ...web, spec: { ...(web['spec'] as JsonObject), selector } };
        await rig.assign([wrong, configMap('theirs'), configMap('settings')]);
        await rig.hub.until(rig.application, ({ phase }) => phase === 'failed');
        const diff = await askDiff(rig);
        const errors = diff.objects.filter(({ change }) => change === 'error');
        expect(errors.map(({ kind, name: named }) => `${kind} ${named}`)).toEqual([
          'ConfigMap theirs',
          'Deployment web',
        ]);
        expect(errors[0]?.message).toContain('belongs to the application another');
        expect(errors[1]?.message).toMatch(/does not match template `labels`/);
        const tree = await askTree(rig);
        const nodes = new Map(tree.objects.map((node) => [`${node.kind} ${node.name}`, node]));
        expect(nodes.get('ConfigMap theirs')).toMatchObject({ sync: 'outOfSync', reason: 'OwnedByAnother' });
        expect(nodes.get('ConfigMap theirs')?.message).toContain('belongs to the application another');
      }));

    it('takes what is ignored for no difference, and what is ignored no longer for one', () =>
      withRig(async (rig) => {
        await rig.start();
        const ignoreDifferences = [{ kind: 'ConfigMap', jsonPointers: ['/data/tuned'] }];
        const objects = [configMap('settings', { tuned: '1', fixed: '1' })];
        const terms = { drift: 'report', ignoreDifferences } as const;
        await rig.healthy(await rig.assign(objects, terms));
        await rig.edit(core(rig, 'configmaps', 'settings'), { data: { tuned: '2' } });
        expect(await askDiff(rig)).toMatchObject({ same: 1, objects: [] });
        // Until it was looked at, somebody has touched it: that is all that is known.
        await eventually(
          () => askTree(rig),
          (tree) => equal(shape(tree.objects), ['ConfigMap settings synced healthy']),
        );
        await rig.healthy(await rig.assign(objects, { drift: 'report', maxDeletions: 7 }));
        // A new release puts it back: from then on it is nobody's to tune.
        await rig.edit(core(rig, 'configmaps', 'settings'), { data: { tuned: '3' } });
        const diff = await eventually(
          () => askDiff(rig),
          (each) => each.objects.length === 1,
        );
        expect(diff.objects[0]).toMatchObject({
          change: 'changed',
          live: { data: { tuned: '3', fixed: '1' } },
          desired: { data: { tuned: '1', fixed: '1' } },
        });
      }));

    it('answers while the application is halted', () =>
      withRig(async (rig) => {
        await rig.start();
        await rig.healthy(await rig.assign([configMap('settings', { a: '1' })]));
        const halted = await rig.assign([configMap('settings', { a: '2' }), configMap('new')], { halted: true });
        await rig.hub.until(rig.application, ({ generation }) => generation === halted.generation);
        const before = rig.kube.writes(rig.cluster.agentNamespace).length;
        const tree = await askTree(rig);
        expect(tree.objects.map(({ name: named, sync }) => [named, sync])).toContainEqual(['settings', 'synced']);
        expect(await askDiff(rig)).toMatchObject({ objects: [] });
        expect(rig.kube.writes(rig.cluster.agentNamespace)).toHaveLength(before);
      }));

    it("tells the cluster's events of the objects and of what they own, the oldest first", () =>
      withRig(async (rig) => {
        await rig.start();
        await rig.healthy(
          await rig.assign([deployment('web'), secret('db', { password: 'correct-horse' }), configMap('settings')]),
        );
        const tree = await askTree(rig);
        const pod = flat(tree.objects).find(({ kind }) => kind === 'Pod');
        const uid = ((await rig.get(core(rig, 'pods', pod?.name)))?.['metadata'] as JsonObject)['uid'] as string;
        await tell(
          rig,
          { kind: 'Pod', name: pod?.name ?? '', uid },
          'Later',
          'saw correct-horse',
          '2026-01-01T00:00:02Z',
        );
        await tell(rig, { kind: 'Deployment', name: 'web' }, 'Sooner', 'scaled up', '2026-01-01T00:00:01Z', 3);
        await tell(rig, { kind: 'Pod', name: 'somebody-else' }, 'Foreign', 'none of ours', '2026-01-01T00:00:03Z');
        const { events } = await askEvents(rig);
        const mine = events.filter(({ source }) => source === 'suite');
        expect(mine).toEqual([
          {
            about: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: rig.cluster.namespace, name: 'web' },
            type: 'Warning',
            reason: 'Sooner',
            message: 'scaled up',
            count: 3,
            firstAt: '2026-01-01T00:00:01Z',
            lastAt: '2026-01-01T00:00:01Z',
            source: 'suite',
          },
          expect.objectContaining({ reason: 'Later', message: 'saw (hidden)', count: 1 }),
        ]);
        const times = events.map(({ lastAt }) => Date.parse(lastAt));
        expect(times).toEqual([...times].sort((a, b) => a - b));
      }));

    it('asks for one namespace at a time, as the service account of the application', () =>
      withRig(async (rig) => {
        await rig.start();
        await rig.healthy(await rig.assign([deployment('web'), configMap('settings')]));
        await rig.hub.assign(rig.application, [deployment('web'), configMap('settings', { a: 'new' })], {
          namespace: rig.cluster.namespace,
          serviceAccount: 'nobody',
          drift: 'report',
        });
        // It is held as soon as its bundle is fetched, which the first report does not wait for.
        await eventually(
          () => askTree(rig),
          ({ generation }) => generation === 2,
        );
        for (const kind of ['tree', 'diff', 'events'] as const) {
          rig.kube.requests = [];
          await ask(rig, kind);
          const asked = rig.kube.requests.filter(({ path }) => path.includes(`/namespaces/${rig.cluster.namespace}/`));
          const mine = asked.filter(
            ({ path, query }) => query?.['limit'] === '250' || /deployments|configmaps/.test(path),
          );
          expect(mine.length).toBeGreaterThan(0);
          const users = mine.map(({ asUser, path, query }) => `${asUser ?? 'agent'} ${query?.['limit'] ?? ''} ${path}`);
          expect(
            users.filter((each) => !each.startsWith(`system:serviceaccount:${rig.cluster.namespace}:nobody `)),
          ).toEqual([]);
        }
      }));

    it('says what the API server says, where that is an error, and shows what it knows all the same', () =>
      withRig(async (rig) => {
        await rig.start();
        await rig.healthy(await rig.assign([deployment('web'), secret('db', { password: 'correct-horse' })]));
        rig.kube.intercept = ({ path, query }) =>
          query?.['limit'] === '250' && path.endsWith('/pods') ? failure(500, 'etcd lost correct-horse') : null;
        const tree = await askTree(rig);
        expect(tree.truncated).toMatch(/^pods in \S+ could not be read: etcd lost \(hidden\)$/);
        expect(shape(tree.objects)).toEqual([
          'Secret db synced healthy',
          'Deployment web synced healthy',
          '  ReplicaSet web-* healthy',
        ]);
        rig.kube.intercept = ({ method }) => (method === 'GET' ? failure(500, 'etcd lost correct-horse') : null);
        const diff = await askDiff(rig);
        expect(diff.objects.map(({ change, message }) => `${change}: ${message}`)).toEqual([
          'error: etcd lost (hidden)',
          'error: etcd lost (hidden)',
        ]);
        rig.kube.intercept = () => {
          throw new RetryableError('kube-unreachable', 'The Kubernetes API did not answer.');
        };
        expect((await askTree(rig)).truncated).toContain('The Kubernetes API did not answer.');
        expect((await askTree(rig)).objects).toHaveLength(2);
        expect(await ask(rig, 'diff')).toEqual({
          error: { code: 'kube-unreachable', message: 'The Kubernetes API did not answer.' },
        });
        rig.kube.intercept = () => null;
        expect(await askDiff(rig)).toMatchObject({ same: 2, objects: [] });
      }));

    it('answers nobody who is not the hub, and nothing twice', () =>
      withRig(async (rig) => {
        await rig.start();
        await rig.healthy(await rig.assign([configMap('settings')]));
        const good = rig.hub.makeAsk('tree', rig.application);
        const silence = /agent|answer|silent/i;
        const other = generateKeyPairSync('ed25519').privateKey;
        const foreign = { ...good, id: 'b'.repeat(32), cluster: '6f1c1f0e-3a52-4c8e-9a3e-0d6a6f1c2b11' };
        for (const [id, envelope] of [
          [good.id, rig.hub.sign(good, other)],
          [good.id, { ...rig.hub.sign(good), keyId: 'unknown' }],
          [good.id, { ...rig.hub.sign(good), payload: JSON.stringify({ ...good, application: 'other' }) }],
          [foreign.id, rig.hub.sign(foreign)],
        ] as const) {
          await expect(rig.hub.sendAsk(id, envelope, 300)).rejects.toThrow(silence);
        }
        // Its id was not burnt by whoever could not sign it.
        expect(treeAnswerSchema.parse(await rig.hub.sendAsk(good.id, rig.hub.sign(good))).objects).toHaveLength(1);
        await expect(rig.hub.sendAsk(good.id, rig.hub.sign(good), 300)).rejects.toThrow(silence);
        const unknown = { ...rig.hub.makeAsk('tree', rig.application), ask: 'secrets' as ApplicationAskKind };
        expect(await rig.hub.sendAsk(unknown.id, rig.hub.sign(unknown))).toMatchObject({
          error: { code: 'ask-unknown' },
        });
        expect(askErrorSchema.parse(await rig.hub.ask('tree', 'nothing-here')).error.code).toBe('unknown-application');
        expect(rig.log.filter((line) => line.includes('a question was ignored')).length).toBeLessThan(3);
      }));

    it('works on a few asks at once, and tells the others that it is busy', () =>
      withRig(async (rig) => {
        await rig.start();
        await rig.healthy(await rig.assign([configMap('settings'), deployment('web')]));
        // The hub's own bound is no bound for whoever has its key: all of them at once, in one turn.
        const answers = await Promise.all(Array.from({ length: 15 }, () => ask(rig, 'tree')));
        const busy = answers.filter((each) => (each as AskError).error?.code === 'busy');
        expect(answers.length - busy.length).toBeGreaterThanOrEqual(10);
        for (const each of busy) expect((each as AskError).error.message).toContain('ask again');
        expect(await askTree(rig)).toMatchObject({ objects: [{}, {}] });
      }));
  });
}

async function ask(rig: Rig, kind: ApplicationAskKind): Promise<unknown> {
  return await rig.hub.ask(kind, rig.application);
}

const askTree = async (rig: Rig): Promise<TreeAnswer> => treeAnswerSchema.parse(await ask(rig, 'tree'));
const askDiff = async (rig: Rig): Promise<DiffAnswer> => diffAnswerSchema.parse(await ask(rig, 'diff'));
const askEvents = async (rig: Rig): Promise<EventsAnswer> => eventsAnswerSchema.parse(await ask(rig, 'events'));

async function eventually<T>(question: () => Promise<T>, isSo: (answer: T) => boolean, limitMs = 60_000): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const answer = await question();
    if (isSo(answer)) return answer;
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${JSON.stringify(answer, null, 1)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function flat(nodes: readonly TreeNode[]): readonly TreeNode[] {
  return nodes.flatMap((node) => [node, ...flat(node.children)]);
}

function jobs(objects: readonly TreeNode[]): readonly TreeNode[] {
  return flat(objects).filter(({ kind }) => kind === 'Job');
}

/** `Kind name sync health`, indented; names that the cluster made up without their ends. */
function shape(nodes: readonly TreeNode[], indent = ''): readonly string[] {
  return nodes.flatMap(({ kind, name, sync, health, children }) => {
    const named = sync === undefined && kind !== 'Job' ? name.replace(/^((web|nightly-now)-).*/, '$1*') : name;
    const line = [kind, named, sync, health].filter((each) => each !== undefined).join(' ');
    return [`${indent}${line}`, ...shape(children, `${indent}  `)];
  });
}

function equal(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at]);
}

function cronJob(name: string): JsonObject {
  const containers = [{ name: 'main', image: 'registry.example/job:1' }];
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name },
    spec: {
      schedule: '0 3 1 1 *',
      jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers } } } },
    },
  };
}

/** As `kubectl create job --from=cronjob/…` does it. */
async function startJob(rig: Rig, cron: string): Promise<void> {
  const base = `/apis/batch/v1/namespaces/${rig.cluster.namespace}`;
  const owner = (await rig.get(`${base}/cronjobs/${cron}`))?.['metadata'] as JsonObject;
  const { spec } = (cronJob(cron)['spec'] as { jobTemplate: { spec: JsonObject } }).jobTemplate;
  const ownerReferences = [
    { apiVersion: 'batch/v1', kind: 'CronJob', name: cron, uid: owner['uid'] ?? '', controller: true },
  ];
  const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: `${cron}-now`, ownerReferences }, spec };
  await rig.create(`${base}/jobs`, job);
}

interface Involved {
  readonly kind: string;
  readonly name: string;
  readonly uid?: string;
}

let told = 0;

/** As a component of the cluster tells an event. */
async function tell(
  rig: Rig,
  { kind, name, uid }: Involved,
  reason: string,
  message: string,
  at: string,
  count = 1,
): Promise<void> {
  const { namespace } = rig.cluster;
  told += 1;
  const apiVersion = kind === 'Deployment' ? 'apps/v1' : 'v1';
  await rig.create(`/api/v1/namespaces/${namespace}/events`, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `told-${told}`, namespace },
    involvedObject: { apiVersion, kind, namespace, name, ...(uid !== undefined && { uid }) },
    type: 'Warning',
    reason,
    message,
    count,
    firstTimestamp: at,
    lastTimestamp: at,
    source: { component: 'suite' },
  });
}

function failure(status: number, message: string): KubeResponse {
  return { status, body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'InternalError', message } };
}
