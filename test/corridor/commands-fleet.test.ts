import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type {
  AuditView,
  ClusterCommandAnswer,
  ClusterView,
  FleetView,
  FreezeAnswer,
  FreezeState,
  ReceiptView,
  RollbacksAnswer,
  Why,
} from '#contract';
import { CommandFleet, refused } from '../helpers/command-fleet.js';
import { PuppetAgent, type Script } from '../helpers/puppet-agent.js';
import { eventually } from '../helpers/test-hub.js';

const silent: Script = () => null;
const failing: Script = () => ({ phase: 'failed', cause: 'health', message: 'it crashes' });
const canary = { name: 'canary', selector: { matchLabels: { ring: 'canary' } } };
const rest = { name: 'rest' };

/** What a person does to the whole fleet, to several applications, and to one cluster. */
describe('the fleet', () => {
  let fleet: CommandFleet;

  beforeAll(async () => {
    fleet = await CommandFleet.start({
      'a-1': { ring: 'canary' },
      'b-1': { ring: 'rest' },
      'b-2': { ring: 'rest' },
    });
  }, 60_000);

  beforeEach(() => fleet.allHealthy());

  afterAll(() => fleet?.close(), 30_000);

  const why = async (what: string): Promise<Why> => fleet.api.get(`/api/v1/why/${what}`);
  const frozen = async (): Promise<FreezeState['freeze']> =>
    (await fleet.api.get<FreezeState>('/api/v1/freeze')).freeze;
  const audited = async (act: string): Promise<AuditView[]> =>
    (await fleet.api.get<{ items: AuditView[] }>('/api/v1/audit?limit=1000')).items.filter(
      (entry) => entry.act === act,
    );

  it('is frozen: nothing new is assigned, and a rollback goes through all the same', async () => {
    await fleet.application('frozen', [canary, rest]);
    await fleet.application('bad', [canary, rest]);
    fleet.act(/./, (application, told) => (application === 'bad' ? failing(application, told) : null));
    const bad = await fleet.release('bad');
    await fleet.when('bad', bad, ({ paused }) => paused);
    const release = await fleet.release('frozen');
    await fleet.when('frozen', release, ({ counts }) => counts.assigned === 1);

    await expect(fleet.call('freeze')).rejects.toMatchObject({
      problem: { status: 400, errors: [{ path: 'reason' }] },
    });
    for (const [path, body] of [
      ['until', { until: '2001-01-01T00:00:00Z' }],
      ['for', { for: '0s' }],
      ['for', { for: '1h', until: '2090-01-01T00:00:00Z' }],
      ['until', { until: 'tomorrow' }],
    ] as const) {
      await expect(fleet.call('freeze', { reason: 'x', ...body })).rejects.toMatchObject({
        problem: { status: 400, errors: [{ path }] },
      });
    }
    const tried = await fleet.call<FreezeAnswer>('freeze', { reason: 'the sale' }, { dryRun: true });
    expect(tried).toMatchObject({ dryRun: true, changed: true, freeze: { reason: 'the sale' } });
    expect(await frozen()).toBeNull();

    const answer = await fleet.call<FreezeAnswer>('freeze', { reason: 'the sale' });
    expect(answer).toMatchObject({ changed: true, freeze: { by: 'token:first-admin', reason: 'the sale' } });
    expect(answer.message).toMatch(/^2 running rollouts assign nothing new/);
    expect(await fleet.call('freeze', { reason: 'the sale' })).toMatchObject({ changed: false, changes: [] });
    expect(await frozen()).toMatchObject({ reason: 'the sale' });
    expect(await fleet.api.get<FleetView>('/api/v1/fleet')).toMatchObject({ freeze: { reason: 'the sale' } });

    // What is in flight goes on; no wave opens after it.
    fleet.allHealthy();
    await fleet.pass('a-1', 'frozen');
    const held = await fleet.when('frozen', release, ({ counts }) => counts.passed === 1);
    expect(held.holds.map(({ code }) => code)).toContain('freeze');
    expect((await why('rollouts/frozen')).sentence).toContain('the sale');
    expect((await why('clusters/b-1')).holds.map(({ code }) => code)).toContain('freeze');
    // A release that comes meanwhile waits with the others.
    const next = await fleet.release('frozen');
    await fleet.when('frozen', next, ({ state }) => state === 'running');

    const back = await fleet.command('bad', 'rollback', { reason: 'it crashes' });
    expect(back.rollout).toMatchObject({ kind: 'rollback' });
    expect(await fleet.ended('bad')).toMatchObject({ kind: 'rollback', state: 'succeeded' });
    const still = await fleet.rollout('frozen');
    expect(still).toMatchObject({ release: next, state: 'running', counts: { pending: 3, assigned: 0, passed: 0 } });

    const gone = await fleet.call<FreezeAnswer>('unfreeze', { reason: 'sold out' });
    expect(gone).toMatchObject({ changed: true, freeze: null });
    expect(await fleet.call('unfreeze')).toMatchObject({ changed: false });
    expect(await fleet.ended('frozen')).toMatchObject({ state: 'succeeded', release: next, counts: { passed: 3 } });
    expect((await audited('fleet.freeze')).map(({ reason, object }) => [reason, object])).toEqual([
      ['the sale', 'Fleet'],
    ]);
    expect((await audited('fleet.unfreeze')).map(({ reason }) => reason)).toEqual(['sold out']);
  }, 60_000);

  it('is frozen for a while, and goes on by itself', async () => {
    await fleet.application('brief', [canary, rest]);
    const { freeze } = await fleet.call<FreezeAnswer>('freeze', { reason: 'a moment', for: '3s' });
    const release = await fleet.release('brief');
    const waiting = await fleet.when('brief', release, ({ state }) => state === 'running');
    expect(waiting.holds).toEqual([expect.objectContaining({ code: 'freeze', clearsAt: freeze?.until })]);
    const ended = await fleet.ended('brief');
    expect(ended).toMatchObject({ state: 'succeeded', release });
    expect(Date.parse(ended.waves[0]?.openedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(freeze?.until ?? ''));
    expect(await frozen()).toBeNull();
  }, 30_000);

  it('goes on without a cluster that is held, which has its turn once it is let go', async () => {
    await fleet.application('around', [canary, { ...rest, maxConcurrency: 1 }]);
    const hold = (name: string, verb: string, body: object): Promise<ClusterCommandAnswer> =>
      fleet.call(`clusters/${name}/${verb}`, body);
    await expect(hold('b-1', 'hold', {})).rejects.toMatchObject({
      problem: { status: 400, errors: [{ path: 'reason' }] },
    });
    await expect(hold('nobody', 'hold', { reason: 'x' })).rejects.toMatchObject(refused(404, 'not-found'));
    fleet.act(/^a-/, silent);
    const release = await fleet.release('around');
    await fleet.when('around', release, ({ counts }) => counts.assigned === 1);

    const held = await hold('b-1', 'hold', { reason: 'its disks are changed' });
    expect(held).toMatchObject({
      changed: true,
      cluster: { name: 'b-1', hold: { by: 'token:first-admin', reason: 'its disks are changed' } },
    });
    expect(await hold('b-1', 'hold', { reason: 'another' })).toMatchObject({ changed: false });
    const cluster = await fleet.api.get<ClusterView>('/api/v1/clusters/b-1');
    expect(cluster.hold).toMatchObject({ reason: 'its disks are changed' });
    expect(await why('clusters/b-1')).toMatchObject({
      sentence: expect.stringContaining('its disks are changed'),
      can: expect.arrayContaining(['flotilla cluster unhold b-1']),
    });

    fleet.allHealthy();
    await fleet.pass('a-1', 'around');
    await eventually(
      'all but b-1 have it',
      () => fleet.states('around'),
      (states) => states['b-2'] === 'passed' && states['b-1'] === 'deferred(hold)',
    );
    await expect(fleet.command('around', 'retry', { clusters: ['b-1'] })).rejects.toMatchObject({
      problem: { status: 409 },
    });
    expect(await hold('b-1', 'unhold', { reason: 'new disks' })).toMatchObject({ changed: true });
    expect(await hold('b-1', 'unhold', {})).toMatchObject({ changed: false });
    await eventually(
      'b-1 has it too',
      () => fleet.told('b-1', 'around'),
      (told) => told?.release === release,
    );
    await eventually(
      'b-1 passed',
      () => fleet.api.get<ClusterView>('/api/v1/clusters/b-1'),
      ({ applications = [] }) =>
        applications.some(
          (each) => each.application === 'around' && each.health === 'healthy' && each.release === release,
        ),
    );
    expect((await audited('cluster.hold')).map(({ object, reason }) => [object, reason])).toEqual([
      ['Cluster/b-1', 'its disks are changed'],
    ]);
    expect(await audited('cluster.unhold')).toHaveLength(1);
  }, 40_000);

  it('gives a newcomer that is held nothing until it is let go', async () => {
    await fleet.application('newcomers', [rest]);
    await fleet.api.post('/api/v1/clusters', { name: 'z-1', labels: { ring: 'rest' } });
    await fleet.call('clusters/z-1/hold', { reason: 'not built yet' });
    expect((await why('clusters/z-1')).holds.map(({ code }) => code)).toContain('notJoined');
    await fleet.api.delete('/api/v1/clusters/z-1?workloads=leave');
    // Held as soon as it has joined.
    const puppet = await PuppetAgent.join(fleet.api, 'z-2', { ring: 'rest' }, silent);
    fleet.puppets.set('z-2', puppet);
    await fleet.call('clusters/z-2/hold', { reason: 'burn-in' });
    const release = await fleet.release('newcomers');
    await eventually(
      'the others have it, and it is put off',
      () => fleet.states('newcomers'),
      (states) => states['b-2'] === 'passed' && states['z-2'] === 'deferred(hold)',
    );
    expect((await fleet.told('z-2', 'newcomers'))?.release).not.toBe(release);
    fleet.allHealthy();
    await fleet.call('clusters/z-2/unhold');
    await eventually(
      'it is told',
      () => fleet.told('z-2', 'newcomers'),
      (told) => told?.release === release,
    );
    await puppet.close();
    fleet.puppets.delete('z-2');
    await fleet.api.delete('/api/v1/clusters/z-2?workloads=leave');
  }, 40_000);

  it('takes a release back and has a receipt, with who could not and why', async () => {
    await fleet.application('receipt', [{ name: 'all' }]);
    const good = await fleet.rollout('receipt');
    const release = await fleet.release('receipt');
    await fleet.ended('receipt');
    await expect(fleet.api.get('/api/v1/rollouts/receipt/receipt')).rejects.toMatchObject(
      refused(409, 'not-a-rollback'),
    );

    // One cluster is away before it is told.
    await fleet.puppets.get('b-2')?.close();
    await eventually(
      'b-2 is away',
      () => fleet.api.get<ClusterView>('/api/v1/clusters/b-2?workloads=leave'),
      ({ status }) => status === 'offline',
    );
    const before = await fleet.rollout('receipt');
    await fleet.command('receipt', 'rollback', { reason: 'slow queries' });
    const ended = await fleet.ended('receipt');
    expect(ended).toMatchObject({
      kind: 'rollback',
      state: 'succeededWithExceptions',
      counts: { passed: 2, deferred: 1 },
    });
    const receipt = await fleet.api.get<ReceiptView>('/api/v1/rollouts/receipt/receipt');
    expect(receipt).toMatchObject({ rollout: ended.id, release, state: 'succeededWithExceptions' });
    const lines = Object.fromEntries(receipt.clusters.map((line) => [line.cluster, line]));
    for (const name of ['a-1', 'b-1']) {
      const told = await fleet.told(name, 'receipt');
      expect(lines[name]).toMatchObject({
        state: 'passed',
        wanted: { release: good.release },
        runs: { digest: told?.digest, generation: told?.generation, release: good.release },
      });
    }
    expect(lines['b-2']).toMatchObject({ state: 'deferred', wanted: { release: good.release }, runs: { release } });
    expect(receipt.couldNot).toEqual([
      { cluster: 'b-2', uid: lines['b-2']?.uid, why: expect.stringMatching(/out of reach/) },
    ]);
    // The rollout that was taken back leads there, too.
    expect(await fleet.api.get(`/api/v1/rollouts/${before.id}/receipt`)).toEqual(receipt);
    await expect(fleet.command(before.id, 'pause')).rejects.toMatchObject(refused(409, 'not-present'));
  }, 40_000);

  it('takes several releases back at once, each with its own answer', async () => {
    // Without the cluster that went.
    await fleet.api.delete('/api/v1/clusters/b-2?workloads=leave');
    fleet.puppets.delete('b-2');
    await fleet.application('first', [canary, rest]);
    await fleet.application('second', [canary, rest]);
    await fleet.release('first');
    await fleet.ended('first');
    const since = new Date().toISOString();
    fleet.act(/./, silent);
    const release = await fleet.release('second');
    await fleet.when('second', release, ({ counts }) => counts.assigned === 1);

    const send = (body: object, options = {}): Promise<RollbacksAnswer> => fleet.call('rollbacks', body, options);
    await expect(send({})).rejects.toMatchObject({ problem: { status: 400 } });
    await expect(send({ all: true, applications: ['first'], reason: 'both' })).rejects.toMatchObject({
      problem: { status: 400 },
    });
    const tried = await send({ all: true, since, reason: 'what if' }, { dryRun: true });
    expect(tried).toMatchObject({
      dryRun: true,
      results: [{ application: 'second', answer: { dryRun: true, rollout: { kind: 'rollback', release } } }],
    });
    expect((await fleet.rollout('second')).kind).toBe('forward');

    fleet.allHealthy();
    const body = { applications: ['second', 'nobody', 'first', 'second'], reason: 'a bad library' };
    const answer = await send(body, { key: 'rollbacks-1' });
    expect(
      answer.results.map(({ application, answer: done, refused: no }) => [application, done?.changed, no?.code]),
    ).toEqual([
      ['first', true, undefined],
      ['nobody', undefined, 'not-found'],
      ['second', true, undefined],
    ]);
    expect(await send(body, { key: 'rollbacks-1' })).toEqual(answer);
    await expect(send({ ...body, reason: 'another' }, { key: 'rollbacks-1' })).rejects.toMatchObject(
      refused(422, 'idempotency-key-reused'),
    );
    for (const name of ['first', 'second']) expect((await fleet.ended(name)).kind).toBe('rollback');
    expect((await audited('rollout.rollback')).filter(({ reason }) => reason === 'a bad library')).toHaveLength(2);

    // Barred until a person lifts it.
    const start = { release };
    await expect(fleet.call('applications/second/rollouts', start)).rejects.toMatchObject(refused(409, 'barred'));
    expect(await fleet.call('applications/second/lift', { release, reason: 'mended' })).toMatchObject({
      changed: true,
    });
    expect(await fleet.call('applications/second/lift', { release })).toMatchObject({ changed: false });
    expect(await fleet.call('applications/second/rollouts', start)).toMatchObject({ changed: true });
    expect(await fleet.ended('second')).toMatchObject({ state: 'succeeded', release, kind: 'forward' });
  }, 60_000);
});
