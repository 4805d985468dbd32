import { describe, expect, it } from '@jest/globals';
import { canonicalJson } from '../../canonical-json.js';
import type { ApplicationHeader, Decision, Millis, PresenceInput, RolloutEvent, TargetRow } from '../model.js';
import type { MemoryShell } from '../testing/memory-shell.js';
import { Scenario, strategy, wave } from '../testing/scenario.js';
import { rehearse, Rehearsal } from './rehearsal.js';
import { EXACT, HEALTHY_FOR, input, reportOf, SOAK, threeWaves } from './rehearsal.suite.js';
import type { OnStep, RehearsedRun } from './rehearsed-run.js';
import type { RehearsalReport } from './run-figures.js';

const mean = (report: RehearsalReport, what: 'durationMs' | 'exposed'): number => report[what]?.mean ?? Number.NaN;

/** An application whose release 1 is everywhere. */
function fleetOn(clusters: number, ended: (scenario: Scenario) => void = () => undefined): Scenario {
  const scenario = new Scenario(clusters);
  scenario.start(1, strategy([wave('all')]));
  scenario.passAll();
  ended(scenario);
  return scenario;
}

const present = ({ shell }: Scenario): { header: ApplicationHeader; rows: TargetRow[]; now: Millis } => ({
  header: shell.header,
  rows: [...shell.rows.values()],
  now: shell.header.now,
});

