import { describe, expect, it } from '@jest/globals';
import { MAX_REPORT_BYTES, reportSchema } from '#contract';
import type { HealthStatus } from '#domain';
import { composeReport, judgeApplication } from './compose-report.js';

const ref = (name: string) => ({ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name });
const object = (name: string, status: HealthStatus, message = '') => ({
  ref: ref(name),
  health: { status, reason: 'Why', message },
});
const error = (name: string, transient: boolean) => ({
  ref: ref(name),
  reason: 'Why',
  message: `no ${name}`,
  transient,
});

describe('the verdict on an application', () => {
  it('is as bad as its worst object, which is told first', () => {
    const verdict = judgeApplication(
      { kind: 'applied' },
      [object('a', 'progressing'), object('b', 'failed', 'crashes')],
      0,
    );
    expect(verdict).toMatchObject({
      phase: 'failed',
      cause: 'health',
      message: 'Deployment shop/b: crashes (and 1 more)',
    });
    expect(verdict.findings.map(({ name }) => name)).toEqual(['b', 'a']);
  });

  it('is healthy when nothing is wrong and nothing is left to delete', () => {
    expect(judgeApplication({ kind: 'applied' }, [object('a', 'healthy'), object('b', 'suspended')], 0).phase).toBe(
      'healthy',
    );
    expect(judgeApplication({ kind: 'applied' }, [], 2)).toMatchObject({ phase: 'progressing' });
  });

  it('is no failure while nobody is at fault but the API server', () => {
    const stuck = (...transient: boolean[]) =>
      judgeApplication({ kind: 'stuck', errors: transient.map((each, at) => error(`e${at}`, each)) }, [], 0);
    expect(stuck(true, true)).toMatchObject({ phase: 'progressing' });
    expect(stuck(true, false)).toMatchObject({ phase: 'failed', cause: 'sync' });
    const health = { status: 'failed', reason: 'CrashLoopBackOff', message: 'it ends again and again' } as const;
    const web = { ref: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' }, health };
    const beside = (isCurrent: boolean, transient: boolean) =>
      judgeApplication({ kind: 'stuck', errors: [error('a', transient)] }, [{ ...web, isCurrent }], 0);
    // What is broken as this generation has it is told, though something else only waits; what another left behind is not.
    expect(beside(true, true)).toMatchObject({ phase: 'failed', cause: 'health', findings: [{ name: 'web' }] });
    expect(beside(false, true)).toMatchObject({ phase: 'progressing' });
    expect(beside(true, false)).toMatchObject({ phase: 'failed', cause: 'sync' });
    expect(stuck(true, false).findings.map(({ health }) => health)).toEqual(['unknown', 'failed']);
  });

  it('tells a refusal in its own words', () => {
    expect(judgeApplication({ kind: 'refused', message: 'no' }, [object('a', 'failed')], 0)).toEqual({
      phase: 'refused',
      cause: 'sync',
      message: 'no',
      findings: [],
    });
  });
});

const composed = (many: readonly ReturnType<typeof error>[]) =>
  composeReport({
    cluster: '6f1c1f0e-3a52-4c8e-9a3e-0d6a6f1c2b11',
    application: 'shop',
    assignment: { generation: 1, digest: 'd'.repeat(64) },
    runs: '',
    verdict: judgeApplication({ kind: 'stuck', errors: many }, [], 0),
    steadyMs: 0,
    breaks: 0,
    boot: 1,
    seq: 1,
    objects: 500,
    corrected: 1,
    drifted: 0,
    fields: Array.from({ length: 50 }, () => 'f'.repeat(400)),
  });

it.each([
  ['much', 'm', 'n'],
  ['much in letters of three bytes', '\u4e16', 'n'],
  ['much that JSON writes in six', '\u0001', '\u0001'],
  ['halves of letters', '\ud83d', 'n'],
  ['letters of two halves', '\ud83d\ude00', 'n'],
  ['what no database takes', '\u0000', 'n'],
])('composes reports that the hub takes, however much is wrong: %s', (_what, letter, name) => {
  const many = Array.from({ length: 500 }, (_, at) => ({
    ...error(`${name.repeat(300)}${at}`, false),
    reason: letter.repeat(300),
    message: letter.repeat(5_000),
  }));
  const report = composed(many);
  const text = JSON.stringify(report);
  expect(reportSchema.safeParse(report).error).toBeUndefined();
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_REPORT_BYTES);
  expect(report.findings.length).toBeGreaterThan(5);
  expect(text).not.toMatch(/\u0000|\\u0000|\p{Surrogate}|\\ud[89a-f]/u);
});

it('hides what must not be told before anything is cut', () => {
  const hide = (text: string): string => text.replaceAll('secret', '(hidden)');
  const message = `${'x'.repeat(597)}secret`;
  const told = (verdict: ReturnType<typeof judgeApplication>): string => JSON.stringify(verdict);
  for (const verdict of [
    judgeApplication({ kind: 'stuck', errors: [{ ...error('a', false), message, reason: 'secret' }] }, [], 0, hide),
    judgeApplication({ kind: 'stuck', errors: [], message }, [], 0, hide),
    judgeApplication({ kind: 'refused', message }, [], 0, hide),
    judgeApplication({ kind: 'halted', message }, [], 0, hide),
    judgeApplication({ kind: 'applied' }, [object('a', 'failed', message)], 0, hide),
  ]) {
    expect(told(verdict)).not.toMatch(/xse/);
    expect(told(verdict)).toContain('x(');
  }
});
