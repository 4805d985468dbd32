import { describe, expect, it } from '@jest/globals';
import type { GateProgress, GateSpec } from '#domain';
import { gateViews, windowView } from './gate-view.js';

const view = (
  spec: GateSpec,
  progress: Partial<GateProgress> = {},
  now = 1000,
): ReturnType<typeof gateViews>[number] | undefined =>
  gateViews(
    { before: [spec], digest: 'present', gates: [{ when: 'before', name: spec.name, state: 'waiting', ...progress }] },
    now,
  )[0];

describe('a gate as it is shown', () => {
  it('tells what a webhook wants without what is secret in its address', () => {
    const url = 'https://user:pass@hooks.example:8443/services/T0KEN?key=s3cret';
    const spec = { type: 'webhook', name: 'hook', url, intervalMs: 60_000 } as const;
    const shown = view(spec, { last: { message: 'it answered 503', at: 5 }, askAt: 9000 });
    expect(shown).toMatchObject({
      wants: 'hooks.example:8443 to answer 2xx, asked every 1m',
      last: { message: 'it answered 503', at: '1970-01-01T00:00:00.005Z' },
      askAt: '1970-01-01T00:00:09.000Z',
    });
    expect(JSON.stringify(shown)).not.toMatch(/T0KEN|s3cret|pass/);
  });

  it('counts approvals for the wave as it is planned now, and shows the others as void', () => {
    const spec = { type: 'approval', name: 'yes', approvers: 1 } as const;
    const approval = { actor: 'token:ann', at: 1, digest: 'earlier' };
    expect(view(spec, { approvals: [approval] })).toMatchObject({ state: 'waiting', approvals: [{ counts: false }] });
    const valid = view(spec, { approvals: [{ ...approval, digest: 'present' }] });
    expect(valid).toMatchObject({ state: 'open', approvers: 1, approvals: [{ actor: 'token:ann', counts: true }] });
  });

  it('shows a schedule as open while it is, and from when', () => {
    const spec = { type: 'schedule', name: 'later', notBefore: 5000, windows: [] } as const;
    expect(view(spec, {}, 4999)).toMatchObject({ state: 'waiting', notBefore: '1970-01-01T00:00:05.000Z' });
    expect(view(spec, {}, 5000)).toMatchObject({ state: 'open' });
    expect(view(spec, { state: 'refused' }, 5000)).toMatchObject({ state: 'refused' });
  });

  it('tells a metric’s condition, samples and bounds', () => {
    const asked = { url: 'http://prometheus:9090', query: 'sum(errors)', successCondition: 'value < 0.1' };
    const spec = { type: 'metric', name: 'errors', ...asked, intervalMs: 30_000, count: 3, failureLimit: 1 } as const;
    expect(view(spec, { samples: { ok: 2, failed: 1 } })).toMatchObject({
      ...{ wants: 'value < 0.1 to hold 3 times at prometheus:9090, asked every 30s; 1 may fail' },
      ...{ samples: { ok: 2, failed: 1 }, count: 3, failureLimit: 1 },
    });
  });

  it('names the zone of a window, or the label that does', () => {
    const window = { cron: '0 2 * * *', durationMs: 7_200_000 };
    expect(windowView({ ...window, timeZone: 'Asia/Tokyo' })).toEqual({
      ...{ cron: '0 2 * * *', duration: '2h', timeZone: 'Asia/Tokyo' },
    });
    expect(windowView({ ...window, timeZone: { label: 'zone' } }).timeZone).toBe('label:zone');
  });
});
