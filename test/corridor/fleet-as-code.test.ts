import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApplyAnswer, FleetExport, FleetPlan, FleetStatus, RolloutView } from '#contract';
import { CommandFleet, refused } from '../helpers/command-fleet.js';
import { eventually, startTestHub } from '../helpers/test-hub.js';
import { configMap, TestRepository } from '../helpers/test-repository.js';

const WITHIN_MS = 60_000;

const yaml = (kind: string, name: string, spec: object): string =>
  `${JSON.stringify({ apiVersion: 'flotilla.dev/v1', kind, metadata: { name }, spec })}\n`;

/** The fleet's own objects from a Git repository. The tests are one story and go on from each other. */
describe('a fleet that Git declares', () => {
  let fleet: CommandFleet;
  let repository: TestRepository;

  beforeAll(async () => {
    repository = await TestRepository.create({ 'README.md': 'the fleet' });
    fleet = await CommandFleet.start({ 'eu-1': { env: 'dev' } }, () =>
      startTestHub({ FLOTILLA_FLEET_SOURCE: repository.folder, FLOTILLA_FLEET_PATH: 'fleet' }),
    );
  }, 120_000);

  afterAll(async () => {
    await fleet?.close();
    await repository?.remove();
  }, 60_000);

  const status = (): Promise<FleetStatus> => fleet.api.get('/api/v1/declared');
  const plan = (): Promise<FleetPlan> => fleet.api.get('/api/v1/declared/plan');
  const apply = (body: object = {}, query = ''): Promise<FleetPlan> =>
    fleet.api.post(`/api/v1/declared/apply${query}`, body);
  const commit = async (message: string, files: Readonly<Record<string, string | null>>): Promise<string> => {
    await repository.commit(message, files);
    await fleet.api.post('/api/v1/sources/fleet/sync');
    return (await repository.git('rev-parse', 'HEAD')).trim();
  };
  const settled = (what: string, is: (status: FleetStatus) => boolean): Promise<FleetStatus> =>
    eventually(what, status, is, WITHIN_MS);
  const applied = (revision: string): Promise<FleetStatus> =>
    settled(`${revision} is applied`, (now) => now.state === 'current' && now.applied?.revision === revision);
  const summary = ({ changes }: FleetPlan): string[] =>
    changes.map(({ kind, name, change, file }) => `${change} ${kind}/${name} ${file}`);

  it('does not take a folder that is not there for an empty fleet', async () => {
    const { holds, applied: none } = await settled('the hub has looked', ({ state }) => state === 'held');
    expect(holds).toMatchObject([{ code: 'fleet', message: expect.stringContaining('no folder fleet') }]);
    expect(none).toBeUndefined();
    expect(await fleet.api.get('/api/v1/sources/shop')).toMatchObject({ kind: 'Source' });
  });

  it('makes of a commit what it says, all of it, and remembers which file says it', async () => {
    const revision = await commit('the fleet', {
      'fleet/notes.md': 'not read',
      'fleet/.hidden/x.yaml': 'kind: Nothing',
      'fleet/strategies.yaml': `${yaml('Strategy', 'careful', { waves: [{ name: 'all' }] })}---\n${yaml('Strategy', 'quick', { waves: [{ name: 'all' }] })}`,
      'fleet/apps/web.yaml': yaml('Application', 'web', { source: 'code', path: 'web', strategy: 'careful' }),
      'fleet/sources/code.yaml': yaml('Source', 'code', { url: fleet.repository.folder, interval: '1h' }),
      'fleet/clusters/eu.yaml':
        'apiVersion: flotilla.dev/v1\nkind: Cluster\nmetadata: {name: eu-1, labels: {env: prod, on: "no"}}\n',
      'fleet/freeze.yaml': yaml('Freeze', 'fleet', { reason: 'audit week', until: '2036-01-01T00:00:00Z' }),
    });
    expect(await applied(revision)).toMatchObject({
      ...{ source: 'fleet', path: 'fleet', byHand: 'report', prune: true, apply: 'automatic', drift: [], holds: [] },
      applied: { objects: 6 },
      undeclared: expect.arrayContaining(['Fleet/fleet', 'Source/fleet', 'Source/shop']),
    });
    expect(await fleet.api.get('/api/v1/applications/web')).toMatchObject({
      metadata: { declaredBy: 'fleet/apps/web.yaml of source fleet' },
      spec: { strategy: 'careful' },
    });
    expect(await fleet.api.get('/api/v1/clusters/eu-1')).toMatchObject({ labels: { env: 'prod', on: 'no' } });
    expect(await fleet.api.get('/api/v1/freeze')).toMatchObject({
      freeze: { by: 'fleet:fleet', reason: 'audit week', until: '2036-01-01T00:00:00.000Z' },
    });
    const { items } = await fleet.api.get<{ items: object[] }>('/api/v1/audit?limit=100');
    expect(items).toContainEqual(
      expect.objectContaining({
        actor: 'fleet:fleet',
        object: 'Application/web',
        reason: `commit ${revision.slice(0, 8)}: the fleet`,
      }),
    );
    expect(await plan()).toMatchObject({ objects: 6, changes: [] });
  });

  it.each<[string, Readonly<Record<string, string | null>>, RegExp]>([
    [
      'a bad field, by file and document',
      {
        'fleet/bad.yaml': `${yaml('Strategy', 'a', { waves: [{ name: 'all' }] })}---\n${yaml('Application', 'b', { path: '.' })}`,
      },
      /fleet\/bad\.yaml, document 2 \(Application\/b\): spec\.source/,
    ],
    [
      'a source that is not there',
      { 'fleet/bad.yaml': yaml('Application', 'b', { source: 'none', path: '.' }) },
      /fleet\/bad\.yaml \(Application\/b\): spec\.source: Source "none" does not exist/,
    ],
    [
      'an object that stands in two files',
      { 'fleet/bad.yaml': yaml('Strategy', 'quick', { waves: [{ name: 'all' }] }) },
      /Strategy\/quick stands in .*bad\.yaml.* too/,
    ],
    [
      'what is no YAML, by line',
      { 'fleet/bad.yaml': 'kind: Source\n  x: [1,' },
      /fleet\/bad\.yaml line 2: is not YAML/,
    ],
    ['an object of Kubernetes', { 'fleet/bad.yaml': 'apiVersion: v1\nkind: ConfigMap' }, /must be one of Source/],
    [
      'a cluster that nobody registered',
      { 'fleet/bad.yaml': 'apiVersion: flotilla.dev/v1\nkind: Cluster\nmetadata: {name: eu-9}' },
      /Cluster "eu-9" is not registered/,
    ],
  ])(
    'takes nothing of a commit with %s',
    async (_what, files, message) => {
      const before = await status();
      const bad = await commit('bad', {
        ...files,
        'fleet/apps/web.yaml': yaml('Application', 'web', { source: 'code', path: 'other' }),
      });
      const held = await settled('it is told', ({ state, revision }) => state === 'held' && revision === bad);
      expect(held.holds).toHaveLength(1);
      expect(held.holds[0]?.message).toMatch(message);
      expect(held.applied).toEqual(before.applied);
      expect(await fleet.api.get('/api/v1/applications/web')).toMatchObject({ spec: { path: 'web' } });
      await expect(plan()).rejects.toMatchObject({ problem: { detail: expect.stringMatching(message) } });
      await repository.git('revert', '--quiet', '--no-edit', 'HEAD');
      await fleet.api.post('/api/v1/sources/fleet/sync');
      await applied((await repository.git('rev-parse', 'HEAD')).trim());
    },
    120_000,
  );

  it('shows what people changed by hand, and puts it back when it is told to', async () => {
    const quick = { apiVersion: 'flotilla.dev/v1', kind: 'Strategy', metadata: { name: 'quick' } };
    const documents = [{ ...quick, spec: { waves: [{ name: 'another' }] } }];
    await fleet.api.post('/api/v1/apply', { documents, reason: 'in a hurry' });
    await fleet.api.delete('/api/v1/applications/web');
    const drifted = await settled('the drift', ({ state }) => state === 'drifted');
    expect(drifted.drift).toMatchObject([
      { kind: 'Application', name: 'web', file: 'fleet/apps/web.yaml', change: 'deleted', now: null },
      { kind: 'Strategy', name: 'quick', file: 'fleet/strategies.yaml', change: 'changed', reason: 'in a hurry' },
    ]);
    expect(drifted.drift.map(({ by }) => by)).toEqual(['token:first-admin', 'token:first-admin']);
    expect(drifted.drift[0]).not.toHaveProperty('reason');
    const told = ['created Application/web fleet/apps/web.yaml', 'configured Strategy/quick fleet/strategies.yaml'];
    expect(summary(await plan())).toEqual(told);
    expect(await apply({}, '?dryRun=true')).toMatchObject({ dryRun: true });
    expect((await status()).state).toBe('drifted');
    expect(summary(await apply({ reason: 'as it was' }))).toEqual(told);
    expect(await status()).toMatchObject({ state: 'current', drift: [] });
  });

  it('deletes what was declared and is no more, and lets be what never was', async () => {
    const revision = await commit('thaw', { 'fleet/freeze.yaml': null });
    await applied(revision);
    expect(await fleet.api.get('/api/v1/freeze')).toEqual({ freeze: null });
    expect(await fleet.api.get('/api/v1/sources/shop')).toMatchObject({ kind: 'Source' });
  });

  it('holds clusters and pauses applications for as long as files say so', async () => {
    const rollout = (): Promise<RolloutView> => fleet.api.get('/api/v1/rollouts/web');
    await fleet.repository.commit('web', { 'web/c.yaml': configMap('web', 'first') });
    const revision = await commit('brakes', {
      // In front of what they are about.
      'fleet/a-brakes.yaml': `${yaml('Hold', 'eu-1', { reason: 'a disk fails' })}---\n${yaml('Pause', 'web', { reason: 'not yet: look first' })}`,
    });
    await applied(revision);
    const hold = { by: 'fleet:fleet', reason: 'a disk fails' };
    expect(await fleet.api.get('/api/v1/clusters/eu-1')).toMatchObject({ hold });
    // The rollout that begins after it begins paused, and assigns nothing.
    await fleet.api.post('/api/v1/sources/code/sync');
    const begun = await eventually(
      'a rollout begins',
      () => rollout().catch(() => null),
      (each) => each !== null,
      WITHIN_MS,
    );
    expect(begun).toMatchObject({ id: 'web-1', state: 'running', paused: true, counts: { pending: 1 } });
    expect(begun?.holds).toMatchObject([{ code: 'user', message: 'paused by fleet:fleet: not yet: look first' }]);
    // One that is taken off by hand is told of, and put on again.
    await fleet.api.post('/api/v1/clusters/eu-1/unhold', {});
    const drifted = await settled('the drift', ({ state }) => state === 'drifted');
    expect(drifted.drift).toMatchObject([
      { kind: 'Hold', name: 'eu-1', file: 'fleet/a-brakes.yaml', change: 'deleted' },
    ]);
    expect(summary(await apply())).toEqual(['created Hold/eu-1 fleet/a-brakes.yaml']);
    expect(await rollout()).toMatchObject({ paused: true });
    expect(await plan()).toMatchObject({ changes: [] });
    // An export has them, with the reasons that were given.
    const { documents } = await fleet.api.get<FleetExport>('/api/v1/export');
    expect(documents.slice(-2)).toEqual([
      { apiVersion: 'flotilla.dev/v1', kind: 'Hold', metadata: { name: 'eu-1' }, spec: { reason: 'a disk fails' } },
      {
        apiVersion: 'flotilla.dev/v1',
        kind: 'Pause',
        metadata: { name: 'web' },
        spec: { reason: 'not yet: look first' },
      },
    ]);
    // Where people are to keep their hands off, neither is lifted by hand.
    const ofFile = {
      problem: { status: 409, code: 'declared-in-git', detail: expect.stringContaining('fleet/a-brakes.yaml') },
    };
    await fleet.apply('Fleet', 'fleet', { source: 'fleet', path: 'fleet', byHand: 'refuse' });
    await expect(fleet.api.post('/api/v1/rollouts/web/resume', { reason: 'mine' })).rejects.toMatchObject(ofFile);
    await expect(fleet.api.post('/api/v1/clusters/eu-1/unhold', {})).rejects.toMatchObject(ofFile);
    await fleet.apply('Fleet', 'fleet', { source: 'fleet', path: 'fleet' });
    await applied(await commit('go on', { 'fleet/a-brakes.yaml': null }));
    expect(await fleet.api.get('/api/v1/clusters/eu-1')).not.toHaveProperty('hold');
    expect(await rollout()).toMatchObject({ paused: false });
  }, 120_000);

  it('asks a person before it deletes more than a third', async () => {
    const revision = await commit('most goes', { 'fleet/apps/web.yaml': null, 'fleet/sources/code.yaml': null });
    const held = await settled('it asks', ({ state }) => state === 'held');
    expect(held.holds).toMatchObject([
      { code: 'deletions', message: expect.stringMatching(/2 of the 5 objects .* --accept-deletions/) },
    ]);
    const told = ['deleted Application/web fleet/apps/web.yaml', 'deleted Source/code fleet/sources/code.yaml'];
    const planned = await plan();
    expect(summary(planned)).toEqual(told);
    expect(planned.hold).toMatchObject({ code: 'fleet-deletions' });
    await expect(apply()).rejects.toMatchObject(refused(409, 'fleet-deletions'));
    expect(await fleet.api.get('/api/v1/applications/web')).toMatchObject({ kind: 'Application' });
    expect(summary(await apply({ acceptDeletions: true }))).toEqual(told);
    await expect(fleet.api.get('/api/v1/applications/web')).rejects.toMatchObject(refused(404, 'not-found'));
    await applied(revision);
  });

  it('refuses changes by hand where the Fleet says so, and names the file', async () => {
    const revision = await commit('by Git alone', {
      'fleet/fleet.yaml': yaml('Fleet', 'fleet', { source: 'fleet', path: 'fleet', byHand: 'refuse', apply: 'manual' }),
      'fleet/hold.yaml': yaml('Hold', 'eu-1', { reason: 'a disk fails' }),
    });
    await applied(revision);
    const saying = (file: string): object => ({
      problem: { status: 409, code: 'declared-in-git', detail: expect.stringContaining(file) },
    });
    await expect(fleet.apply('Strategy', 'quick', { waves: [{ name: 'mine' }] })).rejects.toMatchObject(
      saying('fleet/strategies.yaml of source "fleet"'),
    );
    await expect(fleet.api.delete('/api/v1/strategies/careful')).rejects.toMatchObject(saying('fleet/strategies.yaml'));
    await expect(fleet.api.patch('/api/v1/clusters/eu-1', { labels: {} })).rejects.toMatchObject(
      saying('fleet/clusters/eu.yaml'),
    );
    await expect(fleet.api.post('/api/v1/clusters/eu-1/unhold', {})).rejects.toMatchObject(saying('fleet/hold.yaml'));
    // What no file declares is still people's; a freeze is the brake, and unchanged is no change.
    await fleet.apply('Strategy', 'mine', { waves: [{ name: 'all' }] });
    await fleet.apply('Strategy', 'quick', { waves: [{ name: 'all' }] });
    await fleet.api.post('/api/v1/freeze', { reason: 'stop' });
    await fleet.api.post('/api/v1/unfreeze', {});
  });

  it('waits for a person where the Fleet says so', async () => {
    const revision = await commit('more', {
      'fleet/more.yaml': yaml('Strategy', 'more', { waves: [{ name: 'all' }] }),
    });
    expect(await settled('it waits', ({ state }) => state === 'pending')).toMatchObject({ revision, apply: 'manual' });
    expect(summary(await plan())).toEqual(['created Strategy/more fleet/more.yaml']);
    const operator = await fleet.as('operator');
    await expect(operator.post('/api/v1/declared/apply', {})).rejects.toMatchObject(refused(403, 'forbidden'));
    await apply();
    await applied(revision);
  });

  it('is written by admins alone, whoever else may write objects', async () => {
    const operator = await fleet.as('operator');
    const document = (kind: string, spec: object, more: object = {}) => ({
      documents: [{ apiVersion: 'flotilla.dev/v1', kind, metadata: { name: 'fleet', ...more }, spec }],
    });
    await expect(
      operator.post('/api/v1/apply', document('Fleet', { source: 'shop', byHand: 'report' })),
    ).rejects.toMatchObject(refused(403, 'out-of-scope'));
    await expect(
      operator.post(
        '/api/v1/apply',
        document('Cluster', { agentKey: `U${'A'.repeat(55)}` }, { uid: '0198c0de-0000-7000-8000-000000000001' }),
      ),
    ).rejects.toMatchObject(refused(422, 'missing-reference'));
  });

  it('is exported whole, without secrets, so that it applies again unchanged', async () => {
    const { documents } = await fleet.api.get<FleetExport>('/api/v1/export');
    expect(documents.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([
      ...['Fleet/fleet', 'Source/fleet', 'Source/shop', 'Strategy/careful', 'Strategy/mine', 'Strategy/more'],
      ...['Strategy/quick', 'Cluster/eu-1', 'Hold/eu-1'],
    ]);
    const cluster = documents.at(-2);
    const { uid } = await fleet.api.get<{ uid: string }>('/api/v1/clusters/eu-1');
    expect(cluster).toMatchObject({ metadata: { uid, labels: { env: 'prod', on: 'no' } } });
    expect(cluster).toHaveProperty('spec.agentKey', expect.stringMatching(/^U[A-Z2-7]{55}$/));
    const answer = await fleet.api.post<{ results: { result: string }[] }>('/api/v1/apply', { documents });
    expect(new Set(answer.results.map(({ result }) => result))).toEqual(new Set(['unchanged']));
  });

  it('is no more declared once the Fleet is deleted, and all of it stays', async () => {
    await fleet.api.delete('/api/v1/fleets/fleet');
    await expect(status()).rejects.toMatchObject(refused(404, 'not-found'));
    await fleet.apply('Strategy', 'quick', { waves: [{ name: 'mine' }] });
  });

  it('does not take in again whoever was put out', async () => {
    const { documents } = await fleet.api.get<FleetExport>('/api/v1/export');
    const cluster = documents.filter(({ kind }) => kind === 'Cluster');
    await fleet.api.delete('/api/v1/clusters/eu-1?workloads=leave');
    await expect(fleet.api.post('/api/v1/apply', { documents: cluster })).rejects.toMatchObject(
      refused(409, 'cluster-removed'),
    );
  });

  it('takes a whole fleet in at once, all of it or nothing', async () => {
    const document = (name: string, agentKey: string) => ({
      ...{ apiVersion: 'flotilla.dev/v1', kind: 'Cluster', spec: { agentKey } },
      metadata: { name, uid: randomUUID(), labels: { env: 'prod' } },
    });
    // As keys are written; to make so many would take longer than all else.
    const keyOf = (index: number): string =>
      `U${'A'.repeat(51)}${[...String(index).padStart(4, '0')].map((digit) => 'ABCDEFGHIJ'[Number(digit)]).join('')}`;
    const documents = Array.from({ length: 1_500 }, (_, index) => document(`taken-${index}`, keyOf(index)));
    const twice = document('twice', keyOf(7));
    await expect(fleet.api.post('/api/v1/apply', { documents: [...documents, twice] })).rejects.toMatchObject({
      problem: { status: 409, code: 'key-taken', detail: expect.stringContaining('agent key of cluster "taken-7"') },
    });
    await expect(fleet.api.get('/api/v1/clusters/taken-0')).rejects.toMatchObject(refused(404, 'not-found'));
    const { results } = await fleet.api.post<ApplyAnswer>('/api/v1/apply', { documents });
    expect(new Set(results.map(({ result }) => result))).toEqual(new Set(['adopted']));
    expect(await fleet.api.get('/api/v1/clusters/taken-1499')).toMatchObject({
      status: 'offline',
      labels: { env: 'prod' },
    });
    const exported = await fleet.api.get<FleetExport>('/api/v1/export');
    const names = exported.documents.filter(({ kind }) => kind === 'Cluster').map(({ metadata }) => metadata.name);
    expect(names).toEqual(documents.map(({ metadata }) => metadata.name).sort());
    const again = await fleet.api.post<ApplyAnswer>('/api/v1/apply', exported);
    expect(new Set(again.results.map(({ result }) => result))).toEqual(new Set(['unchanged']));
    // What is larger than other requests may be is looked at all the same.
    await expect(fleet.api.post('/api/v1/apply', { documents: ['x'.repeat(5 * 1024 * 1024)] })).rejects.toMatchObject(
      refused(400, 'invalid'),
    );
    await expect(
      fleet.api.post('/api/v1/apply', { documents: Array.from({ length: 30_001 }, () => ({})) }),
    ).rejects.toMatchObject(refused(400, 'invalid'));
  }, 120_000);
});
