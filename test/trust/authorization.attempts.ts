import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from 'node:assert/strict';
import type {
  ApplyAnswer,
  ClusterView,
  EventView,
  FleetView,
  RollbacksAnswer,
  SyncAnswer,
  TargetView,
} from '#contract';
import type { Role } from '#domain';
import type { AttemptTable } from '../helpers/attempts.js';
import type { TestApi } from '../helpers/test-api.js';
import { addressOf, RED, ROUTES, STREAMS, type Objects } from './authorization.routes.js';
import { ROLES, type Answer, type AuthorizationScene, type ScopeName } from './authorization.scene.js';

const BLUE: Objects = {
  ...{ cluster: 'blue-1', application: 'blue-web', rollout: 'blue-web-1' },
  ...{ source: 'blue-git', strategy: 'blue-way' },
};
const OBJECTS: readonly Objects[] = [
  BLUE,
  { ...BLUE, application: 'blue-mixed', rollout: 'blue-mixed-1' },
  { ...BLUE, application: 'shared', rollout: 'shared-1', source: 'shop', strategy: 'shared-way' },
  { ...BLUE, application: 'shared', rollout: 'shared-2', strategy: 'default' },
  // Asked for in their own name, too.
  RED,
  { ...RED, application: 'red-shop', rollout: 'red-shop-1' },
];
const NOW = '?at=2100-01-01T00:00:00Z';

const as = (scene: AuthorizationScene, role: Role): Promise<TestApi> => scene.as(role, 'blue');

/** Fails where the text knows of one of those, under the name or the uid of a cluster. */
function requireNoTrace(
  scene: AuthorizationScene,
  what: string,
  text: string,
  names: RegExp,
  asked: readonly string[],
): void {
  const uids = [...scene.uids].filter(([name]) => names.test(name)).map(([, uid]) => uid);
  // What the caller has said is no news.
  const rest = asked.reduce((left, each) => left.replaceAll(each, ''), text);
  doesNotMatch(rest, names, what);
  for (const uid of uids) ok(!rest.includes(uid), `${what}: ${rest}`);
}

/** Every GET there is, of those objects, as that caller. */
async function readEverything(
  scene: AuthorizationScene,
  [role, scope]: readonly [Role, ScopeName],
  names: RegExp,
  objects: readonly Objects[],
): Promise<void> {
  const api = await scene.as(role, scope);
  let read = 0;
  for (const [route, [, about]] of Object.entries(ROUTES)) {
    if (!route.startsWith('GET ') || STREAMS.includes(route) || about === 'anybody') continue;
    for (const each of objects) {
      const address = addressOf(route, about, each);
      for (const query of route.startsWith('GET /api/v1/rollouts/:id') ? ['', pastQuery()] : ['']) {
        const { status, text } = await scene.ask(api, 'GET', address + query);
        requireNoTrace(scene, `${role} ${address}${query}`, text, names, Object.values(each));
        if (status === 200) read += 1;
      }
    }
  }
  // It does see its own.
  ok(read > 10, `${role} read ${read}`);
}

/** As it was a moment ago. */
function pastQuery(): string {
  return NOW.replace('2100-01-01T00:00:00Z', new Date(Date.now() - 1).toISOString());
}

async function same(
  scene: AuthorizationScene,
  api: TestApi,
  calls: readonly (readonly [string, string, object?])[],
): Promise<Answer> {
  const answers: Answer[] = [];
  for (const [method, route, body] of calls) answers.push(await scene.ask(api, method, route, body));
  const [first, ...others] = answers.map(({ status, text }) => ({ status, text: text.replaceAll('red-', 'abs-') }));
  for (const other of others) deepStrictEqual(other, first);
  return answers[0] ?? { status: 0, text: '' };
}

const document = (kind: string, name: string, spec: object): object => ({
  ...{ apiVersion: 'flotilla.dev/v1', kind, metadata: { name }, spec },
});
const web = (name: string, more: object = {}): object =>
  document('Application', name, {
    ...{ path: 'apps/blue-web', source: 'blue-git', strategy: 'blue-way' },
    placement: { selector: { matchLabels: { team: 'blue' } } },
    ...more,
  });
const code = ({ text }: Answer): string => (JSON.parse(text) as { code: string }).code;

