import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AuditView, CommandAnswer, EventView, Why } from '#contract';
import { CommandFleet, refused } from '../helpers/command-fleet.js';
import type { Script } from '../helpers/puppet-agent.js';
import { eventually } from '../helpers/test-hub.js';

const silent: Script = () => null;
const working: Script = () => ({ phase: 'progressing' });
const failing: Script = () => ({ phase: 'failed', cause: 'health', message: 'it crashes' });

const canary = { name: 'canary', selector: { matchLabels: { ring: 'canary' } } };
const rest = { name: 'rest' };

/** Rollouts steered by their commands: what each changes, what it refuses, and that it is done once. */
describe('a command', () => {
  let fleet: CommandFleet;

  beforeAll(async () => {
    const ring = (name: string): Record<string, string> => ({ ring: name });
    fleet = await CommandFleet.start({
      ...{ 'a-1': ring('canary'), 'a-2': ring('canary') },
      ...{ 'b-1': ring('rest'), 'b-2': ring('rest'), 'b-3': ring('rest') },
    });
  }, 60_000);

  beforeEach(() => fleet.allHealthy());

  afterAll(() => fleet?.close(), 30_000);

  const audited = async (act: string, object?: string): Promise<AuditView[]> =>
    (await fleet.api.get<{ items: AuditView[] }>('/api/v1/audit?limit=1000')).items.filter(
      (entry) => entry.act === act && (object === undefined || entry.object === object),
    );

  it('pauses hard: agents are told to stop, and to go on when it is resumed', async () => {
    await fleet.application('hard', [canary, rest]);
    fleet.act(/^a-/, working);
    const release = await fleet.release('hard');
    await fleet.when('hard', release, ({ counts }) => counts.progressing === 2);

    const soft = await fleet.command('hard', 'pause', { reason: 'looking' });
    expect(soft).toMatchObject({
      changed: true,
      rollout: { paused: true, holds: [{ code: 'user' }, { code: 'inFlight' }] },
    });
    expect(soft.changes.join()).toContain('paused');
    expect(soft.rollout.hard).toBeUndefined();
    expect((await fleet.told('a-1', 'hard'))?.halted).toBeUndefined();

    const hard = await fleet.command('hard', 'pause', { hard: true, reason: 'stop it' });
    expect(hard).toMatchObject({ changed: true, rollout: { paused: true, hard: true } });
    await eventually(
      'a-1 is told to halt',
      () => fleet.told('a-1', 'hard'),
      (told) => told?.halted === true,
    );
    expect(
      (await fleet.targets('hard'))
        .filter(({ halted }) => halted)
        .map(({ cluster }) => cluster)
        .sort(),
    ).toEqual([...['a-1', 'a-2']]);

    expect(await fleet.command('hard', 'resume')).toMatchObject({ changed: true, rollout: { paused: false } });
    await eventually(
      'a-1 is told to go on',
      () => fleet.told('a-1', 'hard'),
      (told) => told?.halted === undefined,
    );
    fleet.allHealthy();
    await fleet.pass('a-1', 'hard');
    await fleet.pass('a-2', 'hard');
    expect(await fleet.ended('hard')).toMatchObject({ state: 'succeeded', release });
    await expect(fleet.command('hard', 'pause')).rejects.toMatchObject(refused(409, 'not-running'));
    const acts = await audited('rollout.pause', (await fleet.rollout('hard')).id.replace(/^/, 'Rollout/'));
    expect(acts.map(({ reason, detail, actor }) => [actor, reason, detail?.['hard']])).toEqual([
      ['token:first-admin', 'stop it', true],
      ['token:first-admin', 'looking', undefined],
    ]);
  }, 40_000);

  it('takes off a pause that waits for the next rollout, and says until then that it waits', async () => {
    await fleet.application('braked', [canary, rest]);
    await fleet.ended('braked');
    const pause = {
      apiVersion: 'flotilla.dev/v1',
      kind: 'Pause',
      metadata: { name: 'braked' },
      spec: { reason: 'lunch' },
    };
    await fleet.api.post('/api/v1/apply', { documents: [pause] });
    const why = (): Promise<Why> => fleet.api.get('/api/v1/why/applications/braked');
    const line = 'Its next rollout begins paused, by token:first-admin: lunch';
    expect(await why()).toMatchObject({
      evidence: expect.arrayContaining([line]),
      can: expect.arrayContaining(['flotilla rollout resume braked']),
    });
    expect(await fleet.command('braked', 'resume', {}, { dryRun: true })).toMatchObject({ changed: true });
    expect((await why()).evidence).toContain(line);
    const resumed = await fleet.command('braked', 'resume', { reason: 'back again' });
    expect(resumed).toMatchObject({ changed: true, changes: ['the next rollout of braked does not begin paused'] });
    expect((await why()).evidence).not.toContain(line);
    expect(await audited('rollout.resume', 'Application/braked')).toMatchObject([
      { actor: 'token:first-admin', reason: 'back again', detail: { pause: 'lunch' } },
    ]);
    await expect(fleet.command('braked', 'resume')).rejects.toMatchObject(refused(409, 'not-running'));
    const release = await fleet.release('braked');
    expect(await fleet.ended('braked')).toMatchObject({ state: 'succeeded', release, paused: false });
    // What is taken back is not paused by it; where a person paused that, it goes on first.
    fleet.act(/./, silent);
    await fleet.command('braked', 'rollback');
    await fleet.api.post('/api/v1/apply', { documents: [pause] });
    expect(await fleet.command('braked', 'pause')).toMatchObject({ changed: true, rollout: { kind: 'rollback' } });
    expect(await fleet.command('braked', 'resume')).toMatchObject({ changed: true, rollout: { paused: false } });
    expect((await why()).evidence).toContain(line);
    expect(await fleet.command('braked', 'resume')).toMatchObject({ changed: true });
    expect((await why()).evidence).not.toContain(line);
  }, 40_000);

  it('gives a cluster up, tries one again, and gives a whole wave up, always with a reason', async () => {
    await fleet.application('skipping', [{ ...canary, maxFailures: 0 }, rest]);
    fleet.act(/^a-1$/, failing);
    fleet.act(/^b-/, silent);
    const release = await fleet.release('skipping');
    await fleet.when('skipping', release, ({ paused, counts }) => paused && counts.passed === 1);
    await expect(fleet.command('skipping', 'resume')).rejects.toMatchObject(refused(409, 'over-budget'));
    await expect(fleet.command('skipping', 'retry', { clusters: ['a-2'] })).rejects.toMatchObject(
      refused(409, 'not-retryable'),
    );
    expect(await fleet.command('skipping', 'retry', { clusters: ['a-1'] })).toMatchObject({ changed: true });
    await fleet.when('skipping', release, ({ paused, counts }) => paused && counts.failed === 1);
    await expect(fleet.command('skipping', 'skip', { clusters: ['a-1'] })).rejects.toMatchObject({
      problem: { status: 400, errors: [{ path: 'reason' }] },
    });
    await expect(
      fleet.command('skipping', 'skip', { clusters: ['a-1'], wave: 'rest', reason: 'both' }),
    ).rejects.toMatchObject({ problem: { status: 400, errors: [{ path: 'clusters' }] } });
    const skipped = await fleet.command('skipping', 'skip', { clusters: ['a-1'], reason: 'it is scrapped tomorrow' });
    expect(skipped).toMatchObject({ changed: true, changes: expect.arrayContaining(['a-1 skipped']) });
    expect(await fleet.command('skipping', 'skip', { clusters: ['a-1'], reason: 'again' })).toMatchObject({
      ...{ changed: false, changes: [] },
    });

    await fleet.when('skipping', release, ({ counts }) => counts.assigned === 3);
    await expect(
      fleet.command('skipping', 'skip', { wave: 'nowhere', reason: 'a typing error' }),
    ).rejects.toMatchObject({ problem: { status: 409 } });
    const given = await fleet.command('skipping', 'skip', { wave: 'rest', reason: 'the data centre is moving' });
    expect(given.rollout.waves[1]).toMatchObject({ givenUp: { reason: 'the data centre is moving' } });
    expect(await fleet.ended('skipping')).toMatchObject({ state: 'succeededWithExceptions', counts: { skipped: 4 } });
    const acts = await audited('rollout.skip');
    expect(acts.map(({ reason, detail }) => [reason, detail])).toEqual([
      ['the data centre is moving', { wave: 'rest' }],
      ['it is scrapped tomorrow', { clusters: ['a-1'] }],
    ]);
  }, 40_000);

  it('ends a soak early, and says what it waits for where there is none', async () => {
    await fleet.application('soaking', [{ ...canary, soak: '10m' }, rest]);
    const release = await fleet.release('soaking');
    const soaking = await fleet.when('soaking', release, ({ waves }) => waves[0]?.phase === 'soaking');
    expect(soaking.waves[0]?.soak).toMatchObject({ ms: 600_000, since: expect.any(String), until: expect.any(String) });
    expect(soaking.holds).toEqual([expect.objectContaining({ code: 'soak', clearsAt: soaking.waves[0]?.soak?.until })]);
    expect(await fleet.command('soaking', 'promote', { reason: 'seen enough' })).toMatchObject({ changed: true });
    expect(await fleet.ended('soaking')).toMatchObject({ state: 'succeeded', release });
    await expect(fleet.command('soaking', 'promote')).rejects.toMatchObject(refused(409, 'not-running'));
  }, 30_000);

  it('plans the rest anew: by the labels and the strategy of now, and only who waits moves', async () => {
    await fleet.application('replanned', [canary, { ...rest, maxConcurrency: 1 }]);
    fleet.act(/^a-/, silent);
    const release = await fleet.release('replanned');
    await fleet.when('replanned', release, ({ counts }) => counts.assigned === 2);
    await fleet.strategy('replanned', [canary, { ...rest, maxConcurrency: 3, maxFailures: 2 }]);
    const before = await fleet.rollout('replanned');
    const answer = await fleet.command('replanned', 'replan', { reason: 'we are in a hurry' });
    expect(answer).toMatchObject({ changed: true, rollout: { id: before.id, wave: 0 } });
    expect(answer.rollout.waves[1]).toMatchObject({ maxConcurrency: 3, maxFailures: 2 });
    expect(answer.rollout.planDigest).not.toBe(before.planDigest);
    expect((await fleet.rollout('replanned')).planDigest).toBe(answer.rollout.planDigest);
    await fleet.strategy('replanned', [{ name: 'other' }]);
    await expect(fleet.command('replanned', 'replan')).rejects.toMatchObject(refused(409, 'waves-changed'));
    fleet.allHealthy();
    for (const name of ['a-1', 'a-2']) await fleet.pass(name, 'replanned');
    expect(await fleet.ended('replanned')).toMatchObject({ state: 'succeeded', release });
    await expect(fleet.command('replanned', 'replan')).rejects.toMatchObject(refused(409, 'not-running'));
  }, 30_000);

  it('is done once under its key, however often and by however many it is sent', async () => {
    await fleet.application('once', [canary, rest]);
    fleet.act(/./, silent);
    const release = await fleet.release('once');
    const { id } = await fleet.when('once', release, ({ counts }) => counts.assigned === 2);
    const send = (key: string, body: object, verb = 'pause'): Promise<{ status: number; text: string }> =>
      fleet.raw(`rollouts/once/${verb}`, body, { key });
    const first = await send('key-1', { reason: 'lunch' });
    expect(JSON.parse(first.text)).toMatchObject({ changed: true });
    expect(await send('key-1', { reason: 'lunch' })).toMatchObject({ status: 200, text: first.text });
    // Whatever happened since, and whoever restarted: the answer is that of then.
    await fleet.command('once', 'resume');
    expect(await send('key-1', { reason: 'lunch' })).toMatchObject({ status: 200, text: first.text });
    expect((await fleet.rollout('once')).paused).toBe(false);
    for (const [body, verb] of [
      [{ reason: 'dinner' }, 'pause'],
      [{ reason: 'lunch' }, 'cancel'],
    ] as const) {
      const other = await send('key-1', body, verb);
      expect(JSON.parse(other.text)).toMatchObject({ status: 422, code: 'idempotency-key-reused' });
    }
    // Another person's key is another key.
    const operator = await fleet.as('operator');
    const theirs = await fleet.raw('rollouts/once/pause', { reason: 'tea' }, { key: 'key-1', api: operator });
    expect(JSON.parse(theirs.text)).toMatchObject({ changed: true });
    await fleet.command('once', 'resume');

    const many = await Promise.all(Array.from({ length: 8 }, () => send('key-2', { reason: 'all at once' })));
    expect(new Set(many.map(({ text }) => text)).size).toBe(1);
    expect(JSON.parse(many[0]?.text ?? '')).toMatchObject({ changed: true });
    const pauses = await audited('rollout.pause', `Rollout/${id}`);
    expect(pauses.map(({ reason }) => reason)).toEqual(['all at once', 'tea', 'lunch']);

    // What the second of two equal requests would be refused is what the first one did.
    const cancels = await Promise.all(Array.from({ length: 4 }, () => send('key-3', {}, 'rollback')));
    expect(new Set(cancels.map(({ text }) => text)).size).toBe(1);
    for (const key of ['', 'with space', 'ü', 'x'.repeat(129)]) {
      const bad = await send(key, {});
      expect(JSON.parse(bad.text)).toMatchObject({ status: 400, errors: [{ path: 'Idempotency-Key' }] });
    }
  }, 40_000);

  it('answers what it would do, and does nothing of it', async () => {
    await fleet.application('imagined', [canary, rest]);
    fleet.act(/./, silent);
    const release = await fleet.release('imagined');
    await fleet.when('imagined', release, ({ counts }) => counts.assigned === 2);
    const before = JSON.stringify([await fleet.rollout('imagined'), await fleet.targets('imagined')]);
    const events = async (): Promise<EventView[]> =>
      (await fleet.api.get<{ items: EventView[] }>('/api/v1/events?application=imagined&limit=500')).items;
    const audits = async (): Promise<AuditView[]> =>
      (await fleet.api.get<{ items: AuditView[] }>('/api/v1/audit?limit=1000')).items;
    const [history, lines] = [await events(), await audits()];
    const tries: (readonly [verb: string, body: object, seen: object])[] = [
      ['pause', { hard: true }, { changed: true, rollout: { paused: true, hard: true } }],
      ['skip', { wave: 'rest', reason: 'what if' }, { changed: true }],
      ['rollback', { reason: 'what if' }, { changed: true, rollout: { kind: 'rollback' } }],
      ['cancel', {}, { changed: true, rollout: { state: 'cancelled' } }],
      ['replan', {}, { rollout: { release } }],
    ];
    for (const [verb, body, seen] of tries) {
      const answer = await fleet.command('imagined', verb, body, { dryRun: true, key: `dry-${verb}` });
      expect(answer).toMatchObject({ ...seen, dryRun: true });
    }
    const start = await fleet.call<CommandAnswer>(
      'applications/imagined/rollouts',
      { release: release - 1 },
      { dryRun: true },
    );
    expect(start).toMatchObject({ dryRun: true, changed: true, rollout: { release: release - 1 } });
    await expect(fleet.command('imagined', 'retry', { clusters: ['nobody'] }, { dryRun: true })).rejects.toMatchObject({
      problem: { status: 404 },
    });
    await expect(fleet.call('rollouts/imagined/pause?dryRun=yes')).rejects.toMatchObject({
      problem: { status: 400, errors: [{ path: 'dryRun' }] },
    });
    expect(JSON.stringify([await fleet.rollout('imagined'), await fleet.targets('imagined')])).toBe(before);
    expect(await events()).toEqual(history);
    expect(await audits()).toEqual(lines);
    // A key that was only tried is free.
    expect(await fleet.command('imagined', 'cancel', {}, { key: 'dry-cancel' })).toMatchObject({ changed: true });
  }, 30_000);

  it('is written in the API’s description with its key and its dry run', async () => {
    const { paths } = await fleet.api.get<{
      paths: Record<string, Record<string, { parameters?: { name: string; in: string }[] }>>;
    }>('/api/v1/openapi.json');
    const commands = Object.entries(paths).filter(([path]) =>
      /(freeze|hold|rollbacks|lift|\}\/rollouts|rollouts\/\{id\}\/(?!targets|receipt|history|replay)\w+)$/.test(path),
    );
    expect(commands.length).toBe(17);
    for (const [path, { post }] of commands) {
      const names = (post?.parameters ?? []).map((parameter) => `${parameter.in} ${parameter.name}`);
      expect([path, names]).toEqual([path, expect.arrayContaining(['header Idempotency-Key', 'query dryRun'])]);
    }
  });
});
