import { describe, expect, it } from '@jest/globals';
import type { RolloutEvent } from '../model.js';
import type { GateSpec } from '../strategy.js';
import { Scenario, strategy, wave } from '../testing/scenario.js';
import type { Outcome } from '../testing/memory-shell.js';

const ann = { actor: 'token:ann' } as const;
const bob = { actor: 'token:bob' } as const;
const MINUTE = 60_000;

const approval = (approvers = 1): GateSpec => ({ type: 'approval', name: 'go', approvers });
const hook: GateSpec = { type: 'webhook', name: 'ci', url: 'https://ci.example/ok', intervalMs: MINUTE };
const metric = (more: Partial<Extract<GateSpec, { type: 'metric' }>> = {}): GateSpec => ({
  type: 'metric',
  name: 'errors',
  url: 'https://prometheus.example',
  query: 'up',
  successCondition: 'value < 1',
  intervalMs: MINUTE,
  count: 2,
  failureLimit: 1,
  ...more,
});
const schedule = (notBefore: number): GateSpec => ({ type: 'schedule', name: 'night', notBefore, windows: [] });

const gated = (before: readonly GateSpec[], more: Parameters<typeof wave>[1] = {}) =>
  strategy([wave('canary', { take: 1 }), wave('rest', { before, ...more })]);
const answer = (more: Partial<Extract<RolloutEvent, { type: 'gateAnswer' }>> = {}): RolloutEvent => ({
  type: 'gateAnswer',
  rollout: 'web-1',
  wave: 1,
  when: 'before',
  gate: 'ci',
  outcome: 'success',
  message: 'HTTP 200',
  ...more,
});
const asks = ({ decisions }: Outcome) =>
  decisions.flatMap(({ effects }) => effects.filter(({ type }) => type === 'ask'));
/** The canary has passed, and the second wave waits. */
const waiting = (before: readonly GateSpec[], more: Parameters<typeof wave>[1] = {}) => {
  const fleet = new Scenario(4);
  fleet.start(1, gated(before, more));
  fleet.passAll();
  return fleet;
};

describe('a wave with gates before it', () => {
  it('waits for them when its turn has come, and nobody of it is assigned', () => {
    const fleet = waiting([approval()]);
    expect(fleet.wave(1).phase).toBe('gateBefore');
    expect(fleet.in('pending', 1)).toHaveLength(3);
    expect(fleet.holds).toEqual([]);
    expect(fleet.wave(1).openedAt).toBeUndefined();
    fleet.pass(30 * 24 * 60 * MINUTE);
    expect(fleet.wave(1).phase).toBe('gateBefore');
  });

  it('is not woken for an approval: only a person brings that', () => {
    expect(waiting([approval()]).shell.header.wakeAt).toBeNull();
  });

  it('opens when all of them are open at once', () => {
    const fleet = waiting([approval(), hook]);
    fleet.take({ type: 'approve', ...bob });
    expect(fleet.wave(1).phase).toBe('gateBefore');
    fleet.take(answer());
    expect(fleet.wave(1).phase).toBe('progressing');
    expect(fleet.in('assigned', 1)).toHaveLength(3);
    expect(fleet.wave(1).gates).toMatchObject([
      { name: 'go', state: 'open', openedAt: fleet.now },
      { name: 'ci', state: 'open', openedAt: fleet.now, last: { message: 'HTTP 200' } },
    ]);
  });

  it('that are all open long before does not wait', () => {
    const fleet = new Scenario(4);
    fleet.start(1, gated([approval()]));
    fleet.take({ type: 'approve', wave: 'rest', ...bob });
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
  });

  it('and without clusters, or given up, waits for none of them', () => {
    const empty = new Scenario(1);
    empty.start(1, gated([approval()]));
    empty.passAll();
    expect(empty.wave(1).phase).toBe('skipped');
    expect(empty.rollout.state).toBe('succeeded');
    const given = waiting([approval()], { soakMs: MINUTE, after: [approval()] });
    given.take({ type: 'skip', wave: 'rest', reason: 'next week', ...ann });
    expect(given.wave(1).phase).toBe('skipped');
    expect(given.rollout.state).toBe('succeededWithExceptions');
  });

  it('has none of them in a rollback, nor in a catch-up', () => {
    const fleet = waiting([]);
    fleet.passAll();
    fleet.start(2, gated([hook], { after: [approval()] }));
    fleet.take({ type: 'rollback', ...ann });
    expect(fleet.rollout.waves[0]?.gates).toBeUndefined();
    fleet.passAll();
    expect(fleet.rollout).toMatchObject({ kind: 'rollback', state: 'succeeded' });
  });
});