async function refused(answer: Promise<Answer>, status: number, wanted: string): Promise<Answer> {
  const got = await answer;
  strictEqual(`${got.status} ${got.status < 400 ? got.text : code(got)}`, `${status} ${wanted}`);
  return got;
}

const apply = (
  scene: AuthorizationScene,
  api: TestApi,
  documents: readonly object[],
  dryRun = false,
): Promise<Answer> => scene.ask(api, 'POST', '/api/v1/apply', { documents, dryRun });

const spec = async (scene: AuthorizationScene, plural: string, name: string): Promise<unknown> =>
  (await scene.fleet.api.get<{ spec: unknown }>(`/api/v1/${plural}/${name}`)).spec;

/** Every page of one item each. */
async function pages(
  scene: AuthorizationScene,
  api: TestApi,
  route: string,
): Promise<{ text: string; cursors: string[] }> {
  let text = '';
  const cursors: string[] = [];
  for (let after = ''; ;) {
    const answer = await scene.ask(api, 'GET', `${route}${route.includes('?') ? '&' : '?'}limit=1${after}`);
    strictEqual(answer.status, 200, answer.text);
    text += answer.text;
    const { next } = JSON.parse(answer.text) as { next?: string };
    if (next === undefined) return { text, cursors };
    cursors.push(next);
    after = `&after=${encodeURIComponent(next)}`;
  }
}

