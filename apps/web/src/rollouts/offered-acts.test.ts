import { describe, expect, it } from '@jest/globals';
import type { GateView, RolloutView, WaveView } from '#contract';
import { approvableWaves, offeredActs, skippableWaves } from './offered-acts.js';

const none = {
  pending: 0,
  assigned: 0,
  progressing: 0,
  passed: 0,
  failed: 0,
  deferred: 0,
  unchanged: 0,
  skipped: 0,
  removed: 0,
};

const wave = (name: string, more: Partial<WaveView> = {}): WaveView => ({
  ...{ name, phase: 'pending', total: 2, counts: none, maxConcurrency: 1, maxFailures: 0, maxUnreachable: 0 },
  ...more,
});

const gate = (more: Partial<GateView>): GateView => ({
  ...{ when: 'before', name: 'yes', type: 'approval', state: 'waiting', wants: 'an approval' },
  ...more,
});

const rollout = (more: Partial<RolloutView> = {}): RolloutView => ({
  ...{ id: 'web-2', application: 'web', number: 2, kind: 'forward', release: 2, revision: 'abc', state: 'running' },
  ...{ paused: false, wave: 0, waves: [wave('one', { phase: 'progressing' }), wave('two')], counts: none, total: 4 },
  ...{ holds: [], why: '', startedAt: '2030-01-01T00:00:00.000Z', startedBy: 'token:ann', warnings: [] },
  ...more,
});

const hold = (code: string) => ({ code, message: '', since: '2030-01-01T00:00:00.000Z' });
const ids = (view: RolloutView, isNewest = true): string[] => offeredActs(view, isNewest).map(({ id }) => id);

describe('the acts that are offered', () => {
  it('are pause, rollback, skip, replan and cancel while it simply runs', () => {
    expect(ids(rollout())).toEqual(['pause', 'rollback', 'skip', 'replan', 'cancel']);
  });

  it('are none of a rollout of the past, nor of one that a newer one followed', () => {
    expect(ids(rollout({ at: '2030-01-01T00:00:00.000Z' }))).toEqual([]);
    expect(ids(rollout(), false)).toEqual([]);
  });

  it('are a rollback once it ended, unless it is one, or was taken back', () => {
    expect(ids(rollout({ state: 'succeeded' }))).toEqual(['rollback']);
    expect(ids(rollout({ state: 'succeeded', kind: 'rollback' }))).toEqual([]);
    expect(ids(rollout({ state: 'rolledBack' }))).toEqual([]);
  });

  it('put resume first where it is paused, and offer a harder pause', () => {
    const paused = offeredActs(rollout({ paused: true, holds: [hold('user')] }), true);
    expect(paused[0]).toMatchObject({ id: 'resume', isNext: true });
    expect(paused.find(({ id }) => id === 'pause')?.verb).toBe('Pause hard');
    expect(ids(rollout({ paused: true, hard: true, holds: [hold('user')] }))).not.toContain('pause');
  });

  it('do not offer a resume that is refused for want of evidence, but a retry', () => {
    const acts = offeredActs(
      rollout({ paused: true, holds: [hold('noEvidence')], counts: { ...none, deferred: 1 } }),
      true,
    );
    expect(acts.map(({ id }) => id)).not.toContain('resume');
    expect(acts.find(({ id }) => id === 'retry')).toMatchObject({ isNext: true });
  });

  it('ask an approver, and only an approver, for a yes', () => {
    const asking = rollout({ waves: [wave('one', { phase: 'gateBefore', gates: [gate({})] })] });
    const approve = offeredActs(asking, true).find(({ id }) => id === 'approve');
    expect(approve).toMatchObject({ needs: 'approver', isNext: true });
    expect(ids(asking)).toContain('reject');
  });

  it('promote a soak and a schedule, and nothing else', () => {
    expect(ids(rollout({ waves: [wave('one', { phase: 'soaking' })] }))).toContain('promote');
    const scheduled = wave('one', { phase: 'gateBefore', gates: [gate({ type: 'schedule' })] });
    expect(ids(rollout({ waves: [scheduled] }))).toContain('promote');
    expect(ids(rollout())).not.toContain('promote');
  });

  it('do not plan a rollback anew', () => {
    expect(ids(rollout({ kind: 'rollback' }))).toEqual(['pause', 'skip', 'cancel']);
  });
});

describe('waves', () => {
  it('take a yes while they wait, and ahead of time', () => {
    const view = rollout({
      waves: [
        wave('done', { phase: 'done', gates: [gate({})] }),
        wave('runs', { phase: 'progressing', gates: [gate({ state: 'open' }), gate({ when: 'after' })] }),
        wave('begun', { phase: 'progressing', gates: [gate({})] }),
        wave('later', { gates: [gate({})] }),
        wave('refused', { gates: [gate({ state: 'refused' })] }),
      ],
    });
    expect(approvableWaves(view).map(({ name }) => name)).toEqual(['runs', 'later']);
  });

  it('can be given up until they are over', () => {
    const view = rollout({
      waves: [wave('a', { phase: 'done' }), wave('b', { givenUp: { by: 'token:ann', reason: 'x' } }), wave('c')],
    });
    expect(skippableWaves(view).map(({ name }) => name)).toEqual(['c']);
  });
});
