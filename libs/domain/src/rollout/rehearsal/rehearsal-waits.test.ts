import { describe, expect, it } from '@jest/globals';
import type { GateSpec } from '../strategy.js';
import { digest, START, strategy, wave } from '../testing/scenario.js';
import type { RehearsalInput } from './rehearsal.js';
import { EXACT, input, reportOf } from './rehearsal.suite.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const EXACTLY = { latencyMs: { median: 2000, p99: 2000 }, applyMs: EXACT };
/** Told and acknowledged, applied, healthy for long enough, told. */
const ONE_WAVE = 42_000;

const gated = (gates: { before?: GateSpec[]; after?: GateSpec[] }) =>
  strategy([wave('first', { take: 1, ...gates }), wave('rest')]);

/** When clusters were assigned, since the start. */
function assignedAt(given: RehearsalInput): number[] {
  const times: number[] = [];
  reportOf(
    {
      ...given,
      onStep: (_event, now, { decision }) => {
        for (const effect of decision.effects) if (effect.type === 'dirty') times.push(now - START);
      },
    },
    1,
  );
  return times;
}

describe('what a rehearsed rollout waits for', () => {
  it('are people at an approval gate, for as long as is told, and nothing unless told', () => {
    const spec = gated({ after: [{ type: 'approval', name: 'yes', approvers: 2 }] });
    const [slow, quick] = [HOUR, 0].map((approvalMs) =>
      reportOf(input({ ...EXACTLY, approvalMs }, { strategy: spec, clusters: 2 }), 5),
    );
    expect(quick?.durationMs?.max).toBe(2 * ONE_WAVE);
    expect(slow?.durationMs?.max).toBe(2 * ONE_WAVE + HOUR);
    expect(slow?.outcomes.succeeded).toBe(5);
    expect(slow?.gates).toMatchObject([
      { wave: 'first', when: 'after', name: 'yes', type: 'approval', waitedMs: { min: HOUR, max: HOUR } },
    ]);
  });

  it('are people before the first wave too', () => {
    const spec = gated({ before: [{ type: 'approval', name: 'yes', approvers: 1 }] });
    const report = reportOf(input({ ...EXACTLY, approvalMs: HOUR }, { strategy: spec, clusters: 2 }), 3);
    expect(report.durationMs).toMatchObject({ min: 2 * ONE_WAVE + HOUR, max: 2 * ONE_WAVE + HOUR });
  });

  it('is a webhook’s answer, and as many good samples of a metric as it wants', () => {
    const spec = gated({
      before: [{ type: 'webhook', name: 'ticket', url: 'https://tickets.example', intervalMs: MINUTE }],
      after: [
        {
          ...{ type: 'metric', name: 'errors', url: 'https://metrics.example', query: 'errors' },
          ...{ successCondition: 'value < 1.0', intervalMs: MINUTE, count: 3, failureLimit: 0 },
        },
      ],
    });
    const report = reportOf(input(EXACTLY, { strategy: spec, clusters: 2 }), 3);
    expect(report.outcomes.succeeded).toBe(3);
    const [ticket, errors] = report.gates;
    expect(ticket?.waitedMs?.max).toBeLessThanOrEqual(4000);
    expect(errors?.waitedMs?.min).toBeGreaterThanOrEqual(2 * MINUTE);
    expect(errors?.waitedMs?.max).toBeLessThanOrEqual(2 * MINUTE + 10_000);
  });

  it('is the time of a schedule', () => {
    const spec = gated({ before: [{ type: 'schedule', name: 'night', notBefore: START + 5 * HOUR, windows: [] }] });
    const report = reportOf(input(EXACTLY, { strategy: spec, clusters: 2 }), 3);
    expect(report.durationMs).toMatchObject({ min: 5 * HOUR + 2 * ONE_WAVE, max: 5 * HOUR + 2 * ONE_WAVE });
  });

  it('is a window of each cluster: whoever is not done when it closes waits for the next one', () => {
    // START is 16 min 40 s after midnight of the first of January 1970, UTC.
    const nightly = { cron: '0 2 * * *', durationMs: 5 * MINUTE, timeZone: 'UTC' };
    const spec = strategy([wave('all', { maxConcurrency: 1, windows: [nightly] })]);
    const times = assignedAt(input(EXACTLY, { strategy: spec, clusters: 12 }));
    expect(times).toHaveLength(12);
    const opening = 2 * HOUR - START;
    for (const time of times)
      expect((((time - opening) % (24 * HOUR)) + 24 * HOUR) % (24 * HOUR)).toBeLessThan(5 * MINUTE);
    expect(Math.max(...times)).toBeGreaterThan(24 * HOUR);
  });

  it('is the end of a freeze, and one without an end is waited for in vain', () => {
    const freeze = { by: 'token:ann', reason: 'Christmas', since: START - HOUR };
    const until = reportOf({ ...input(EXACTLY, { clusters: 2 }), freeze: { ...freeze, until: START + 3 * HOUR } }, 3);
    expect(until.outcomes.succeeded).toBe(3);
    expect(until.waves[0]?.openedMs?.min).toBe(3 * HOUR);
    const never = reportOf({ ...input(EXACTLY, { clusters: 2 }), freeze }, 3);
    expect(never.outcomes.unfinished).toBe(3);
    expect(never.exposed?.max).toBe(0);
  });

  it('is not a cluster that a person holds: it is left out', () => {
    const given = input(EXACTLY, { clusters: 4 });
    const [first, ...others] = given.presence;
    if (!first) throw new Error('nobody is there');
    const spec = strategy([wave('all')]);
    const start = { ...given.start, strategy: spec };
    const report = reportOf({ ...given, start, presence: [{ ...first, held: true }, ...others] }, 3);
    expect(report.outcomes.succeededWithExceptions).toBe(3);
    expect(report.exposed).toMatchObject({ min: 3, max: 3 });
  });

  it('is a person where it would delete too much: it halts before anybody has it', () => {
    const held = { release: 1, overlay: 'o', digest: digest(1) };
    const given = input(EXACTLY, { clusters: 3 });
    const rows = given.presence.map(({ uid }, position) => ({
      ...({
        uid,
        name: uid,
        rollout: 'web-1',
        wave: 0,
        position,
        state: 'passed',
        desired: held,
        acked: true,
      } as const),
      ...{ generation: 1, previous: null, lastPassed: held, dueAt: null },
      assignment: { ...held, generation: 1, healthyForMs: 0, rollout: 'web-1' },
      report: { generation: 1, digest: digest(1), phase: 'healthy', steadyMs: 1, breaks: 0, at: START } as const,
    }));
    const objects = ['ConfigMap shop/settings'];
    const drops = [{ from: digest(1), to: digest(2), dropped: 20, of: 20, objects }];
    const report = reportOf({ ...given, rows, start: { ...given.start, drops } }, 3);
    expect(report.outcomes.halted).toBe(3);
    expect(report.durationMs?.max).toBe(0);
    expect(report.exposed?.max).toBe(0);
    expect(report.halts).toMatchObject([{ code: 'deletions', runs: 3 }]);
  });
});
