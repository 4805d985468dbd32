import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../json.js';
import { assessPod, assessPods } from './pods.js';
import { presentPods } from './present-pods.js';
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

describe('a pod', () => {
  const judge = (status: JsonObject) => assessPod(observed(status).pod, 0);

  it('gets a word where its container and its node say none', () => {
    const ended = { containerStatuses: [{ name: 'c', state: { terminated: { exitCode: 1 } } }] };
    expect(judge({ phase: 'Running', ...ended })).toEqual({
      status: 'progressing',
      reason: 'Error',
      message: 'container c of pod p crashed',
    });
    expect(judge({ phase: 'Unknown' })).toMatchObject({ status: 'unknown', reason: 'NodeLost' });
  });

  it('that lost its image is told by the reason where there is no message', () => {
    const waiting = { containerStatuses: [{ name: 'c', state: { waiting: { reason: 'ErrImageNeverPull' } } }] };
    expect(judge({ phase: 'Pending', ...waiting })).toMatchObject({
      message: 'container c of pod p: ErrImageNeverPull',
    });
  });
});

describe('the pods of the present revision', () => {
  const owned = (name: string, labels: JsonObject = {}): JsonObject => ({
    kind: 'Pod',
    metadata: { name, labels, ownerReferences: [{ controller: true, uid: 'u1' }] },
  });
  const workload = (kind: string, more: JsonObject = {}): JsonObject => ({ kind, metadata: { uid: 'u1' }, ...more });

  it('are none of a Deployment whose ReplicaSet is not there', () => {
    expect(presentPods(workload('Deployment'), [owned('a')])).toEqual([]);
  });

  it('are all of a workload that keeps no revisions, and none of another owner or of one who is not the controller', () => {
    const other = { kind: 'Pod', metadata: { name: 'b', ownerReferences: [{ controller: true, uid: 'u2' }] } };
    const watched = { kind: 'Pod', metadata: { name: 'c', ownerReferences: [{ uid: 'u1' }] } };
    expect(presentPods(workload('Job'), [owned('a'), other, watched])).toEqual([owned('a')]);
  });

  it('do not lie below a partition for want of a number in their name', () => {
    const set = workload('StatefulSet', {
      spec: { updateStrategy: { rollingUpdate: { partition: 2 } } },
      status: { updateRevision: 'new' },
    });
    const pods = [
      owned('orders-1'),
      owned('orders'),
      owned('orders-2'),
      owned('x', { 'controller-revision-hash': 'new' }),
    ];
    expect(presentPods(set, pods)).toEqual([pods[0], pods[3]]);
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
