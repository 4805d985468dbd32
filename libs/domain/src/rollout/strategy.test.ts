import { describe, expect, it } from '@jest/globals';
import { DEFAULT_STRATEGY, GATE_DEFAULTS, STRATEGY_DEFAULTS, WAVE_DEFAULTS } from './strategy.js';
import { resolveWave } from './plan-waves.js';
import { Scenario, strategy } from './testing/scenario.js';

const minute = 60_000;

describe('what a strategy does not say', () => {
  it.each([
    ['maxConcurrency', '10%'],
    ['maxFailures', '1%'],
    ['maxUnreachable', '20%'],
    ['ackTimeoutMs', 5 * minute],
    ['progressDeadlineMs', 10 * minute],
    ['healthyForMs', 30_000],
    ['soakMs', 0],
  ] as const)('of a wave, %s is %s', (field, value) => {
    expect(WAVE_DEFAULTS[field]).toBe(value);
  });

  it.each([
    ['onFailure', 'pause'],
    ['supersede', 'replace'],
    ['maxDeletions', '10%'],
  ] as const)('%s is %s', (field, value) => {
    expect(STRATEGY_DEFAULTS[field]).toBe(value);
  });

  it('a rollback takes back a quarter of the clusters at once', () => {
    expect(STRATEGY_DEFAULTS.rollback).toEqual({ maxConcurrency: '25%' });
  });

  it('of a gate is: one approver, asked each minute, one good sample, no bad one, in UTC', () => {
    expect(GATE_DEFAULTS).toEqual({
      ...{ approvers: 1, intervalMs: minute, count: 1, failureLimit: 0, timeZone: 'UTC' },
    });
  });

  it.each([
    [1, [1, 0, 0]],
    [4, [1, 0, 0]],
    [5, [1, 0, 1]],
    [99, [9, 0, 19]],
    [100, [10, 1, 20]],
    [10_000, [1000, 100, 2000]],
  ])('for %d clusters the budgets are %j in flight, failed, unreachable', (total, expected) => {
    const { maxConcurrency, maxFailures, maxUnreachable } = resolveWave({ ...WAVE_DEFAULTS, name: 'all' }, total);
    expect([maxConcurrency, maxFailures, maxUnreachable]).toEqual(expected);
  });
});

describe('an application without a strategy', () => {
  it('gets four waves: one cluster, 5 %, 25 %, the rest, each with a soak of 5 minutes', () => {
    expect(DEFAULT_STRATEGY.waves.map(({ take, soakMs }) => [take, soakMs])).toEqual([
      ...[
        [1, 5 * minute],
        ['5%', 5 * minute],
        ['25%', 5 * minute],
      ],
      [undefined, 5 * minute],
    ]);
    expect(new Set(DEFAULT_STRATEGY.waves.map(({ name }) => name)).size).toBe(4);
  });

  it('is rolled out by it: the second wave opens when the only canary passed and soaked', () => {
    const fleet = new Scenario(40);
    fleet.start(1, DEFAULT_STRATEGY);
    expect(fleet.in('assigned')).toHaveLength(1);
    fleet.passAll();
    fleet.pass(5 * minute - 1);
    expect(fleet.rollout.wave).toBe(0);
    fleet.pass(1);
    expect(fleet.rollout.wave).toBe(1);
  });
});

describe('the fields of a wave', () => {
  it.each([
    ['ackTimeoutMs', 'deferred', 'unreachable'],
    ['progressDeadlineMs', 'failed', 'deadline'],
  ] as const)('%s is what it says, to the millisecond', (field, state, reason) => {
    const fleet = new Scenario(1);
    fleet.start(1, strategy([{ ...WAVE_DEFAULTS, name: 'all', [field]: 40_000 }]));
    if (field === 'progressDeadlineMs') fleet.report('c0', { phase: 'progressing', steadyMs: 0 });
    fleet.pass(39_999);
    expect(fleet.row('c0').reason).toBeUndefined();
    fleet.pass(1);
    expect(fleet.row('c0')).toMatchObject({ state, reason });
  });

  it('healthyForMs is what the assignment carries', () => {
    const fleet = new Scenario(1);
    fleet.start(1, strategy([{ ...WAVE_DEFAULTS, name: 'all', healthyForMs: 7000 }]));
    expect(fleet.row('c0').assignment).toMatchObject({ healthyForMs: 7000 });
    fleet.report('c0', { steadyMs: 6999 });
    expect(fleet.row('c0').state).toBe('progressing');
    fleet.report('c0', { steadyMs: 7000 });
    expect(fleet.row('c0').state).toBe('passed');
  });
});