describe('a wave with gates after it', () => {
  const after = () => {
    const fleet = new Scenario(4);
    fleet.start(1, strategy([wave('canary', { take: 1, soakMs: MINUTE, after: [approval(), hook] }), wave('rest')]));
    fleet.passAll();
    fleet.pass(MINUTE);
    return fleet;
  };

  it('asks them when the soak is over, and is done when they are open', () => {
    const fleet = after();
    expect(fleet.wave(0).phase).toBe('gateAfter');
    expect(fleet.wave(1).phase).toBe('pending');
    fleet.take(answer({ wave: 0, when: 'after' }));
    fleet.take({ type: 'approve', ...bob });
    expect(fleet.wave(0).phase).toBe('done');
    expect(fleet.wave(1).phase).toBe('progressing');
  });

  it('asks the outside once more, but not its approvers, when a cluster of it was tried again', () => {
    const fleet = new Scenario(4);
    const spec = wave('canary', { take: 2, maxFailures: 1, after: [approval(2), hook, metric()] });
    fleet.start(1, strategy([spec, wave('rest')]));
    const [bad = '', good = ''] = fleet.in('assigned');
    fleet.report(bad, { phase: 'failed', steadyMs: 0 });
    fleet.report(good);
    expect(fleet.wave(0).phase).toBe('gateAfter');
    fleet.take({ type: 'approve', ...bob });
    fleet.take(answer({ wave: 0, when: 'after' }));
    fleet.take(answer({ wave: 0, when: 'after', gate: 'errors' }));
    fleet.take({ type: 'retry', ...ann });
    expect(fleet.wave(0).phase).toBe('progressing');
    fleet.passAll();
    expect(fleet.wave(0).phase).toBe('gateAfter');
    const [go, ci, errors] = fleet.wave(0).gates ?? [];
    expect(go?.approvals).toHaveLength(1);
    expect(ci).toMatchObject({ state: 'waiting', since: fleet.now });
    expect(errors?.samples).toBeUndefined();
  });

  it('waits for nobody where nobody is left', () => {
    const fleet = new Scenario(2);
    fleet.start(1, strategy([wave('canary', { take: 1, after: [approval()] }), wave('rest')]));
    fleet.take({ type: 'skip', clusters: fleet.in('assigned'), reason: 'broken', ...ann });
    expect(fleet.wave(0).phase).toBe('skipped');
  });
});

describe('a webhook', () => {
  it('is asked at once and then each interval, until it says yes', () => {
    const fleet = new Scenario(4);
    fleet.start(1, gated([hook]));
    const [canary = ''] = fleet.in('assigned');
    expect(asks(fleet.report(canary))).toEqual([
      { type: 'ask', rollout: 'web-1', wave: 1, when: 'before', gate: hook },
    ]);
    expect(fleet.shell.header.wakeAt).toBe(fleet.now + MINUTE);
    expect(asks(fleet.take({ type: 'tick' }))).toEqual([]);
    fleet.take(answer({ outcome: 'failure', message: 'HTTP 503' }));
    expect(fleet.wave(1).gates?.[0]).toMatchObject({ state: 'waiting', last: { message: 'HTTP 503', at: fleet.now } });
    fleet.now += MINUTE;
    expect(asks(fleet.take({ type: 'tick' }))).toHaveLength(1);
    fleet.take(answer());
    expect(fleet.wave(1).phase).toBe('progressing');
  });

  it.each([
    ['of another rollout', { rollout: 'web-9' }],
    ['of another wave', { wave: 0 }],
    ['of the other side', { when: 'after' as const }],
    ['of a gate that there is not', { gate: 'other' }],
    ['of an approval, which nobody but a person gives', { gate: 'go' }],
  ])('an answer %s changes nothing', (_what, more) => {
    const fleet = waiting([hook, approval()]);
    const { header } = fleet.shell;
    fleet.take(answer(more));
    expect(fleet.shell.header).toBe(header);
  });

  it('is not asked while the rollout is paused, and at once when it goes on', () => {
    const fleet = waiting([hook]);
    fleet.take({ type: 'pause', ...ann });
    fleet.pass(10 * MINUTE);
    expect(asks(fleet.take({ type: 'resume', ...ann }))).toHaveLength(1);
  });

  it('is never asked more often than each second, whatever is declared', () => {
    const fleet = waiting([{ ...hook, intervalMs: 0 }]);
    expect(fleet.shell.header.wakeAt).toBe(fleet.now + 1000);
  });
});

