import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { AgentReport, ManifestApplication } from '#domain';
import { createLogger } from '#kit';
import { Backoff } from '../../common.js';
import { ApplicationReporter, type Standing } from './application-reporter.js';
import type { Verdict } from './compose-report.js';
import { ReportOutbox } from './report-outbox.js';

const healthy: Verdict = { phase: 'healthy', findings: [] };
const progressing: Verdict = { phase: 'progressing', message: 'waiting', findings: [] };
const standing = (generation = 1, healthyForMs = 0): Standing => {
  const assignment = { generation, digest: 'd', healthyForMs } as ManifestApplication;
  return { assignment, runs: '', objects: 0, corrected: 0, drifted: 0, fields: [] };
};

describe('the reports on an application', () => {
  let sent: AgentReport[];
  let reporter: ApplicationReporter;

  beforeEach(() => {
    jest.useFakeTimers();
    sent = [];
    const outbox = new ReportOutbox({
      bus: () => null,
      backoff: () => new Backoff(1, 1, () => 0, new AbortController().signal),
      nextSeq: () => 0,
      logger: createLogger({ level: 'silent' }),
    });
    outbox.put = (report) => sent.push(report);
    let seq = 0;
    const clock = { now: () => Date.now(), monotonic: () => Date.now() };
    reporter = new ApplicationReporter({
      cluster: 'c',
      application: 'a',
      boot: 1,
      nextSeq: () => ++seq,
      clock,
      outbox,
    });
  });

  afterEach(() => {
    reporter.close();
    jest.useRealTimers();
  });

  it('are sent when the phase changes, and not while it stays', () => {
    reporter.observe(progressing, standing());
    reporter.observe(progressing, standing());
    reporter.observe(healthy, standing());
    reporter.observe(healthy, standing());
    expect(sent.map(({ phase }) => phase)).toEqual(['progressing', 'healthy']);
    jest.advanceTimersByTime(3_600_000);
    expect(sent).toHaveLength(2);
  });

  it('tell another reason of the same phase once it lasted, however often it is looked at meanwhile', () => {
    const because = (message: string): Verdict => ({ ...progressing, message });
    reporter.observe(progressing, standing());
    for (let tries = 0; tries < 10; tries += 1) {
      reporter.observe(because('the webhook is down'), standing());
      jest.advanceTimersByTime(900);
    }
    expect(sent.map(({ message }) => message)).toEqual(['waiting', 'the webhook is down']);
    reporter.observe(because('something passing'), standing());
    jest.advanceTimersByTime(1_900);
    reporter.observe(because('the webhook is down'), standing());
    jest.advanceTimersByTime(60_000);
    expect(sent).toHaveLength(2);
  });

  it('are sent when it was healthy for as long as asked, with that time, once', () => {
    reporter.observe(healthy, standing(1, 60_000));
    jest.advanceTimersByTime(59_000);
    expect(sent.map(({ steadyMs }) => steadyMs)).toEqual([0]);
    jest.advanceTimersByTime(3_600_000);
    expect(sent).toHaveLength(2);
    expect(sent[1]?.steadyMs).toBeGreaterThanOrEqual(60_000);
    expect(sent[1]?.steadyMs).toBeLessThan(61_000);
  });

  it('count each break, and begin the time anew after it', () => {
    reporter.observe(healthy, standing(1, 60_000));
    jest.advanceTimersByTime(40_000);
    reporter.observe(progressing, standing(1, 60_000));
    reporter.observe(healthy, standing(1, 60_000));
    jest.advanceTimersByTime(40_000);
    expect(sent.map(({ phase, breaks, steadyMs }) => [phase, breaks, steadyMs])).toEqual([
      ['healthy', 0, 0],
      ['progressing', 1, 0],
      ['healthy', 1, 0],
    ]);
    jest.advanceTimersByTime(21_000);
    expect(sent).toHaveLength(4);
  });

  it('tell another reason of the same phase when it has lasted, and not each that passes by', () => {
    reporter.observe(progressing, standing());
    reporter.observe({ ...progressing, message: 'second' }, standing());
    reporter.observe({ ...progressing, message: 'third' }, standing());
    jest.advanceTimersByTime(1_000);
    expect(sent).toHaveLength(1);
    jest.advanceTimersByTime(2_000);
    expect(sent.map(({ message }) => message)).toEqual(['waiting', 'third']);
  });

  it('prove nothing of a new generation by the one before', () => {
    reporter.observe(healthy, standing(1, 0));
    jest.advanceTimersByTime(10_000);
    reporter.restart();
    reporter.observe(healthy, standing(2, 0));
    expect(sent.map(({ generation, steadyMs, breaks }) => [generation, steadyMs, breaks])).toEqual([
      [1, 0, 0],
      [2, 0, 0],
    ]);
  });
});
