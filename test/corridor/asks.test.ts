import { createPublicKey, verify } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { askSchema, signedManifestSchema, type Ask, type Problem, type TreeNode } from '#contract';
import { PuppetAgent } from '../helpers/puppet-agent.js';
import { CommandLine } from '../helpers/run-flotilla.js';
import { ApiProblem } from '../helpers/test-api.js';
import { eventually, rolloutSettled, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { configMap, TestRepository } from '../helpers/test-repository.js';

const WITHIN_MS = 60_000;
/** What a terminal would obey. */
const EVIL = '\u001b[2J\u001b]0;owned\u0007\u202e';

type Reply = object | string | null;

/** What a puppet is asked, and what it says: an object as JSON, a text as it is, nothing at all where null. */
class Answering {
  readonly asked: Ask[] = [];
  reply: (ask: Ask) => Reply | Promise<Reply> = () => null;

  constructor(private readonly puppet: PuppetAgent) {
    puppet.bus.onAsk((envelope) => {
      this.answer(envelope).catch(() => undefined);
    });
  }

  private async answer(envelope: Uint8Array): Promise<void> {
    const { payload, keyId, signature } = signedManifestSchema.parse(
      JSON.parse(Buffer.from(envelope).toString('utf8')),
    );
    const pem = this.puppet.answer.manifestKeys[keyId] ?? '';
    const good = verify(null, Buffer.from(payload), createPublicKey(pem), Buffer.from(signature, 'base64url'));
    expect(good).toBe(true);
    const ask = askSchema.parse(JSON.parse(payload));
    expect(ask.cluster).toBe(this.puppet.answer.cluster);
    this.asked.push(ask);
    const reply = await this.reply(ask);
    if (reply === null) return;
    await this.puppet.bus.publishAnswer(ask.id, Buffer.from(typeof reply === 'string' ? reply : JSON.stringify(reply)));
  }
}

describe('asking an agent', () => {
  let test: TestHub;
  let repository: TestRepository;
  let eu: PuppetAgent;
  let us: PuppetAgent;
  let agent: Answering;
  let other: Answering;
  const line = new CommandLine(() => test.folder);
  const flotilla = line.run.bind(line);

  beforeAll(async () => {
    test = await startTestHub();
    repository = await TestRepository.create({ 'web/c.yaml': configMap('c', '0') });
    eu = await PuppetAgent.join(test.api, 'eu-1', { region: 'eu' });
    us = await PuppetAgent.join(test.api, 'us-1', { region: 'us' });
    [agent, other] = [new Answering(eu), new Answering(us)];
    const document = (kind: string, name: string, spec: object): object => ({
      apiVersion: 'flotilla.dev/v1',
      kind,
      metadata: { name },
      spec,
    });
    const application = (name: string, matchLabels: object): object =>
      document('Application', name, {
        source: 'shop',
        path: 'web',
        strategy: 'all',
        placement: { selector: { matchLabels } },
      });
    await test.api.post('/api/v1/apply', {
      documents: [
        document('Source', 'shop', { url: repository.folder, interval: '1h' }),
        document('Strategy', 'all', { waves: [{ name: 'all', healthyFor: '0s' }] }),
        application('web', { region: 'eu' }),
        application('api', { region: 'eu' }),
        application('pay', { region: 'us' }),
      ],
    });
    for (const name of ['web', 'api', 'pay']) await rolloutSettled(test.api, name, 1, WITHIN_MS);
  }, 120_000);

  afterAll(async () => {
    await Promise.all([eu, us].map((puppet) => puppet?.close()));
    await test?.stop();
    await repository?.remove();
  }, 60_000);

  beforeEach(() => {
    agent.asked.length = 0;
    agent.reply = () => null;
  });
  afterEach(() => expect(other.asked).toEqual([]));

  const route = (kind: string, place = 'eu-1/web'): string => {
    const [cluster, application] = place.split('/');
    return `/api/v1/clusters/${cluster}/applications/${application}/${kind}`;
  };
  const problem = async (kind: string, place?: string): Promise<Problem> => {
    try {
      await test.api.get(route(kind, place));
    } catch (error) {
      if (error instanceof ApiProblem) return error.problem;
      throw error;
    }
    throw new Error('there was an answer');
  };
  const head = (): object => ({
    generation: eu.told.find(({ application }) => application === 'web')?.given.generation ?? -1,
    revision: eu.told[0]?.given.revision ?? '',
  });
  const node = (kind: string, name: string, more: Partial<TreeNode> = {}): TreeNode => ({
    apiVersion: 'v1',
    kind,
    namespace: 'shop',
    name,
    health: 'healthy',
    reason: 'Exists',
    message: '',
    createdAt: new Date(Date.now() - 3_600_000).toISOString(),
    children: [],
    ...more,
  });

  describe('for the tree', () => {
    const tree = (): object => ({
      ...head(),
      objects: [
        node('ConfigMap', 'settings', { sync: 'synced' }),
        node('Deployment', 'web', {
          apiVersion: 'apps/v1',
          sync: 'outOfSync',
          health: 'failed',
          reason: 'CrashLoopBackOff',
          message: `pod web-1: ${EVIL}boom\n  twice`,
          children: [
            node('ReplicaSet', 'web-a', {
              health: 'progressing',
              children: [node('Pod', 'web-a-1'), node('Pod', `web-a-2${EVIL}`, { health: 'failed' })],
            }),
            node('ReplicaSet', 'web-b', { children: [node('Pod', 'web-b-1')] }),
          ],
        }),
        node('Namespace', 'shop', { namespace: undefined, sync: 'missing', health: 'missing', createdAt: undefined }),
      ],
    });

    it('draws owners above what they own, with nothing in it that a terminal obeys', async () => {
      agent.reply = tree;
      const { out, error, code } = await flotilla('tree eu-1/web');
      expect({ error, code }).toEqual({ error: '', code: 0 });
      expect(agent.asked).toMatchObject([{ ask: 'tree', application: 'web', protocol: 1 }]);
      const lines = out.split('\n').map((each) => each.trimEnd());
      expect(lines[0]).toMatch(
        /^web in eu-1, generation 1, commit [0-9a-f]{8}: 8 objects, 4 not healthy, 2 not in sync$/,
      );
      expect(lines[2]).toMatch(/^OBJECT +SYNC +HEALTH +AGE +REASON$/);
      expect(lines[3]).toMatch(/^ConfigMap shop\/settings +synced +healthy +1h\S* +Exists$/);
      expect(lines[4]).toMatch(
        /^Deployment shop\/web +outOfSync +failed +1h\S* +CrashLoopBackOff: pod web-1: .*boom twice$/,
      );
      expect(lines.slice(5, 10).map((each) => each.replace(/ {2,}(-|synced) .*/, ''))).toEqual([
        '├── ReplicaSet web-a',
        '│   ├── Pod web-a-1',
        expect.stringMatching(/^│ {3}└── Pod web-a-2/),
        '└── ReplicaSet web-b',
        '    └── Pod web-b-1',
      ]);
      expect(lines[10]).toMatch(/^Namespace shop +missing +missing +- +Exists$/);
      expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f\u202e]/);
    });

    it('gives the same as JSON and YAML, with where and when', async () => {
      const answer = tree();
      agent.reply = () => answer;
      const json = JSON.parse(await line.fine('tree eu-1/web -o json')) as object;
      expect(json).toMatchObject({
        ...(JSON.parse(JSON.stringify(answer)) as object),
        cluster: 'eu-1',
        application: 'web',
        assigned: 1,
        at: expect.stringMatching(/Z$/),
      });
      expect(await line.fine('tree eu-1/web -o yaml')).toMatch(/^generation: 1\n[^]*cluster: eu-1\n/);
    });

    it('says that the agent holds an older generation, and that not all is shown', async () => {
      agent.reply = () => ({ generation: -1, revision: '', objects: [], truncated: '20 more pods' });
      const { out, error, code } = await flotilla('tree eu-1/web');
      expect(code).toBe(0);
      expect(out).toMatch(/^web in eu-1, nothing yet: 0 objects/);
      expect(error).toBe(
        'The agent of eu-1 holds nothing of it yet; the hub assigned generation 1.\nNot all is shown: 20 more pods\n',
      );
    });
  });

  describe('for the difference', () => {
    const configMapAs = (colour: string, more: object = {}): object => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings', namespace: 'shop' },
      data: { colour, ...more },
    });
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'settings' };
    const diff = (...objects: object[]): object => ({ ...head(), same: 3, objects });

    it('ends with 0 and says nothing where there is none', async () => {
      agent.reply = () => diff();
      expect(await flotilla('diff eu-1/web')).toEqual({ out: '', error: '', code: 0 });
    });

    it('shows from what is there to what Git makes of it, and ends with 1', async () => {
      agent.reply = () =>
        diff(
          { ...ref, change: 'changed', live: configMapAs('red', { odd: EVIL }), desired: configMapAs('blue') },
          { ...ref, name: 'new', change: 'added', desired: { kind: 'ConfigMap' } },
          { ...ref, kind: 'Secret', name: 's', change: 'removed', live: { data: { key: '(hidden 01234567)' } } },
          { ...ref, name: 'large', change: 'changed', message: 'too large to be shown' },
        );
      const { out, error, code } = await flotilla('diff eu-1/web');
      expect({ error, code }).toEqual({ error: '', code: 1 });
      expect(out).toContain('--- live/ConfigMap/shop/settings\n+++ git/ConfigMap/shop/settings\n');
      expect(out).toMatch(/^- {2}colour: red\n/m);
      expect(out).toMatch(/^\+ {2}colour: blue\n/m);
      expect(out).toContain('--- /dev/null\n+++ git/ConfigMap/shop/new\n');
      expect(out).toContain('--- live/Secret/shop/s\n+++ /dev/null\n');
      expect(out).toContain('-  key: (hidden 01234567)\n');
      expect(out).toContain('# ConfigMap/shop/large changed: too large to be shown\n');
      expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f\u202e]/);
      expect((await flotilla('diff eu-1/web -o json')).code).toBe(1);
    });

    it('ends with 2 where the API server refuses an object, in its words', async () => {
      agent.reply = () => diff({ ...ref, change: 'error', message: `admission webhook ${EVIL}says no` });
      const { out, error, code } = await flotilla('diff eu-1/web');
      expect({ out, code }).toEqual({ out: '', code: 2 });
      expect(error).toMatch(/^ConfigMap shop\/settings can't be compared: admission webhook .*says no\n$/);
      expect(error).not.toContain('\u001b');
    });

    it('is one thing for files and another for a place', async () => {
      const usage =
        'Give files by -f FILE, a place as CLUSTER/APPLICATION, or an application with --from RELEASE: one of the three.\n';
      expect(await flotilla('diff')).toEqual({ out: '', error: usage, code: 2 });
      expect(await flotilla('diff eu-1/web -f x.yaml')).toEqual({ out: '', error: usage, code: 2 });
      expect(await flotilla('diff -f x.yaml -o json')).toMatchObject({
        code: 2,
        error: expect.stringContaining('-o and --watch go with'),
      });
      expect(agent.asked).toEqual([]);
    });

    it('of a Secret whose values came with it is shown to nobody', async () => {
      const live = { data: { password: 'aHVudGVyMg==' } };
      agent.reply = () => diff({ ...ref, kind: 'Secret', name: 's', change: 'changed', live, desired: live });
      const told = await problem('diff');
      expect(told).toMatchObject({
        status: 502,
        code: 'agent-answer-invalid',
        detail: expect.stringMatching(/Secret whose values are not masked/),
      });
      expect(JSON.stringify(told)).not.toContain('aHVudGVyMg');
    });
  });

  describe('for events', () => {
    it('prints them in the order of the agent, without what a terminal obeys', async () => {
      const about = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web-1' };
      const at = new Date(Date.now() - 120_000).toISOString();
      const event = {
        about,
        type: 'Warning',
        reason: 'BackOff',
        message: `back-off ${EVIL}restarting`,
        count: 4,
        firstAt: at,
        lastAt: at,
        source: 'kubelet',
      };
      agent.reply = () => ({
        ...head(),
        events: [event, { ...event, type: 'Normal', reason: 'Pulled', count: 1, lastAt: 'no time' }],
      });
      const out = await line.fine('events eu-1/web');
      expect(out).toMatch(
        /^LAST SEEN +TYPE +REASON +OBJECT +TIMES +MESSAGE\n2m\S* +Warning +BackOff +Pod shop\/web-1 +4 +back-off .*restarting\n- +Normal +Pulled /,
      );
      expect(out).not.toContain('\u001b');
      expect(JSON.parse(await line.fine('events eu-1/web -o json'))).toMatchObject({
        events: [{ source: 'kubelet' }, {}],
      });
    });

    it('says that there are none', async () => {
      agent.reply = () => ({ ...head(), events: [] });
      expect(await line.fine('events eu-1/web')).toMatch(/^No events of web in eu-1/);
    });
  });

  it.each(['tree', 'diff', 'events'])(
    'for %s takes a place that there is, and says what is wrong with another',
    async (kind) => {
      const code = kind === 'diff' ? 2 : 1;
      const refused = async (place: string): Promise<string> => {
        const ran = await flotilla(`${kind} ${place}`);
        expect({ place, out: ran.out, code: ran.code }).toEqual({ place, out: '', code });
        return ran.error;
      };
      for (const place of ['eu-1', '/web', 'eu-1/', 'eu-1/web/x']) {
        expect(await refused(place)).toBe(`"${place}" must be CLUSTER/APPLICATION, such as eu-1/web.\n`);
      }
      expect(await refused('nowhere/web')).toBe('Cluster "nowhere" does not exist.\n');
      expect(await refused('eu-1/pay')).toBe(
        'Application "pay" was never rolled out to cluster "eu-1": it runs api, web.\n',
      );
      expect(await refused('EU_1/web')).toMatch(/lower-case letters/);
      await test.api.post('/api/v1/clusters', { name: `new-${kind}` });
      expect(await refused(`new-${kind}/web`)).toMatch(/waits for its agent to join: `flotilla cluster token new-/);
      expect(agent.asked).toEqual([]);
    },
  );

  it('needs a token, and no more than a viewer has', async () => {
    agent.reply = () => ({ ...head(), objects: [] });
    const { token } = await test.api.post<{ token: string }>('/api/v1/tokens', { name: 'reader', role: 'viewer' });
    expect(await test.api.as(token).get(route('tree'))).toMatchObject({ cluster: 'eu-1' });
    expect((await test.api.as('').raw('GET', route('tree'))).status).toBe(401);
  });

  it.each<[string, Reply, number, string, RegExp]>([
    ['is busy', { error: { code: 'busy', message: 'x' } }, 503, 'agent-busy', /busy with other questions/],
    [
      'does not hold it',
      { error: { code: 'unknown-application', message: 'x' } },
      404,
      'not-found',
      /does not hold application "web"/,
    ],
    [
      'could not tell',
      { error: { code: 'api-server', message: `${EVIL}the API server is away` } },
      502,
      'agent-error',
      /could not tell: .*the API server is away/,
    ],
    [
      'says what is no answer',
      '<html>',
      502,
      'agent-answer-invalid',
      /version 0\.0\.0-puppet\) answered is no answer \(it is not JSON\): nothing of it is shown/,
    ],
    [
      'lies about the shape',
      { generation: 1, revision: '', objects: [{ password: 'hunter2' }] },
      502,
      'agent-answer-invalid',
      /objects\[0\]/,
    ],
  ])('hears of an agent that %s', async (_what, reply, status, code, detail) => {
    agent.reply = () => reply;
    const told = await problem('tree');
    expect(told).toMatchObject({ status, code, detail: expect.stringMatching(detail) });
    expect(told.detail).not.toContain('hunter2');
    const { error } = await flotilla('tree eu-1/web');
    expect(error).toMatch(detail);
    expect(error).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f\u202e]/);
  });

  it('lets few questions wait at once, and gives equal ones one answer', async () => {
    let goOn: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    agent.reply = async () => {
      await gate;
      return { ...head(), objects: [], events: [], same: 0 };
    };
    const open = ['tree', 'tree', 'diff', 'events'].map((kind) => test.api.get(route(kind)));
    await eventually(
      'the questions',
      async () => agent.asked.length,
      (count) => count === 3,
      WITHIN_MS,
    );
    expect(await problem('tree', 'eu-1/api')).toMatchObject({
      status: 429,
      code: 'too-many-asks',
      detail: expect.stringMatching(/wait for one/),
    });
    goOn();
    await Promise.all(open);
    expect(agent.asked.map(({ ask }) => ask).sort()).toEqual(['diff', 'events', 'tree']);
    expect(await test.api.get(route('tree', 'eu-1/api'))).toMatchObject({ application: 'api' });
  });

  it('is told of in the API’s description, with a tree in its own terms', async () => {
    const { paths, components } = await test.api.get<{
      paths: Record<string, { get?: { responses: Record<string, unknown> } }>;
      components: { schemas: Record<string, unknown> };
    }>('/api/v1/openapi.json');
    const answer = paths['/api/v1/clusters/{name}/applications/{application}/tree']?.get?.responses['200'];
    expect(JSON.stringify(answer)).toContain('TreeView');
    expect(JSON.stringify(components.schemas['TreeNode'])).toContain('#/components/schemas/TreeNode');
    expect(JSON.stringify(components.schemas)).not.toContain('$defs');
  });

  it('that is silent ends by itself, and names its version', async () => {
    const told = await problem('tree');
    expect(told).toMatchObject({ status: 504, code: 'agent-silent' });
    expect(told.detail).toMatch(/^The agent of cluster "eu-1" \(version 0\.0\.0-puppet\) did not answer within 10 s: /);
  });

  it('that is offline is not tried: its last word is told, and how to see it', async () => {
    await eu.close();
    const told = await eventually(
      'it is offline',
      () => problem('events'),
      ({ code }) => code === 'cluster-offline',
      WITHIN_MS,
    );
    expect(told.status).toBe(503);
    expect(told.detail).toMatch(
      /^Cluster "eu-1" has been offline since 20\S+Z and can't be asked; its last report, of 20\S+Z, said that web was healthy: `flotilla describe cluster eu-1` shows what is known$/,
    );
    for (const verb of ['tree', 'events']) {
      expect(await flotilla(`${verb} eu-1/web`)).toMatchObject({
        out: '',
        code: 1,
        error: expect.stringMatching(/offline since/),
      });
    }
    expect((await flotilla('diff eu-1/web')).code).toBe(2);
  });
});