describe('a metric', () => {
  const sample = (fleet: Scenario, outcome: 'success' | 'failure' | 'noData') => {
    fleet.take(answer({ gate: 'errors', outcome, message: `value ${outcome}` }));
    fleet.pass(MINUTE);
  };

  it('opens after so many good samples, an interval apart', () => {
    const fleet = waiting([metric()]);
    sample(fleet, 'success');
    expect(fleet.wave(1).gates?.[0]).toMatchObject({ state: 'waiting', samples: { ok: 1, failed: 0 } });
    sample(fleet, 'success');
    expect(fleet.wave(1).phase).toBe('progressing');
  });

  it('counts one answer for each time that it was asked', () => {
    const fleet = waiting([metric()]);
    fleet.take(answer({ gate: 'errors' }));
    fleet.take(answer({ gate: 'errors' }));
    expect(fleet.wave(1).gates?.[0]?.samples).toEqual({ ok: 1, failed: 0 });
  });

  it('takes no data for no sample, for as long as it lasts', () => {
    const fleet = waiting([metric()]);
    for (let round = 0; round < 20; round += 1) sample(fleet, 'noData');
    expect(fleet.wave(1).gates?.[0]).toMatchObject({ state: 'waiting', last: { message: 'value noData' } });
    expect(fleet.wave(1).gates?.[0]?.samples).toBeUndefined();
  });

  it('with more bad samples than may be says no: the rollout holds, and says which gate and why', () => {
    const fleet = waiting([metric()]);
    sample(fleet, 'failure');
    expect(fleet.holds).toEqual([]);
    sample(fleet, 'failure');
    expect(fleet.rollout.holds).toMatchObject([
      { code: 'gate', message: 'metric errors of wave rest said no: value failure' },
    ]);
    expect(fleet.wave(1).gates?.[0]?.state).toBe('refused');
    expect(fleet.rollout.kind).toBe('forward');
  });

  it('that said no takes the release back where the strategy says so', () => {
    const fleet = new Scenario(4);
    fleet.start(1, { ...gated([metric({ failureLimit: 0 })]), onFailure: 'rollback' });
    fleet.passAll();
    sample(fleet, 'failure');
    expect(fleet.rollout).toMatchObject({ kind: 'rollback', release: 1 });
    expect(fleet.rollout.reason).toBe('a gate said no, and the strategy says onFailure: rollback');
  });

  it('that said no begins anew, without samples, when somebody resumes', () => {
    const fleet = waiting([metric({ failureLimit: 0 })]);
    sample(fleet, 'failure');
    fleet.pass(10 * MINUTE);
    const outcome = fleet.take({ type: 'resume', ...ann });
    expect(fleet.holds).toEqual([]);
    expect(asks(outcome)).toHaveLength(1);
    expect(fleet.wave(1).gates?.[0]?.samples).toBeUndefined();
    sample(fleet, 'success');
    sample(fleet, 'success');
    expect(fleet.wave(1).phase).toBe('progressing');
  });

  it('that said no holds no longer once its wave is given up', () => {
    const fleet = waiting([metric({ failureLimit: 0 })]);
    sample(fleet, 'failure');
    fleet.take({ type: 'skip', wave: 'rest', reason: 'enough', ...ann });
    expect(fleet.rollout.state).toBe('succeededWithExceptions');
  });
});

describe('a schedule', () => {
  it('opens by itself when its time has come', () => {
    const fleet = waiting([schedule(1_000_000 + 60 * MINUTE)]);
    expect(fleet.shell.header.wakeAt).toBe(1_000_000 + 60 * MINUTE);
    fleet.pass(60 * MINUTE - 1);
    expect(fleet.wave(1).phase).toBe('gateBefore');
    fleet.pass(1);
    expect(fleet.wave(1).phase).toBe('progressing');
  });

  it('is looked at anew: one that closed again keeps the wave waiting until it opens the next time', () => {
    // START is 00:16:40 UTC: open for 10 minutes of each hour.
    const hourly: GateSpec = {
      type: 'schedule',
      name: 'hourly',
      windows: [{ cron: '30 * * * *', durationMs: 10 * MINUTE, timeZone: 'UTC' }],
    };
    const fleet = waiting([hourly, approval()]);
    fleet.pass(30 * MINUTE);
    fleet.take({ type: 'approve', ...bob });
    expect(fleet.wave(1).phase).toBe('gateBefore');
    expect(fleet.shell.header.wakeAt).toBe(Date.UTC(1970, 0, 1, 1, 30));
    fleet.pass(60 * MINUTE);
    expect(fleet.wave(1).phase).not.toBe('gateBefore');
  });

  it('that never opens wakes nobody', () => {
    const never: GateSpec = {
      type: 'schedule',
      name: 'never',
      windows: [{ cron: '0 0 30 2 *', durationMs: MINUTE, timeZone: 'UTC' }],
    };
    expect(waiting([never]).shell.header.wakeAt).toBeNull();
  });
});
