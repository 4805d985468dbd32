import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  historyLineSchema,
  type HistoryLine,
  type RehearsalAnswer,
  type ReplayAnswer,
  type RolloutView,
  type TargetView,
} from '#contract';
import { CommandFleet, refused } from '../helpers/command-fleet.js';
import type { Script } from '../helpers/puppet-agent.js';

const silent: Script = () => null;
const failing: Script = () => ({ phase: 'failed', cause: 'health', message: 'it crashes' });
const canary = { name: 'canary', selector: { matchLabels: { ring: 'canary' } } };
const rest = { name: 'rest', maxConcurrency: 1 };

/** What is known of a rollout afterwards: its history, its state at any time, the proof of it; and beforehand, what it may be like. */
describe('a rollout looked at', () => {
  let fleet: CommandFleet;

  beforeAll(async () => {
    fleet = await CommandFleet.start({
      'a-1': { ring: 'canary' },
      ...Object.fromEntries([1, 2, 3, 4].map((number) => [`b-${number}`, { ring: 'rest' }])),
    });
  }, 60_000);

  beforeEach(() => fleet.allHealthy());

  afterAll(() => fleet?.close(), 30_000);

  const linesOf = async (id: string): Promise<HistoryLine[]> => {
    const { status, text, headers } = await fleet.api.raw('GET', `/api/v1/rollouts/${id}/history`);
    expect([status, headers['content-type']]).toEqual([200, 'application/x-ndjson; charset=utf-8']);
    expect(text.endsWith('\n')).toBe(true);
    return text
      .trimEnd()
      .split('\n')
      .map((line) => historyLineSchema.strict().parse(JSON.parse(line)));
  };
  const replay = (id: string): Promise<ReplayAnswer> => fleet.api.get(`/api/v1/rollouts/${id}/replay`);

  it('was at any time what it then was, and its steps lead to what is stored', async () => {
    await fleet.application('past', [canary, rest]);
    fleet.act(/^a-/, silent);
    const release = await fleet.release('past');
    const then = await fleet.when('past', release, ({ counts }) => counts.assigned === 1);
    const targets = await fleet.targets('past');
    await sleep(5);
    const at = new Date().toISOString();
    await sleep(5);
    await fleet.command('past', 'pause', { reason: 'a look' });
    await sleep(5);
    const paused = new Date().toISOString();
    await sleep(5);
    await fleet.command('past', 'resume');
    fleet.allHealthy();
    await fleet.pass('a-1', 'past');
    const ended = await fleet.ended('past');
    expect(ended).toMatchObject({ id: then.id, state: 'succeeded', release });

    const was = await fleet.api.get<RolloutView>(`/api/v1/rollouts/past?at=${at}`);
    expect(was).toEqual({ ...then, at });
    const query = `at=${at}`;
    expect(await fleet.targets('past', `&${query}`)).toEqual(targets);
    const first = await fleet.api.get<{ items: TargetView[]; next?: string }>(
      `/api/v1/rollouts/past/targets?limit=2&${query}`,
    );
    const second = await fleet.api.get<{ items: TargetView[] }>(
      `/api/v1/rollouts/past/targets?limit=3&${query}&after=${first.next ?? ''}`,
    );
    expect([...first.items, ...second.items]).toEqual(targets);
    expect(await fleet.targets('past', `&${query}&state=assigned`)).toEqual(
      targets.filter(({ state }) => state === 'assigned'),
    );
    const held = await fleet.api.get<RolloutView>(`/api/v1/rollouts/${then.id}?at=${paused}`);
    expect(held).toMatchObject({ paused: true, holds: [{ code: 'user' }, { code: 'inFlight' }] });
    const now = new Date().toISOString();
    expect(await fleet.api.get(`/api/v1/rollouts/past?at=${now}`)).toEqual({ ...ended, at: now });

    for (const [when, status, code] of [
      ['2090-01-01T00:00:00Z', 400, 'invalid'],
      ['yesterday', 400, 'invalid'],
      ['2001-01-01T00:00:00Z', 404, 'not-begun'],
    ] as const) {
      await expect(fleet.api.get(`/api/v1/rollouts/past?at=${when}`)).rejects.toMatchObject(refused(status, code));
    }
    for (const id of ['past-1', then.id]) expect(await replay(id)).toMatchObject({ rollout: id, ok: true });
    expect((await replay(then.id)).steps).toBeGreaterThan(5);
  }, 40_000);

  it('is replayed while it runs, after a rollback, and with a database that was tampered with', async () => {
    await fleet.application('proven', [canary, rest]);
    fleet.act(/^a-/, silent);
    const release = await fleet.release('proven');
    await fleet.when('proven', release, ({ counts }) => counts.assigned === 1);
    expect(await replay('proven')).toMatchObject({ rollout: 'proven-2', ok: true });
    fleet.allHealthy();
    await fleet.command('proven', 'rollback', { reason: 'no' });
    await fleet.ended('proven');
    for (const id of ['proven-1', 'proven-2', 'proven-3'])
      expect(await replay(id)).toMatchObject({ rollout: id, ok: true });
    await fleet.hub.hub.store.transact(async (unit) => {
      const header = await unit.rollouts.lock('proven');
      const changed = { ...header, version: header.version + 1, barred: [] };
      await unit.rollouts.commit('proven', {
        changed: true,
        header: changed,
        rows: [],
        effects: [],
        history: [],
        again: false,
      });
    });
    expect(await replay('proven-3')).toMatchObject({ ok: false, differs: expect.any(String) });
    await expect(replay('nothing-3')).rejects.toMatchObject({ problem: { status: 404 } });
  }, 40_000);

  it('has a history that is exported whole, line by line', async () => {
    await fleet.application('told', [
      { ...canary, before: [{ approval: {} }] },
      { ...rest, maxFailures: 1 },
    ]);
    fleet.act(/^b-4$/, failing);
    const release = await fleet.release('told');
    await fleet.when('told', release, ({ waves }) => waves[0]?.phase === 'gateBefore');
    const approver = await fleet.as('approver');
    await fleet.command('told', 'approve', { reason: 'seen' }, { api: approver });
    const { id } = await fleet.ended('told');
    const lines = await linesOf(id);
    const order = lines.map(({ seq }) => seq);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(new Set(order).size).toBe(order.length);
    expect(new Set(lines.map(({ rollout }) => rollout))).toEqual(new Set([id]));
    expect(lines[0]).toMatchObject({ event: 'started', actor: 'system' });
    expect(lines).toContainEqual(
      expect.objectContaining({ actor: expect.stringContaining('token:approver'), reason: 'seen' }),
    );
    expect(lines).toContainEqual(expect.objectContaining({ event: 'failed', cluster: 'b-4' }));
    expect(await linesOf('told')).toEqual(lines);
    await expect(fleet.api.get('/api/v1/rollouts/nothing-1/history')).rejects.toMatchObject({
      problem: { status: 404 },
    });
  }, 30_000);

  it('has a history of any length, read as fast as it is taken', async () => {
    await fleet.application('long', [rest]);
    const { store } = fleet.hub.hub;
    for (let batch = 0; batch < 3; batch += 1) {
      await store.transact(async (unit) => {
        const header = await unit.rollouts.lock('long');
        const history = Array.from({ length: 400 }, (_, line) => ({
          ...{ rollout: 'long-1', event: 'noted', message: `line ${batch * 400 + line} of ${'x'.repeat(200)}` },
        }));
        const after = { ...header, version: header.version + 1, seq: header.seq + history.length };
        await unit.rollouts.commit('long', {
          changed: true,
          header: after,
          rows: [],
          effects: [],
          history,
          again: false,
        });
      });
    }
    const noted = (await linesOf('long-1')).filter(({ event }) => event === 'noted');
    expect(noted.map(({ message }) => Number(/line (\d+)/.exec(message)?.[1]))).toEqual(
      Array.from({ length: 1200 }, (_, index) => index),
    );
  }, 30_000);

  it('is rehearsed over the present fleet, the same for the same seed, and nothing is written', async () => {
    await fleet.application('rehearsed', [{ ...canary, soak: '1m' }, rest]);
    fleet.act(/./, silent);
    const release = await fleet.release('rehearsed');
    await fleet.when('rehearsed', release, ({ counts }) => counts.assigned === 1);
    await expect(fleet.call('applications/rehearsed/rehearsals', {})).rejects.toMatchObject(
      refused(409, 'nothing-to-start'),
    );
    await fleet.command('rehearsed', 'cancel');
    const before = JSON.stringify([await fleet.rollout('rehearsed'), await fleet.targets('rehearsed')]);
    const ask = (body: object): Promise<RehearsalAnswer> =>
      fleet.call('applications/rehearsed/rehearsals', { latency: '1s', ready: '3s', ...body });
    const good = await ask({ runs: 40, seed: 7 });
    expect(good).toMatchObject({
      ...{ application: 'rehearsed', runs: 40, seed: 7, clusters: 5, outcomes: { succeeded: 40 }, exposed: null },
      waves: [
        { name: 'canary', clusters: 1, reached: 40 },
        { name: 'rest', clusters: 4, reached: 40 },
      ],
    });
    expect(good.durationMs.p50).toBeGreaterThan(60_000);
    expect(good.durationMs.p99).toBeGreaterThanOrEqual(good.durationMs.p50);
    expect(good.order.map(({ wave }) => wave)).toEqual(['canary', 'rest', 'rest', 'rest', 'rest']);
    expect({ ...(await ask({ runs: 40, seed: 7 })), tookMs: 0 }).toEqual({ ...good, tookMs: 0 });
    expect((await ask({ runs: 40, seed: 8 })).durationMs).not.toEqual(good.durationMs);

    const bad = await ask({ runs: 20, seed: 7, failureRate: 1 });
    expect(bad).toMatchObject({
      outcomes: { halted: 20 },
      exposed: { max: 1 },
      halts: [{ code: 'failures', wave: 'canary' }],
    });
    for (const [path, body] of [
      ['runs', { runs: 0 }],
      ['failureRate', { failureRate: 2 }],
      ['latency', { latency: 'soon' }],
    ] as const) {
      await expect(ask(body)).rejects.toMatchObject({ problem: { status: 400, errors: [{ path }] } });
    }
    expect(JSON.stringify([await fleet.rollout('rehearsed'), await fleet.targets('rehearsed')])).toBe(before);
  }, 40_000);
});