describe('a rehearsal', () => {
  it('says the same of the same seed, byte for byte, and something else of another', () => {
    const rates = { failureRate: 0.02, offlineRate: 0.1, flapRate: 0.2, lateFailureRate: 0.02 };
    const first = canonicalJson(reportOf(input(rates)));
    expect(canonicalJson(reportOf(input(rates)))).toBe(first);
    expect(canonicalJson(reportOf(input(rates, { seed: 2 })))).not.toBe(first);
  });

  it('plays each run by itself: none depends on those before, nor on what else is rehearsed', () => {
    const given = input({ failureRate: 0.05, offlineRate: 0.1, flapRate: 0.1 });
    const [one, other] = [new Rehearsal(given), new Rehearsal(given)];
    const played: RehearsedRun[] = [];
    for (let run = 0; run < 10; run += 1) played.push(one.next());
    for (const run of played) expect(canonicalJson(other.next())).toBe(canonicalJson(run));
    expect(new Set(played.map(({ durationMs }) => durationMs)).size).toBeGreaterThan(5);
  });

  it('takes every decision that the shell of the property tests takes of the same events', () => {
    const begun: { event: RolloutEvent; now: Millis; presence: PresenceInput[]; bytes: string }[] = [];
    let shell: MemoryShell | null = null;
    let compared = 0;
    const take = (on: MemoryShell, given: (typeof begun)[number]): void => {
      for (const { uid, ...presence } of given.presence) on.presence.set(uid, presence);
      expect(bytes(on.one(given.event, given.now).decision)).toBe(given.bytes);
      compared += 1;
    };
    const onStep: OnStep = (event, now, { all, decision }) => {
      const presence = all().map(({ row: { uid }, online, seenAt }) => ({ uid, online, seenAt }));
      const given = { event, now, presence, bytes: bytes(decision) };
      if (shell) take(shell, given);
      else begun.push(given);
    };
    const rates = { offlineRate: 0.3, flapRate: 0.4, lateFailureRate: 0.1, latencyMs: EXACT };
    const rehearsal = new Rehearsal({
      ...input(rates, { clusters: 12, strategy: threeWaves({ onFailure: 'rollback' }), ...present(fleetOn(12)) }),
      onStep,
    });
    for (let run = 0; run < 15; run += 1) {
      shell = fleetOn(12).shell;
      for (const given of begun) take(shell, given);
      rehearsal.next();
    }
    expect(compared).toBeGreaterThan(1000);
  });

  it('has every run succeed where nothing fails, each wave as long as healthyFor and its soak at least', () => {
    const report = reportOf(input());
    expect(report.outcomes).toEqual({
      succeeded: 40,
      succeededWithExceptions: 0,
      halted: 0,
      rolledBack: 0,
      unfinished: 0,
    });
    expect(report.durationMs?.min).toBeGreaterThanOrEqual(3 * (HEALTHY_FOR + SOAK));
    expect(report.exposed).toMatchObject({ min: 20, max: 20 });
    expect(report.exposedBeforeHalt).toBeNull();
    expect(report.waves.map(({ name, clusters }) => [name, clusters.length])).toEqual([
      ['canary', 1],
      ['few', 5],
      ['rest', 14],
    ]);
    for (const { reached, done } of report.waves) expect([reached, done]).toEqual([40, 40]);
    const [canary, few] = report.waves;
    expect(few?.openedMs?.min).toBe(canary?.doneMs?.min);
  });

  it('lasts as long as can be worked out by hand where every time is known', () => {
    const rates = { latencyMs: { median: 2000, p99: 2000 }, applyMs: EXACT };
    const report = reportOf(input(rates, { clusters: 1, strategy: strategy([wave('all')]) }), 3);
    // There, applied, healthy for long enough, and back.
    expect(report.durationMs).toMatchObject({ min: 1000 + 10_000 + HEALTHY_FOR + 1000, max: 42_000 });
  });

  it('exposes fewer clusters in expectation the more often the release fails, and never more', () => {
    const exposures = [0, 0.01, 0.03, 0.1, 0.3, 1].map((failureRate) =>
      mean(reportOf(input({ failureRate }), 100), 'exposed'),
    );
    expect(exposures).toEqual([...exposures].sort((a, b) => b - a));
    expect(exposures[0]).toBe(20);
    expect(exposures.at(-1)).toBe(1);
  });

  it('lasts longer in expectation where clusters flap, for no soak ends while somebody is down', () => {
    const flapping = { flapUpMs: { median: 45_000, p99: 60_000 }, flapDownMs: { median: 60_000, p99: 90_000 } };
    const [steady, some, all] = [0, 0.3, 1].map((flapRate) =>
      mean(reportOf(input({ ...flapping, flapRate })), 'durationMs'),
    );
    expect(some).toBeGreaterThan(steady ?? 0);
    expect(all).toBeGreaterThan(some ?? 0);
  });

  it('ends halted where a hold needs a person, and tells which, where, how often, and who had it by then', () => {
    const report = reportOf(input({ failureRate: 0.2 }));
    expect(report.outcomes.halted).toBeGreaterThan(30);
    const runs = report.halts.reduce((sum, halt) => sum + halt.runs, 0);
    expect(runs).toBeGreaterThanOrEqual(report.outcomes.halted);
    expect(report.halts.map(({ code }) => code)).toContain('failures');
    expect(report.halts[0]?.message).toMatch(/failed in wave|no cluster of wave/);
    expect(report.exposedBeforeHalt?.max).toBeLessThanOrEqual(20);
    expect(report.exposedBeforeHalt?.min).toBe(1);
  });

  it('plays a rollback through where the strategy asks for it, up to its end', () => {
    const scenario = fleetOn(20);
    const spec = threeWaves({ onFailure: 'rollback' });
    const told = { strategy: spec, ...present(scenario) };
    const report = reportOf(input({ failureRate: 0.2 }, told));
    expect(report.outcomes.rolledBack).toBeGreaterThan(30);
    const paused = reportOf(input({ failureRate: 0.2 }, { ...told, strategy: threeWaves() }));
    expect(paused.outcomes.halted).toBe(report.outcomes.rolledBack);
    // Until the last cluster has proved itself on what it went back to.
    expect(mean(report, 'durationMs')).toBeGreaterThan(mean(paused, 'durationMs') + HEALTHY_FOR);
    expect(report.halts[0]?.code).toBe('failures');
  });

  it('defers who is offline now, and holds where they are too many', () => {
    const few = { strategy: threeWaves({}, { maxUnreachable: '50%' }), offline: 2 };
    const report = reportOf(input({}, few));
    expect(report.exposed).toMatchObject({ max: 18 });
    expect(report.outcomes.succeededWithExceptions + report.outcomes.halted).toBe(40);
    const held = reportOf(input({}, { offline: 20 }));
    expect(held.outcomes.halted).toBe(40);
    expect(held.durationMs?.max).toBe(0);
    expect(held.exposed?.max).toBe(0);
  });

  it('goes on after a hold that mends by itself, once who was away is back', () => {
    const away = {
      ...{ offlineRate: 0.2, offlineMs: { median: 600_000, p99: 600_000 } },
      ...{ applyMs: { median: 1000, p99: 1000 } },
    };
    const spec = threeWaves({}, { ackTimeoutMs: 60_000, progressDeadlineMs: 3_600_000 });
    const report = reportOf(input(away, { strategy: spec }));
    expect(report.outcomes.succeeded).toBe(40);
    expect(report.durationMs?.p90).toBeGreaterThan(600_000);
  });

  it('loses who is cut off after the acknowledgement for longer than its deadline', () => {
    const away = { offlineRate: 1, offlineMs: { median: 86_400_000, p99: 86_400_000 } };
    const report = reportOf(input(away, { strategy: threeWaves({}, { maxUnreachable: '100%' }) }));
    expect(report.outcomes.succeeded).toBe(0);
    expect(report.halts.map(({ code }) => code)).toContain('failures');
  });

  it('takes the place of a rollout that runs, and counts who is in flight', () => {
    const scenario = fleetOn(8, (running) => {
      running.now += 60_000;
      running.start(2, strategy([wave('all', { maxConcurrency: 2 })]));
    });
    const told = { ...present(scenario), clusters: 8, release: 3 };
    const states: string[] = [];
    const onStep: OnStep = (event, _now, { decision }) => {
      for (const effect of decision.effects)
        if (effect.type === 'ended') states.push(`${event.type} ${effect.final.state}`);
    };
    const report = reportOf({ ...input({}, told), onStep }, 5);
    expect(states[0]).toBe('start superseded');
    expect(report.outcomes.succeeded).toBe(5);
    expect(report.exposed?.min).toBe(8);
  });

  it('halts at once where it would inherit a person’s pause', () => {
    const scenario = fleetOn(4, (running) => {
      running.now += 60_000;
      running.start(2, strategy([wave('all')]));
      running.take({ type: 'pause', actor: 'token:ann' });
      running.now += 60_000;
      running.take({ type: 'tick' });
    });
    const report = reportOf(input({}, { ...present(scenario), now: scenario.now, clusters: 4, release: 3 }), 2);
    expect(report.outcomes.halted).toBe(2);
    expect(report.durationMs).toMatchObject({ min: 0, max: 0 });
    expect(report.halts).toMatchObject([{ code: 'user', runs: 2 }]);
    expect(report.exposed?.max).toBe(0);
  });

  it('is refused where the start would be: barred, queued, or at it already', () => {
    const scenario = fleetOn(4, (running) => {
      running.now += 60_000;
      running.start(2, strategy([wave('all')], { supersede: 'queue' }));
    });
    const told = { ...present(scenario), clusters: 4 };
    expect(rehearse(input({}, { ...told, release: 2 }), 1)).toMatchObject({ refused: { code: 'nothing-to-start' } });
    expect(rehearse(input({}, { ...told, release: 3 }), 1)).toMatchObject({ refused: { code: 'queued' } });
    scenario.take({ type: 'rollback', actor: 'token:ann' });
    scenario.passAll();
    expect(rehearse(input({}, { ...present(scenario), clusters: 4, release: 2 }), 1)).toMatchObject({
      refused: { code: 'barred' },
    });
  });

  it('changes nothing of what it was given', () => {
    const scenario = fleetOn(6);
    const given = input({ failureRate: 0.3, offlineRate: 0.3 }, { ...present(scenario), clusters: 6 });
    const before = canonicalJson({ ...given, rates: {} });
    reportOf(given, 10);
    expect(canonicalJson({ ...given, rates: {} })).toBe(before);
  });
});

function bytes({ header, rows, effects, history, changed, again }: Decision): string {
  const byUid = [...rows].sort((a, b) => (a.uid < b.uid ? -1 : 1));
  return canonicalJson({ header, rows: byUid, effects, history, changed, again });
}
