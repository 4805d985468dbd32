import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../json.js';
import { assessPods } from './pods.js';
import { isFine, worstOf } from './verdict.js';

const observed = (status: JsonObject, sinceMs = 0, metadata: JsonObject = {}) => ({
  pod: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', ...metadata }, status },
  sinceMs,
});
const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
const looping = {
  phase: 'Running',
  containerStatuses: [{ name: 'c', restartCount: 7, state: { waiting: { reason: 'CrashLoopBackOff' } } }],
};

describe('the pods behind a workload', () => {
  it('are as healthy as the worst of them', () => {
    expect(assessPods([observed(ready), observed(looping)])).toMatchObject({
      status: 'failed',
      reason: 'CrashLoopBackOff',
      message: expect.stringContaining('crashed 7 times'),
    });
    expect(assessPods([observed(ready)]).status).toBe('healthy');
    expect(assessPods([]).status).toBe('healthy');
  });

  it('count no longer once they are ending or have ended: an evicted pod stays around and means nothing', () => {
    expect(assessPods([observed({ phase: 'Failed', reason: 'Evicted' }), observed(ready)]).status).toBe('healthy');
    expect(assessPods([observed(looping, 0, { deletionTimestamp: '2026-01-01T00:00:00Z' })]).status).toBe('healthy');
  });
});

describe('the worst verdict', () => {
  it('is failed before missing, unknown, progressing, suspended and healthy, the first of equals', () => {
    const order = ['failed', 'missing', 'unknown', 'progressing', 'suspended', 'healthy'] as const;
    for (let from = 0; from < order.length; from += 1) {
      const some = order.slice(from).map((status) => ({ status }));
      expect(worstOf([...some].reverse())?.status).toBe(order[from]);
    }
    const first = { status: 'failed' as const };
    expect(worstOf([first, { status: 'failed' }])).toBe(first);
    expect(worstOf([])).toBeUndefined();
  });

  it('is fine where it is healthy or suspended', () => {
    expect(
      ['healthy', 'suspended', 'progressing', 'failed', 'missing', 'unknown'].filter((status) =>
        isFine(status as 'healthy'),
      ),
    ).toEqual(['healthy', 'suspended']);
  });
});
