import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../json.js';
import { assessObject, troubleOf } from './assess-object.js';
import { HEALTH_GRACES_MS } from './graces.js';
import { readFixtures } from './read-fixtures.suite.js';

const fixture = (kind: string, name: string): JsonObject => {
  const found = readFixtures().find((each) => each.kind === kind && each.name === name);
  if (found === undefined) throw new Error(`no fixture ${kind}/${name}`);
  return found.object;
};
const custom = (status: JsonObject): JsonObject => ({
  apiVersion: 'example.org/v1',
  kind: 'Database',
  metadata: { name: 'x', generation: 1 },
  status,
});

describe('an object', () => {
  it('that is not there is missing', () => {
    expect(assessObject(null)).toEqual({ status: 'missing', reason: 'Missing', message: 'it is not there' });
  });

  it('never says more than 600 characters', () => {
    const stalled = { type: 'Stalled', status: 'True', reason: 'R', message: 'x'.repeat(5000) };
    expect(assessObject(custom({ conditions: [stalled] })).message).toHaveLength(600);
  });

  it.each<[string, string, string, JsonObject, string]>([
    ['example.org/v1', 'Database', 'Stalled', { type: 'Stalled', status: 'True' }, 'failed'],
    ['example.org/v1', 'Database', 'Reconciling', { type: 'Reconciling', status: 'True' }, 'progressing'],
    ['example.org/v1', 'Database', 'NotReady', { type: 'Ready', status: 'False' }, 'progressing'],
    [
      'apps/v1',
      'Deployment',
      'ProgressDeadlineExceeded',
      { type: 'Progressing', reason: 'ProgressDeadlineExceeded' },
      'failed',
    ],
    ['apps/v1', 'ReplicaSet', 'ReplicaFailure', { type: 'ReplicaFailure', status: 'True' }, 'failed'],
    ['batch/v1', 'Job', 'JobFailed', { type: 'Failed', status: 'True' }, 'failed'],
    ['v1', 'Pod', 'NotReady', { type: 'Ready', status: 'False' }, 'progressing'],
    ['v1', 'Pod', 'Unschedulable', { type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }, 'progressing'],
    [
      'autoscaling/v2',
      'HorizontalPodAutoscaler',
      'NotActive',
      { type: 'ScalingActive', status: 'False' },
      'progressing',
    ],
    ['apiregistration.k8s.io/v1', 'APIService', 'Pending', { type: 'Available', status: 'False' }, 'progressing'],
    ['gateway.networking.k8s.io/v1', 'Gateway', 'NotAccepted', { type: 'Accepted', status: 'False' }, 'progressing'],
    ['gateway.networking.k8s.io/v1', 'Gateway', 'Pending', { type: 'Programmed', status: 'Unknown' }, 'progressing'],
    ['gateway.networking.k8s.io/v1', 'GatewayClass', 'Pending', { type: 'Other', status: 'True' }, 'progressing'],
  ])('gets a word where its conditions lack one: %s %s is %s', (apiVersion, kind, reason, condition, status) => {
    const object = { ...custom({ observedGeneration: 1, conditions: [condition] }), apiVersion, kind };
    expect(assessObject(object)).toMatchObject({ status, reason });
  });

  it('is in no trouble yet where nobody has timed it', () => {
    expect(assessObject(fixture('cronjob', 'failed'))).toMatchObject({ status: 'healthy', reason: 'Finishing' });
    expect(assessObject(fixture('horizontalpodautoscaler', 'failed-no-metrics')).status).toBe('progressing');
    expect(assessObject(fixture('gateway', 'failed-certificate')).status).toBe('progressing');
  });

  it('gets the usual numbers where its spec names none', () => {
    const set = { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'x', generation: 1 } };
    const status = { observedGeneration: 1, currentRevision: 'a', updateRevision: 'a', replicas: 1, readyReplicas: 1 };
    expect(assessObject({ ...set, spec: {}, status })).toMatchObject({ status: 'healthy', reason: 'Available' });
  });

  it('is judged by the rules of its group: a kind of another group that shares a name is another kind', () => {
    const service = { ...custom({ conditions: [{ type: 'Ready', status: 'False', reason: 'RevisionMissing' }] }) };
    const knative = {
      ...service,
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Service',
      spec: { type: 'LoadBalancer' },
    };
    expect(assessObject(knative)).toMatchObject({ status: 'progressing', reason: 'RevisionMissing' });
  });

  it('whose status is nonsense is no better than one that nobody has looked at', () => {
    for (const status of [
      null,
      'Ready',
      ['Ready'],
      { conditions: 'Ready' },
      { conditions: ['Ready', null, ['Ready']] },
    ]) {
      const deployment = { ...fixture('deployment', 'healthy'), status };
      expect(assessObject(deployment)).toMatchObject({ status: 'progressing', reason: 'NotObserved' });
    }
  });

  it.each([
    ['an image error', 'image', 'pod', 'progressing-image-just-failed'],
    ['the back-off after it', 'image', 'pod', 'failed-image-name'],
    ['a container that cannot be made', 'create', 'pod', 'failed-no-command'],
    ['no node', 'unschedulable', 'pod', 'failed-unschedulable'],
    ['a crash loop, which is counted and not timed', null, 'pod', 'failed-crash-loop'],
    ['no metrics', 'metrics', 'horizontalpodautoscaler', 'failed-no-metrics'],
    ['no metrics, for want of a target', null, 'horizontalpodautoscaler', 'suspended'],
    ['no success', 'success', 'cronjob', 'failed'],
    ['no run at all', null, 'cronjob', 'healthy-not-run-yet'],
    ['a run now', null, 'cronjob', 'healthy-running'],
    ['no certificate', 'references', 'gateway', 'failed-certificate'],
    ['no backend', 'references', 'httproute', 'failed'],
    ['no certificate authority', 'references', 'backendtlspolicy', 'failed'],
    ['no trouble', null, 'gateway', 'healthy'],
    ['a kind without a grace', null, 'deployment', 'failed-image'],
    ['a custom resource', null, 'database', 'failed-stalled'],
  ])('tells %s by one word for as long as it lasts: %s', (_what, word, kind, name) => {
    expect(troubleOf(fixture(kind, name))).toBe(word);
  });

  it('is looked at again whenever time alone may change its verdict', () => {
    expect(HEALTH_GRACES_MS).toEqual([20_000, 120_000, 300_000]);
    for (const { kind, name, object, context } of readFixtures()) {
      if (context.sinceMs === undefined || context.sinceMs < 20_000) continue;
      // Just before a grace ends it is judged as at the grace before.
      const at = (sinceMs: number): string => assessObject(object, { ...context, sinceMs }).status;
      const ends = [0, ...HEALTH_GRACES_MS, Infinity];
      for (const [index, end] of ends.slice(1).entries()) {
        expect(`${kind}/${name} ${at(end - 1)}`).toBe(`${kind}/${name} ${at(ends[index] ?? 0)}`);
      }
    }
  });
});