export const authorization: AttemptTable<AuthorizationScene> = {
  title: 'Whose is what',
  who: 'Somebody with a token of any role for the one team, against a hub that has two. Before that, every route of the hub is asked as every role in and out of scope.',
  test: 'test/trust/authorization.test.ts',
  attempts: [
    ...ROLES.map((role) => ({
      name: `reads everything that can be read, as ${role} of one team, and looks for a trace of the other`,
      stoppedBy: 'the guard for single objects, the scopes in every statement that lists',
      run: (scene: AuthorizationScene) => readEverything(scene, [role, 'blue'], /\bred\b/i, OBJECTS),
    })),
    {
      name: "holds an application on one of its two clusters, and looks for the other one's name",
      stoppedBy: 'what tells of all clusters is told to those alone who hold them all',
      run: (scene) => readEverything(scene, ['viewer', 'red applications on one red cluster'], /red-2/, [RED]),
    },
    {
      name: 'holds one application on its clusters, and looks for what else runs there',
      stoppedBy: 'a cluster shows those of its applications that a scope holds together with it',
      run: async (scene) => {
        const caller = ['viewer', 'red applications on red clusters'] as const;
        await readEverything(scene, caller, /\bshared\b/, [
          RED,
          { ...RED, application: 'shared', rollout: 'shared-1' },
        ]);
        const api = await scene.as(...caller);
        const { applications } = await api.get<ClusterView>('/api/v1/clusters/red-1');
        deepStrictEqual(applications?.map(({ application }) => application).sort(), ['red-shop', 'red-web']);
      },
    },
    {
      name: 'filters lists by what belongs to others',
      stoppedBy: 'a filter narrows what the scopes hold, and never widens it',
      run: async (scene) => {
        const api = await as(scene, 'viewer');
        for (const [list, query] of [
          ['events', 'application'],
          ['events', 'rollout'],
          ['releases', 'application'],
          ['rollouts', 'application'],
        ] as const) {
          const name = query === 'rollout' ? 'web-1' : 'web';
          const { text } = await same(scene, api, [
            ['GET', `/api/v1/${list}?${query}=red-${name}`],
            ['GET', `/api/v1/${list}?${query}=abs-${name}`],
          ]);
          deepStrictEqual(JSON.parse(text), { items: [] });
        }
        const { text: one } = await same(scene, api, [
          ['GET', '/api/v1/releases?application=red-web&release=1'],
          ['GET', '/api/v1/releases?application=abs-web&release=1'],
        ]);
        deepStrictEqual(JSON.parse(one), { items: [] });
        const { status } = await same(scene, api, [
          ['GET', '/api/v1/events?cluster=red-1'],
          ['GET', '/api/v1/events?cluster=abs-1'],
        ]);
        strictEqual(status, 404);
        for (const selector of ['team=red', 'team!=blue', 'node in (one,two)', '!absent,team notin (blue)']) {
          const { text } = await scene.ask(api, 'GET', `/api/v1/clusters?selector=${encodeURIComponent(selector)}`);
          deepStrictEqual(JSON.parse(text), { items: [] }, selector);
        }
      },
    },
    {
      name: 'pages through lists one by one, and reads their cursors',
      stoppedBy: 'cursors hold the keys of what was shown',
      run: async (scene) => {
        const api = await as(scene, 'viewer');
        for (const route of [
          'clusters',
          'rollouts',
          'releases',
          'events',
          'rollouts/shared-1/targets',
          'rollouts/shared-2/targets',
        ]) {
          const { text, cursors } = await pages(scene, api, `/api/v1/${route}`);
          ok(text.includes('blue'), route);
          const plain = cursors.map((each) => `${each} ${Buffer.from(each, 'base64').toString('latin1')}`).join('\n');
          requireNoTrace(scene, route, `${text}\n${plain}`, /\bred\b/i, []);
        }
      },
    },
    {
      name: "goes on from another's cursor",
      stoppedBy: 'a cursor is a place in a list, and no right to it',
      run: async (scene) => {
        const api = await as(scene, 'viewer');
        for (const route of ['clusters', 'rollouts', 'releases', 'events', 'rollouts/shared-1/targets']) {
          const { cursors } = await pages(scene, scene.fleet.api, `/api/v1/${route}`);
          for (const cursor of cursors) {
            const { text } = await scene.ask(api, 'GET', `/api/v1/${route}?after=${encodeURIComponent(cursor)}`);
            requireNoTrace(scene, route, text, /\bred\b/i, []);
          }
        }
      },
    },
    {
      name: 'counts what there is by sums over the fleet',
      stoppedBy: 'counts are made of what the scopes hold',
      run: async (scene) => {
        const api = await as(scene, 'viewer');
        const { clusters, applications } = await api.get<FleetView>('/api/v1/fleet');
        deepStrictEqual(clusters.total, 2);
        deepStrictEqual(applications.map(({ name }) => name).sort(), ['blue-mixed', 'blue-web', 'shared']);
        const shared = applications.find(({ name }) => name === 'shared');
        strictEqual(
          Object.values(shared?.health ?? {}).reduce((sum, count) => sum + count, 0),
          2,
        );
      },
    },
    {
      name: 'asks for the targets of a rollout over both teams, now and as they were',
      stoppedBy: 'targets on clusters of the scope, and no others',
      run: async (scene) => {
        const api = await as(scene, 'viewer');
        for (const route of [
          `shared-1/targets`,
          `shared-1/targets${pastQuery()}`,
          'shared-2/targets',
          'shared/targets',
        ]) {
          const { items } = await api.get<{ items: TargetView[] }>(`/api/v1/rollouts/${route}`);
          deepStrictEqual(items.map(({ cluster }) => cluster).sort(), ['blue-1', 'blue-2'], route);
        }
      },
    },
    {
      name: 'asks why its own cluster waits for a rollout whose hold names others',
      stoppedBy: 'such words are withheld from who does not hold all clusters',
      run: async (scene) => {
        const why = async (api: TestApi): Promise<string> => {
          const routes = ['blue-1', 'blue-2'].map((name) => `/api/v1/why/clusters/${name}`);
          const answers = await Promise.all(routes.map((route) => scene.ask(api, 'GET', route)));
          return answers.map(({ text }) => text).join('\n');
        };
        const mine = await why(await as(scene, 'viewer'));
        match(await why(scene.fleet.api), /the rollout is paused: .*the red team looks at red-1/);
        match(mine, /the rollout is paused: what is in the way is told to those/);
        requireNoTrace(scene, 'why', mine, /\bred\b/i, []);
      },
    },
    {
      name: 'reads what is in the way of its application on clusters of others',
      stoppedBy: 'such words are withheld from who does not hold all clusters',
      run: async (scene) => {
        const api = await as(scene, 'viewer');
        const route = '/api/v1/applications/blue-mixed';
        match((await scene.ask(scene.fleet.api, 'GET', route)).text, /red-2/);
        const { status, text } = await scene.ask(api, 'GET', route);
        strictEqual(status, 200);
        requireNoTrace(scene, route, text, /\bred\b/i, []);
      },
    },
    {
      name: "asks its own cluster for another's application, as if it ran there",
      stoppedBy: 'the pair is answered as one that never was',
      run: async (scene) => {
        // It does run there, for others.
        const red = await scene.as('viewer', 'red applications on red clusters');
        const [{ status, text }, absent] = await Promise.all([
          refused(scene.ask(red, 'GET', '/api/v1/clusters/red-1/applications/shared/tree'), 404, 'not-found'),
          refused(scene.ask(red, 'GET', '/api/v1/clusters/red-1/applications/absent/tree'), 404, 'not-found'),
        ]);
        deepStrictEqual({ status, text: text.replace('shared', 'absent') }, absent);
        match(text, /it runs red-shop, red-web"/);
        const api = await as(scene, 'viewer');
        for (const what of ['tree', 'diff', 'events']) {
          const other = await same(scene, api, [
            ['GET', `/api/v1/clusters/blue-1/applications/red-web/${what}`],
            ['GET', `/api/v1/clusters/blue-1/applications/abs-web/${what}`],
          ]);
          strictEqual(other.status, 404);
          await same(scene, api, [
            ['GET', `/api/v1/clusters/red-1/applications/shared/${what}`],
            ['GET', `/api/v1/clusters/abs-1/applications/shared/${what}`],
          ]);
        }
      },
    },
    {
      name: 'follows the stream of events from its first',
      stoppedBy: 'each event is looked at for each who follows',
      run: async (scene) => {
        const api = await as(scene, 'viewer');
        const { items } = await scene.fleet.api.get<{ items: EventView[] }>('/api/v1/events?limit=1000');
        const last = items[0]?.id ?? 0;
        const hold = async (): Promise<void> => {
          for (const name of ['red-1', 'blue-1']) {
            await scene.fleet.api.post(`/api/v1/clusters/${name}/hold`, { reason: `${name} is held` });
            await scene.fleet.api.post(`/api/v1/clusters/${name}/unhold`, {});
          }
        };
        const isAfter = (text: string): boolean =>
          [...text.matchAll(/^id: (\d+)$/gm)].filter(([, id]) => Number(id) > last).length >= 2;
        const { text } = await scene.follow(api, { last: 0, until: isAfter }, hold);
        ok(isAfter(text), text);
        match(text, /"cluster":"blue-1"/);
        requireNoTrace(scene, 'the stream', text, /\bred\b/i, []);
      },
    },
    {
      name: 'goes on following after its token was revoked',
      stoppedBy: 'whoever follows is looked at again every five seconds',
      run: async (scene) => {
        const name = scene.fresh('leaver');
        const api = scene.withToken(await scene.token(name, 'viewer', { clusters: null, applications: null }));
        const { ended } = await scene.follow(api, { until: () => false }, () =>
          scene.fleet.api.delete(`/api/v1/tokens/${name}`),
        );
        ok(ended);
      },
    },
    {
      name: "writes another's application, there or not",
      stoppedBy: 'the scope of the name, looked at before anything is read',
      run: async (scene) => {
        const api = await as(scene, 'operator');
        const before = await spec(scene, 'applications', 'red-web');
        for (const dryRun of [false, true]) {
          const answers = await Promise.all(
            ['red-web', 'red-new', 'abs-web'].map((name) => apply(scene, api, [web(name)], dryRun)),
          );
          const [first, ...others] = answers.map(
            ({ status, text }) => `${status} ${text.replace(/(red|abs)-\w+/g, 'x')}`,
          );
          match(first ?? '', /^403 .*out-of-scope/);
          for (const other of others) strictEqual(other, first);
        }
        await refused(scene.ask(api, 'PUT', '/api/v1/applications/red-web', web('red-web')), 403, 'out-of-scope');
        await refused(scene.ask(api, 'PUT', '/api/v1/applications/red-new', web('red-new')), 403, 'out-of-scope');
        deepStrictEqual(await spec(scene, 'applications', 'red-web'), before);
        strictEqual((await scene.ask(scene.fleet.api, 'GET', '/api/v1/applications/red-new')).status, 404);
      },
    },
    {
      name: 'places its own application on clusters of others, or takes one in from there',
      stoppedBy: 'the placement before and after must stay within one scope, whatever clusters there are',
      run: async (scene) => {
        const api = await as(scene, 'operator');
        const before = await spec(scene, 'applications', 'blue-web');
        const expressions = (operator: string, values: readonly string[]): object => ({
          selector: { matchExpressions: [{ key: 'team', operator, values }] },
        });
        for (const placement of [
          {},
          { selector: {} },
          { selector: { matchLabels: { team: 'red' } } },
          { selector: { matchLabels: { node: 'three' } } },
          expressions('In', ['blue', 'red']),
          expressions('NotIn', ['red']),
        ]) {
          await refused(apply(scene, api, [web('blue-web', { placement })]), 403, 'out-of-scope');
          await refused(apply(scene, api, [web('blue-new', { placement })], true), 403, 'out-of-scope');
        }
        // It is placed everywhere now.
        await refused(apply(scene, api, [web('blue-mixed')]), 403, 'out-of-scope');
        await refused(scene.ask(api, 'DELETE', '/api/v1/applications/blue-mixed'), 403, 'partly-in-scope');
        deepStrictEqual(await spec(scene, 'applications', 'blue-web'), before);
      },
    },
    {
      name: "points its own application at another's source or strategy, to read it",
      stoppedBy: 'what is not seen is not there to be named',
      run: async (scene) => {
        const api = await as(scene, 'operator');
        for (const more of [{ source: 'red-git' }, { strategy: 'red-way' }]) {
          const absent = JSON.parse(JSON.stringify(more).replace('red-', 'abs-')) as object;
          const { status, text } = await same(scene, api, [
            ['POST', '/api/v1/apply', { documents: [web('blue-web', more)], dryRun: true }],
            ['POST', '/api/v1/apply', { documents: [web('blue-web', absent)], dryRun: true }],
          ]);
          strictEqual(`${status} ${code({ status, text })}`, '422 missing-reference');
        }
        for (const release of ['', '&release=99']) {
          const query = (name: string): string => `/api/v1/applications/blue-web/plan?strategy=${name}${release}`;
          const { status } = await same(scene, api, [
            ['GET', query('red-way')],
            ['GET', query('abs-way')],
          ]);
          strictEqual(status, release === '' ? 422 : 404);
        }
        await same(scene, api, [
          ['POST', '/api/v1/applications/blue-web/rehearsals', { runs: 1, strategy: 'red-way' }],
          ['POST', '/api/v1/applications/blue-web/rehearsals', { runs: 1, strategy: 'abs-way' }],
        ]);
      },
    },
    {
      name: 'writes sources and strategies that applications of others may use',
      stoppedBy: 'writing them needs a role without bounds',
      run: async (scene) => {
        const api = await as(scene, 'operator');
        const source = document('Source', 'blue-git', { url: 'https://git.example/blue.git' });
        const strategy = document('Strategy', 'blue-way', { waves: [{ name: 'all' }] });
        for (const each of [source, strategy]) {
          await refused(apply(scene, api, [each]), 403, 'out-of-scope');
          await refused(apply(scene, api, [web('blue-web'), each], true), 403, 'out-of-scope');
        }
        const answer = await refused(scene.ask(api, 'DELETE', '/api/v1/sources/shop'), 403, 'out-of-scope');
        doesNotMatch(answer.text, /\bred\b/);
      },
    },
    {
      name: 'hides what it may not write among what it may',
      stoppedBy: 'all documents are written, or none',
      run: async (scene) => {
        const api = await as(scene, 'operator');
        const passing = web('blue-passing', { placement: { selector: { matchLabels: { team: 'blue', node: 'no' } } } });
        await refused(apply(scene, api, [passing, web('red-web')]), 403, 'out-of-scope');
        strictEqual((await scene.ask(scene.fleet.api, 'GET', '/api/v1/applications/blue-passing')).status, 404);
        const { results } = await api.post<ApplyAnswer>('/api/v1/apply', { documents: [passing], dryRun: true });
        strictEqual(results[0]?.result, 'created');
      },
    },
    {
      name: 'takes clusters over by labels, its own and those of others',
      stoppedBy: 'a cluster must be in the scope before and after, with every application',
      run: async (scene) => {
        const named = await as(scene, 'admin');
        const labels = { team: 'blue', node: 'one' };
        const bounds = { clusters: { matchLabels: { team: 'blue' } }, applications: null };
        const whole = scene.withToken(await scene.token(scene.fresh('blues'), 'admin', bounds));
        await refused(scene.ask(named, 'PATCH', '/api/v1/clusters/blue-1', { labels }), 403, 'out-of-scope');
        for (const team of ['red', 'none']) {
          await refused(
            scene.ask(whole, 'PATCH', '/api/v1/clusters/blue-1', { labels: { team } }),
            403,
            'out-of-scope',
          );
          const cluster = {
            apiVersion: 'flotilla.dev/v1',
            kind: 'Cluster',
            metadata: { name: 'blue-1', labels: { team } },
          };
          await refused(apply(scene, whole, [cluster]), 403, 'out-of-scope');
          await refused(
            scene.ask(whole, 'POST', '/api/v1/clusters', { name: 'new-1', labels: { team } }),
            403,
            'out-of-scope',
          );
        }
        await refused(scene.ask(whole, 'POST', '/api/v1/clusters', { name: 'new-1' }), 403, 'out-of-scope');
        await refused(scene.ask(named, 'POST', '/api/v1/clusters', { name: 'new-1', labels }), 403, 'out-of-scope');
        const theirs = (name: string): object => ({
          documents: [{ apiVersion: 'flotilla.dev/v1', kind: 'Cluster', metadata: { name, labels } }],
        });
        const { status } = await same(scene, whole, [
          ['POST', '/api/v1/apply', theirs('red-1')],
          ['POST', '/api/v1/apply', theirs('abs-1')],
        ]);
        strictEqual(status, 422);
        const view = await scene.fleet.api.get<ClusterView>('/api/v1/clusters/red-1');
        deepStrictEqual(view.labels, { team: 'red', node: 'one' });
      },
    },
    {
      name: 'says where the fleet is declared, or freezes it, as an admin with bounds',
      stoppedBy: 'writing them needs a role without bounds',
      run: async (scene) => {
        const api = await as(scene, 'admin');
        await refused(apply(scene, api, [document('Fleet', 'fleet', { source: 'shop' })]), 403, 'out-of-scope');
        await refused(apply(scene, api, [document('Freeze', 'fleet', { reason: 'mine' })]), 403, 'out-of-scope');
        strictEqual((await scene.ask(scene.fleet.api, 'GET', '/api/v1/fleets/fleet')).status, 404);
      },
    },
    {
      name: "holds clusters and pauses applications by documents, others' and such as are partly its own",
      stoppedBy: 'a hold needs the whole cluster, a pause the whole application; to others they are not there',
      run: async (scene) => {
        const api = await as(scene, 'admin');
        for (const [kind, theirs, none] of [
          ['Hold', 'red-1', 'abs-1'],
          ['Pause', 'red-web', 'abs-web'],
        ] as const) {
          const { status, text } = await same(scene, api, [
            ['POST', '/api/v1/apply', { documents: [document(kind, theirs, { reason: 'mine' })] }],
            ['POST', '/api/v1/apply', { documents: [document(kind, none, { reason: 'mine' })] }],
          ]);
          strictEqual(`${status} ${code({ status, text })}`, '422 missing-reference');
        }
        await refused(apply(scene, api, [document('Hold', 'blue-1', { reason: 'mine' })]), 403, 'out-of-scope');
        await refused(apply(scene, api, [document('Pause', 'blue-mixed', { reason: 'mine' })]), 403, 'out-of-scope');
        for (const name of ['red-1', 'blue-1'])
          strictEqual((await scene.fleet.api.get<ClusterView>(`/api/v1/clusters/${name}`)).hold, undefined);
      },
    },
    {
      name: "takes a cluster in by a document with its own agent's key, also by the name of another's",
      stoppedBy: 'taking in needs an admin without bounds; to others it is not there',
      run: async (scene) => {
        const api = await as(scene, 'admin');
        const cluster = (name: string): object => ({
          ...{ apiVersion: 'flotilla.dev/v1', kind: 'Cluster' },
          metadata: { name, uid: '0198c0de-0000-7000-8000-000000000001', labels: { team: 'blue' } },
          spec: { agentKey: `U${'A'.repeat(55)}` },
        });
        const { status, text } = await same(scene, api, [
          ['POST', '/api/v1/apply', { documents: [cluster('red-1')] }],
          ['POST', '/api/v1/apply', { documents: [cluster('abs-1')] }],
        ]);
        strictEqual(`${status} ${code({ status, text })}`, '422 missing-reference');
        strictEqual((await scene.ask(scene.fleet.api, 'GET', '/api/v1/clusters/abs-1')).status, 404);
      },
    },
    {
      name: 'rolls everything back at once, its own and what belongs to others',
      stoppedBy: 'each application is looked at by itself, and what is not seen is none',
      run: async (scene) => {
        const api = await as(scene, 'operator');
        const roll = async (wish: object): Promise<string> =>
          (await scene.ask(api, 'POST', '/api/v1/rollbacks?dryRun=true', { reason: 'all of it', ...wish })).text;
        const named = JSON.parse(await roll({ applications: ['red-web', 'abs-web', 'shared'] })) as RollbacksAnswer;
        const codes = named.results.map(({ application, refused: why }) => [application, why?.code]);
        deepStrictEqual(codes, [
          ['abs-web', 'not-found'],
          ['red-web', 'not-found'],
          ['shared', 'partly-in-scope'],
        ]);
        strictEqual(named.results[1]?.refused?.message, named.results[0]?.refused?.message.replaceAll('abs-', 'red-'));
        for (const wish of [{ all: true }, { all: true, since: '2020-01-01T00:00:00Z' }]) {
          const text = await roll(wish);
          match(text, /"shared"/);
          requireNoTrace(scene, 'rollbacks', text, /\bred\b/i, []);
        }
      },
    },
    {
      name: "names another's cluster in a command to its own rollout",
      stoppedBy: 'a cluster that is not seen is none',
      run: async (scene) => {
        const api = await as(scene, 'operator');
        for (const verb of ['skip', 'retry']) {
          const { status } = await same(scene, api, [
            ['POST', `/api/v1/rollouts/blue-web-1/${verb}?dryRun=true`, { clusters: ['red-1'], reason: 'try' }],
            ['POST', `/api/v1/rollouts/blue-web-1/${verb}?dryRun=true`, { clusters: ['abs-1'], reason: 'try' }],
          ]);
          strictEqual(status, 404);
        }
      },
    },
    {
      name: 'commands a rollout that reaches clusters of others',
      stoppedBy: 'a command needs a scope that holds every cluster of it',
      run: async (scene) => {
        for (const [role, verb] of [
          ['operator', 'resume'],
          ['operator', 'rollback'],
          ['operator', 'cancel'],
          ['operator', 'replan'],
          ['approver', 'approve'],
          ['approver', 'reject'],
        ] as const) {
          const api = await as(scene, role);
          const reason = 'mine to say';
          await refused(scene.ask(api, 'POST', `/api/v1/rollouts/shared/${verb}`, { reason }), 403, 'partly-in-scope');
        }
        const { paused } = await scene.fleet.rollout('shared');
        ok(paused);
      },
    },
    {
      name: 'brings a common source up to date, to hear what else hangs on it',
      stoppedBy: 'the answer names what is seen',
      run: async (scene) => {
        const api = await as(scene, 'operator');
        const all = await scene.fleet.api.post<SyncAnswer>('/api/v1/sources/shop/sync');
        match(JSON.stringify(all), /red-shop/);
        const text = JSON.stringify(await api.post<SyncAnswer>('/api/v1/sources/shop/sync'));
        match(text, /shared/);
        requireNoTrace(scene, 'sync', text, /\bred\b/i, []);
      },
    },
    {
      name: 'makes itself a token, or a grant, without its own bounds',
      stoppedBy: 'only an admin without bounds makes them',
      run: async (scene) => {
        const api = await as(scene, 'admin');
        for (const body of [
          { name: 'wider', role: 'admin' },
          { name: 'wider', role: 'viewer', scope: { applications: ['red-*'] } },
          { name: 'wider', role: 'viewer', scope: { applications: ['blue-*'] } },
        ]) {
          await refused(scene.ask(api, 'POST', '/api/v1/tokens', body), 403, 'out-of-scope');
        }
        const grant = { subject: { kind: 'user', value: 'me@flotilla.example' }, role: 'admin' };
        await refused(scene.ask(api, 'PUT', '/api/v1/grants/wider', grant), 403, 'out-of-scope');
        await refused(scene.ask(api, 'DELETE', '/api/v1/tokens/first-admin'), 403, 'out-of-scope');
      },
    },
    {
      name: "repeats another's Idempotency-Key, to be told its answer",
      stoppedBy: 'an answer is kept for the token that got it',
      run: async (scene) => {
        const name = scene.fresh('twin');
        const bounds = { clusters: null, applications: null };
        const first = scene.withToken(await scene.token(name, 'operator', bounds));
        const key = { 'idempotency-key': scene.fresh('key') };
        const body = { applications: ['red-web'], reason: 'no such rollout' };
        const wish = { ...body, applications: ['abs-web'] };
        strictEqual((await scene.ask(first, 'POST', '/api/v1/rollbacks', wish, key)).status, 200);
        await scene.fleet.api.delete(`/api/v1/tokens/${name}`);
        // Its name is given again, to somebody else, who sends another request with that key.
        const second = scene.withToken(await scene.token(name, 'operator', bounds));
        const other = { ...wish, reason: 'another' };
        strictEqual((await scene.ask(second, 'POST', '/api/v1/rollbacks', other, key)).status, 200);
      },
    },
    {
      name: 'puts the credential where others may see it, or where none is looked for',
      stoppedBy: 'a token counts in one header alone',
      run: async (scene) => {
        const name = scene.fresh('misplaced');
        const token = await scene.token(name, 'viewer', { clusters: null, applications: null });
        const basic = Buffer.from(`x:${token}`).toString('base64');
        strictEqual((await scene.exactly('GET', '/api/v1/fleet', { authorization: `Bearer ${token}` })).status, 200);
        for (const [path, headers] of [
          [`/api/v1/fleet?token=${token}`, {}],
          [`/api/v1/fleet?access_token=${token}&authorization=Bearer%20${token}`, {}],
          ['/api/v1/fleet', { cookie: `__Host-flotilla=${token}; token=${token}` }],
          ['/api/v1/fleet', { authorization: token }],
          ['/api/v1/fleet', { authorization: `Basic ${basic}` }],
          ['/api/v1/fleet', { authorization: `Bearer ${token}x` }],
          ['/api/v1/fleet', { authorization: `Bearer x${token}` }],
          ['/api/v1/fleet', { authorization: `Bearer ${token}, Bearer ${token}` }],
          ['/api/v1/fleet', { 'proxy-authorization': `Bearer ${token}`, 'x-api-key': token }],
        ] as const) {
          strictEqual((await scene.exactly('GET', path, headers)).status, 401, JSON.stringify([path, headers]));
        }
      },
    },
    {
      name: 'writes an address so that the guard and the router might read it differently',
      stoppedBy: 'the guard reads what the router has read, of the route that runs',
      run: async (scene) => {
        const token = await scene.token(scene.fresh('speller'), 'viewer', {
          ...{ clusters: { matchLabels: { team: 'blue' } }, applications: ['blue-*'] },
        });
        const headers = { authorization: `Bearer ${token}` };
        for (const path of [
          '/api/v1/clusters/red%2D1',
          '/api/v1/clusters/%72ed-1',
          '/api/v1/clusters/red-1/',
          '/api/v1/clusters/red-1;x=blue-1',
          '/api/v1/clusters/red-1?name=blue-1&cluster=blue-1',
          '/api/v1/clusters/blue-1/../red-1',
          '/api/v1/clusters/blue-1%2F..%2Fred-1',
          '/api/v1/clusters/blue-1%00red-1',
          '/api/v1//clusters/red-1',
          '//api/v1/clusters/red-1',
          '/API/V1/clusters/red-1',
          '/api/v1/clusters/RED-1',
          '/api/v1/clusters/red-1%20',
          '/api/v1/clusters/red-1%0a',
          '/api/v1/clusters/r%C3%A9d-1',
          '/api/v1/rollouts/red-web',
          '/api/v1/rollouts/red-web-01',
          '/api/v1/rollouts/red-web-1%20',
          '/api/v1/clusters/blue-1/applications/..%2F..%2Fred-1/tree',
          'http://flotilla.example/api/v1/clusters/red-1',
        ]) {
          for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST', 'TRACE']) {
            const { status, text } = await scene.exactly(method, path, headers);
            ok([400, 404, 405, 414].includes(status), `${method} ${path}: ${status} ${text}`);
            doesNotMatch(text, /"uid"/);
          }
        }
        const others: readonly Record<string, string>[] = [
          { 'x-http-method-override': 'GET', 'x-method-override': 'GET' },
          { 'x-original-url': '/api/v1/clusters/blue-1', 'x-rewrite-url': '/api/v1/clusters/blue-1' },
          { 'x-forwarded-user': 'admin', 'x-remote-user': 'admin', 'x-forwarded-for': '127.0.0.1', host: 'localhost' },
        ];
        for (const more of others) {
          strictEqual((await scene.exactly('GET', '/api/v1/clusters/red-1', { ...headers, ...more })).status, 404);
        }
      },
    },
  ],
};
