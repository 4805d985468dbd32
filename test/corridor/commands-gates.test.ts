import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AuditView, CommandAnswer, EventView, GateView, PlanView, RolloutView, Why } from '#contract';
import { CommandFleet, refused } from '../helpers/command-fleet.js';
import type { TestApi } from '../helpers/test-api.js';
import { configMap } from '../helpers/test-repository.js';

/** Who writes every commit of these tests. */
const AUTHOR = 'test@flotilla.example';
const canary = { name: 'canary', selector: { matchLabels: { ring: 'canary' } } };
const rest = { name: 'rest' };

/** What people see and answer before a release goes on: plans, gates, deletions. */
describe('a release that asks', () => {
  let fleet: CommandFleet;
  let ann: TestApi;
  let bob: TestApi;

  beforeAll(async () => {
    fleet = await CommandFleet.start({
      'a-1': { ring: 'canary' },
      'b-1': { ring: 'rest' },
      'b-2': { ring: 'rest' },
    });
    ann = await fleet.as('approver', 'ann@flotilla.example');
    bob = await fleet.as('approver', 'bob@flotilla.example');
  }, 60_000);

  beforeEach(() => fleet.allHealthy());

  afterAll(() => fleet?.close(), 30_000);

  const gate = ({ waves }: RolloutView, wave = 0): GateView | undefined => waves[wave]?.gates?.[0];
  const start = (name: string, body: object): Promise<CommandAnswer> =>
    fleet.call(`applications/${name}/rollouts`, body);

  it('shows its plan before anything is assigned, and starts only as it was shown', async () => {
    await fleet.application('planned', [canary, { ...rest, maxConcurrency: '50%', before: [{ approval: {} }] }]);
    const before = JSON.stringify([await fleet.rollout('planned'), await fleet.targets('planned')]);
    const plan = await fleet.api.get<PlanView>('/api/v1/applications/planned/plan');
    expect(plan).toMatchObject({
      application: 'planned',
      strategy: 'planned',
      total: 3,
      warnings: [],
      waves: [
        { name: 'canary', total: 1, maxConcurrency: 1, gates: [], clusters: [{ cluster: 'a-1', change: 'unchanged' }] },
        { name: 'rest', total: 2, gates: [{ when: 'before', type: 'approval', state: 'waiting', approvers: 1 }] },
      ],
      bundles: [{ clusters: 3, overlays: ['apps/planned'], objects: 1 }],
      drops: [],
      holds: [],
    });
    expect(JSON.stringify([await fleet.rollout('planned'), await fleet.targets('planned')])).toBe(before);
    await expect(start('planned', { plan: 'f'.repeat(64) })).rejects.toMatchObject(refused(409, 'plan-changed'));
    await expect(start('planned', { plan: 'short' })).rejects.toMatchObject({ problem: { status: 400 } });
    // The strategy changed meanwhile: that is another plan.
    await fleet.strategy('planned', [canary, rest]);
    await expect(start('planned', { plan: plan.digest })).rejects.toMatchObject(refused(409, 'plan-changed'));
    const again = await fleet.api.get<PlanView>('/api/v1/applications/planned/plan');
    expect(again.digest).not.toBe(plan.digest);
    const started = await start('planned', { plan: again.digest, reason: 'as shown' });
    expect(started).toMatchObject({ changed: true, rollout: { planDigest: again.digest, reason: 'as shown' } });
    expect(started.rollout.waves.map(({ digest }) => digest)).toEqual(again.waves.map(({ digest }) => digest));
    expect(await fleet.ended('planned')).toMatchObject({ state: 'succeeded' });
    await expect(fleet.api.get('/api/v1/applications/nobody/plan')).rejects.toMatchObject({ problem: { status: 404 } });
    await expect(fleet.api.get('/api/v1/applications/planned/plan?release=99')).rejects.toMatchObject({
      problem: { status: 404 },
    });
  }, 30_000);

  it('waits for people who neither wrote nor started it, each counted once', async () => {
    await fleet.application('asking', [{ ...canary, after: [{ name: 'seen', approval: { approvers: 2 } }] }, rest]);
    const release = await fleet.release('asking');
    const waiting = await fleet.when('asking', release, ({ waves }) => waves[0]?.phase === 'gateAfter');
    expect(waiting).toMatchObject({ author: `Test <${AUTHOR}>`, paused: false, counts: { passed: 1, pending: 2 } });
    expect(gate(waiting)).toMatchObject({ name: 'seen', state: 'waiting', approvers: 2, approvals: [] });
    expect(waiting.holds).toEqual([expect.objectContaining({ code: 'approval' })]);
    const why = await fleet.api.get<Why>('/api/v1/why/rollouts/asking');
    expect(why.sentence).toMatch(/approv/);
    expect(why.can.join('\n')).toContain('flotilla rollout approve');

    const author = await fleet.as('approver', AUTHOR.toUpperCase());
    const approve = (api: TestApi, body: object = {}): Promise<CommandAnswer> =>
      fleet.command('asking', 'approve', body, { api });
    await expect(approve(author)).rejects.toMatchObject(refused(409, 'own-release'));
    await expect(approve(await fleet.as('operator'))).rejects.toMatchObject(refused(403, 'forbidden'));
    await expect(approve(ann, { plan: 'f'.repeat(64) })).rejects.toMatchObject(refused(409, 'plan-changed'));
    await expect(fleet.command('asking', 'promote')).rejects.toMatchObject({ problem: { status: 409 } });
    expect(gate(await fleet.rollout('asking'))?.approvals).toEqual([]);

    const first = await approve(ann, { plan: waiting.planDigest, reason: 'looks well' });
    expect(first).toMatchObject({ changed: true });
    expect(gate(first.rollout)).toMatchObject({
      state: 'waiting',
      approvals: [{ reason: 'looks well', counts: true }],
    });
    expect(await approve(ann)).toMatchObject({ changed: false, changes: [] });
    expect(await approve(bob)).toMatchObject({ changed: true });
    expect(await fleet.ended('asking')).toMatchObject({ state: 'succeeded', release });
    await expect(approve(ann)).rejects.toMatchObject({ problem: { status: 409 } });

    const { id } = await fleet.rollout('asking');
    const { items } = await fleet.api.get<{ items: AuditView[] }>('/api/v1/audit?limit=1000');
    const said = items.filter(({ act }) => act === 'rollout.approve');
    expect(said.map(({ actor, object, reason }) => [actor, object, reason])).toEqual([
      ['token:approver-2', `Rollout/${id}`, undefined],
      ['token:approver-1', `Rollout/${id}`, 'looks well'],
    ]);
    expect(JSON.stringify(said)).not.toContain('@');
    const events = await fleet.api.get<{ items: EventView[] }>(`/api/v1/events?rollout=${id}&limit=500`);
    expect(events.items.filter(({ actor }) => actor?.startsWith('token:approver')).length).toBe(2);
  }, 30_000);

  it('tells a gate’s yes to whoever follows the events', async () => {
    await fleet.application('followed', [{ ...canary, before: [{ approval: {} }] }, rest]);
    const release = await fleet.release('followed');
    await fleet.when('followed', release, ({ waves }) => waves[0]?.phase === 'gateBefore');
    const heard = new Promise<string>((resolve, reject) => {
      let seen = '';
      let asked = false;
      fleet.api
        .stream('/api/v1/events/stream', {}, (chunk, close) => {
          seen += chunk;
          if (!asked) {
            asked = true;
            setTimeout(() => void fleet.command('followed', 'approve', {}, { api: ann }).catch(reject), 300);
          }
          if (!/token:approver-1/.test(seen)) return;
          close();
          resolve(seen);
        })
        .catch(reject);
    });
    expect(await heard).toMatch(/data: \{.*"rollout":"followed-2".*token:approver-1/);
    await fleet.ended('followed');
  }, 30_000);

  it('holds where somebody says no, and asks anew once it is resumed', async () => {
    await fleet.application('refusing', [canary, { ...rest, before: [{ approval: {} }] }]);
    const release = await fleet.release('refusing');
    await fleet.when('refusing', release, ({ waves }) => waves[1]?.phase === 'gateBefore');
    await expect(fleet.command('refusing', 'reject', {}, { api: ann })).rejects.toMatchObject({
      problem: { status: 400, errors: [{ path: 'reason' }] },
    });
    const no = await fleet.command('refusing', 'reject', { reason: 'not on a Friday' }, { api: ann });
    expect(no).toMatchObject({ changed: true, rollout: { paused: true, state: 'running' } });
    expect(gate(no.rollout, 1)).toMatchObject({ state: 'refused' });
    expect(no.rollout.holds.find(({ code }) => code === 'gate')?.message).toContain('not on a Friday');
    expect((await fleet.api.get<Why>('/api/v1/why/rollouts/refusing')).sentence).toContain('not on a Friday');
    await fleet.command('refusing', 'resume');
    const waiting = await fleet.when('refusing', release, ({ paused }) => !paused);
    expect(gate(waiting, 1)).toMatchObject({ state: 'waiting' });
    await fleet.command('refusing', 'approve', { wave: 'rest' }, { api: bob });
    expect(await fleet.ended('refusing')).toMatchObject({ state: 'succeeded' });
  }, 30_000);

  it('waits at a schedule until its time, or until it is promoted', async () => {
    await fleet.application('scheduled', [
      canary,
      { ...rest, before: [{ schedule: { notBefore: '2090-01-01T00:00:00Z' } }] },
    ]);
    const release = await fleet.release('scheduled');
    const waiting = await fleet.when('scheduled', release, ({ waves }) => waves[1]?.phase === 'gateBefore');
    expect(gate(waiting, 1)).toMatchObject({
      type: 'schedule',
      notBefore: '2090-01-01T00:00:00.000Z',
      state: 'waiting',
    });
    expect(waiting.holds).toEqual([
      expect.objectContaining({ code: 'schedule', clearsAt: '2090-01-01T00:00:00.000Z' }),
    ]);
    await expect(fleet.command('scheduled', 'approve', {}, { api: ann })).rejects.toMatchObject(
      refused(409, 'no-approval-waits'),
    );
    const promoted = await fleet.command('scheduled', 'promote', { reason: 'it can not wait' });
    expect(gate(promoted.rollout, 1)).toMatchObject({ state: 'open', openedBy: 'token:first-admin' });
    expect(await fleet.ended('scheduled')).toMatchObject({ state: 'succeeded', release });
  }, 30_000);

  it('holds before its first assignment when it deletes too much, and lists what', async () => {
    const file = (number: number): string => configMap(`settings-${number}`, 'x');
    const many = Object.fromEntries([1, 2, 3, 4, 5, 6].map((number) => [`${number}.yaml`, file(number)]));
    await fleet.application('dropping', [canary, rest]);
    await fleet.release('dropping', many);
    await fleet.ended('dropping');
    const gone = Object.fromEntries([1, 2, 3, 4, 5].map((number) => [`${number}.yaml`, null]));
    const release = await fleet.release('dropping', gone);
    const held = await fleet.when('dropping', release, ({ paused }) => paused);
    expect(held).toMatchObject({ counts: { pending: 3 }, holds: [{ code: 'deletions' }] });
    expect(held.drops).toEqual([expect.objectContaining({ dropped: 5, of: 7 })]);
    expect(held.drops?.[0]?.objects.join()).toContain('settings-1');
    await expect(fleet.command('dropping', 'resume')).rejects.toMatchObject(refused(409, 'deletions'));
    const accepted = await fleet.command('dropping', 'resume', { accept: true, reason: 'they are not used' });
    expect(accepted).toMatchObject({ changed: true, rollout: { paused: false, deletionsAccepted: true } });
    expect(await fleet.ended('dropping')).toMatchObject({ state: 'succeeded', release });
  }, 40_000);
});
