import { describe, expect, it } from '@jest/globals';
import type { JsonObject, JsonValue } from '../json.js';
import { assessObject, troubleOf } from './assess-object.js';
import type { HealthContext } from './verdict.js';

type Case = readonly [sentence: string, object: JsonObject, status: string, reason: string, context?: HealthContext];

const make =
  (apiVersion: string, kind: string, generation = 2) =>
  (spec: JsonObject, status: JsonObject = {}, metadata: JsonObject = {}): JsonObject => ({
    apiVersion,
    kind,
    metadata: { name: 'x', namespace: 'd', generation, ...metadata },
    spec,
    status,
  });
const condition = (type: string, status: string, reason = '', more: JsonObject = {}): JsonValue => ({
  type,
  status,
  reason,
  message: `${type} is ${status}`,
  ...more,
});
const conditions = (...list: JsonValue[]): JsonObject => ({ conditions: list });

const deployment = make('apps/v1', 'Deployment');
const statefulSet = make('apps/v1', 'StatefulSet');
const daemonSet = make('apps/v1', 'DaemonSet');
const replicaSet = make('apps/v1', 'ReplicaSet');
const job = make('batch/v1', 'Job');
const cronJob = make('batch/v1', 'CronJob');
const service = make('v1', 'Service');
const claim = make('v1', 'PersistentVolumeClaim');
const autoscaler = make('autoscaling/v2', 'HorizontalPodAutoscaler');
const definition = make('apiextensions.k8s.io/v1', 'CustomResourceDefinition');
const custom = make('example.org/v1', 'Database');
const pod = (status: JsonObject): JsonObject => make('v1', 'Pod')({}, status);
const waitingPod = (reason: string, restartCount = 0, list = 'containerStatuses'): JsonObject =>
  pod({ phase: 'Pending', [list]: [{ name: 'c', restartCount, state: { waiting: { reason, message: 'why' } } }] });

const done = { observedGeneration: 2, replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 };
const crashing = { pods: [{ pod: waitingPod('CrashLoopBackOff', 3), sinceMs: 0 }] };

const CASES: Readonly<Record<string, readonly Case[]>> = {
  Deployment: [
    ['all replicas updated, available and ready', deployment({ replicas: 3 }, done), 'healthy', 'Available'],
    ['scaled to nothing', deployment({ replicas: 0 }, { observedGeneration: 2 }), 'healthy', 'Available'],
    ['never observed', deployment({ replicas: 3 }), 'progressing', 'NotObserved'],
    [
      'observed at an older generation, though that one was fine',
      deployment({ replicas: 3 }, { ...done, observedGeneration: 1 }),
      'progressing',
      'NotObserved',
    ],
    [
      'an older copy than the one written',
      deployment({ replicas: 3 }, done),
      'progressing',
      'Stale',
      { generation: 3 },
    ],
    ['replicas not updated', deployment({ replicas: 3 }, { ...done, updatedReplicas: 1 }), 'progressing', 'Updating'],
    ['old replicas left', deployment({ replicas: 3 }, { ...done, replicas: 4 }), 'progressing', 'OldReplicas'],
    [
      'not all ready',
      deployment({ replicas: 3 }, { ...done, readyReplicas: 2, availableReplicas: 2 }),
      'progressing',
      'NotReady',
    ],
    [
      'ready and not available yet',
      deployment({ replicas: 3 }, { ...done, availableReplicas: 2 }),
      'progressing',
      'NotAvailable',
    ],
    [
      'past its own deadline',
      deployment(
        { replicas: 3 },
        { ...done, updatedReplicas: 1, ...conditions(condition('Progressing', 'False', 'ProgressDeadlineExceeded')) },
      ),
      'failed',
      'ProgressDeadlineExceeded',
    ],
    [
      'an old verdict of another generation',
      deployment(
        { replicas: 3 },
        {
          ...done,
          observedGeneration: 1,
          ...conditions(condition('Progressing', 'False', 'ProgressDeadlineExceeded')),
        },
      ),
      'progressing',
      'NotObserved',
    ],
    [
      'pods that cannot be made',
      deployment(
        { replicas: 3 },
        { ...done, updatedReplicas: 0, ...conditions(condition('ReplicaFailure', 'True', 'FailedCreate')) },
      ),
      'failed',
      'FailedCreate',
    ],
    [
      'pods in a crash loop',
      deployment({ replicas: 3 }, { ...done, readyReplicas: 2 }),
      'failed',
      'CrashLoopBackOff',
      crashing,
    ],
    [
      'paused in the middle',
      deployment({ replicas: 3, paused: true }, { ...done, updatedReplicas: 1 }),
      'suspended',
      'Paused',
    ],
    [
      'being deleted',
      deployment({ replicas: 3 }, done, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
      'progressing',
      'Terminating',
    ],
  ],
  StatefulSet: [
    [
      'updated and ready',
      statefulSet({ replicas: 3 }, { ...done, currentRevision: 'b', updateRevision: 'b' }),
      'healthy',
      'Ready',
    ],
    [
      'not all updated',
      statefulSet({ replicas: 3 }, { ...done, updatedReplicas: 1, currentRevision: 'a', updateRevision: 'b' }),
      'progressing',
      'Updating',
    ],
    [
      'updated as far as its partition goes',
      statefulSet(
        { replicas: 3, updateStrategy: { rollingUpdate: { partition: 2 } } },
        { ...done, updatedReplicas: 1, currentRevision: 'a', updateRevision: 'b' },
      ),
      'healthy',
      'Ready',
    ],
    [
      'short of its partition',
      statefulSet(
        { replicas: 3, updateStrategy: { rollingUpdate: { partition: 1 } } },
        { ...done, updatedReplicas: 1, currentRevision: 'a', updateRevision: 'b' },
      ),
      'progressing',
      'Updating',
    ],
    [
      'updated on deletion only',
      statefulSet(
        { replicas: 3, updateStrategy: { type: 'OnDelete' } },
        { ...done, updatedReplicas: 0, currentRevision: 'a', updateRevision: 'b' },
      ),
      'healthy',
      'Ready',
    ],
    ['not ready', statefulSet({ replicas: 3 }, { ...done, readyReplicas: 2 }), 'progressing', 'NotReady'],
    [
      'ready and not available yet',
      statefulSet({ replicas: 3, minReadySeconds: 5 }, { ...done, availableReplicas: 2 }),
      'progressing',
      'NotAvailable',
    ],
    [
      'a pod in a crash loop',
      statefulSet({ replicas: 3 }, { ...done, readyReplicas: 2 }),
      'failed',
      'CrashLoopBackOff',
      crashing,
    ],
  ],
  DaemonSet: [
    [
      'updated and available everywhere',
      daemonSet(
        {},
        { observedGeneration: 2, desiredNumberScheduled: 4, updatedNumberScheduled: 4, numberAvailable: 4 },
      ),
      'healthy',
      'Available',
    ],
    ['no node wants it', daemonSet({}, { observedGeneration: 2, desiredNumberScheduled: 0 }), 'healthy', 'Available'],
    [
      'not updated everywhere',
      daemonSet(
        {},
        { observedGeneration: 2, desiredNumberScheduled: 4, updatedNumberScheduled: 1, numberAvailable: 4 },
      ),
      'progressing',
      'Updating',
    ],
    [
      'not available everywhere',
      daemonSet(
        {},
        { observedGeneration: 2, desiredNumberScheduled: 4, updatedNumberScheduled: 4, numberAvailable: 3 },
      ),
      'progressing',
      'NotAvailable',
    ],
    [
      'a pod in a crash loop',
      daemonSet(
        {},
        { observedGeneration: 2, desiredNumberScheduled: 4, updatedNumberScheduled: 4, numberAvailable: 3 },
      ),
      'failed',
      'CrashLoopBackOff',
      crashing,
    ],
  ],
  ReplicaSet: [
    ['available', replicaSet({ replicas: 2 }, { observedGeneration: 2, availableReplicas: 2 }), 'healthy', 'Available'],
    [
      'not available',
      replicaSet({ replicas: 2 }, { observedGeneration: 2, availableReplicas: 1 }),
      'progressing',
      'NotAvailable',
    ],
    [
      'pods that cannot be made',
      replicaSet(
        { replicas: 2 },
        { observedGeneration: 2, ...conditions(condition('ReplicaFailure', 'True', 'FailedCreate')) },
      ),
      'failed',
      'FailedCreate',
    ],
    [
      'a failure that is over',
      replicaSet(
        { replicas: 2 },
        { observedGeneration: 2, availableReplicas: 2, ...conditions(condition('ReplicaFailure', 'False')) },
      ),
      'healthy',
      'Available',
    ],
    [
      'a ReplicationController',
      make('v1', 'ReplicationController')({ replicas: 1 }, { observedGeneration: 2, availableReplicas: 1 }),
      'healthy',
      'Available',
    ],
  ],
  Pod: [
    ['ready', pod({ phase: 'Running', ...conditions(condition('Ready', 'True')) }), 'healthy', 'Ready'],
    ['succeeded', pod({ phase: 'Succeeded' }), 'healthy', 'Succeeded'],
    ['failed', pod({ phase: 'Failed', reason: 'Evicted' }), 'failed', 'Evicted'],
    [
      'running and not ready',
      pod({ phase: 'Running', ...conditions(condition('Ready', 'False')) }),
      'progressing',
      'NotReady',
    ],
    ['one restart', waitingPod('CrashLoopBackOff', 1), 'progressing', 'CrashLoopBackOff'],
    ['a crash loop', waitingPod('CrashLoopBackOff', 3), 'failed', 'CrashLoopBackOff'],
    [
      'a crash loop of an init container',
      waitingPod('CrashLoopBackOff', 5, 'initContainerStatuses'),
      'failed',
      'CrashLoopBackOff',
    ],
    ['an image error that just began', waitingPod('ErrImagePull'), 'progressing', 'ErrImagePull', { sinceMs: 19_999 }],
    ['an image error after 20 s', waitingPod('ImagePullBackOff'), 'failed', 'ImagePullBackOff', { sinceMs: 20_000 }],
    ['an image that has no name', waitingPod('InvalidImageName'), 'failed', 'InvalidImageName', { sinceMs: 20_000 }],
    [
      'a missing configuration',
      waitingPod('CreateContainerConfigError'),
      'failed',
      'CreateContainerConfigError',
      { sinceMs: 20_000 },
    ],
    [
      'no node for it yet',
      pod({ phase: 'Pending', ...conditions(condition('PodScheduled', 'False', 'Unschedulable')) }),
      'progressing',
      'Unschedulable',
      { sinceMs: 60_000 },
    ],
    [
      'no node for it past the grace',
      pod({ phase: 'Pending', ...conditions(condition('PodScheduled', 'False', 'Unschedulable')) }),
      'failed',
      'Unschedulable',
      { sinceMs: 300_000 },
    ],
  ],
  Job: [
    ['complete', job({}, conditions(condition('Complete', 'True'))), 'healthy', 'Complete'],
    [
      'failed',
      job({}, conditions(condition('Failed', 'True', 'BackoffLimitExceeded'))),
      'failed',
      'BackoffLimitExceeded',
    ],
    [
      'a Failed condition that is False',
      job({}, conditions(condition('Failed', 'False'), condition('Complete', 'True'))),
      'healthy',
      'Complete',
    ],
    ['running', job({}, { active: 1 }), 'progressing', 'Running'],
    ['suspended', job({ suspend: true }, conditions(condition('Suspended', 'True'))), 'suspended', 'Suspended'],
    [
      'resumed, its Suspended condition still there as False',
      job({}, conditions(condition('Suspended', 'False'))),
      'progressing',
      'Running',
    ],
  ],
  CronJob: [
    ['not run yet', cronJob({}), 'healthy', 'NotRunYet'],
    [
      'last run succeeded',
      cronJob({}, { lastScheduleTime: '2026-01-01T01:00:00Z', lastSuccessfulTime: '2026-01-01T01:00:09Z' }),
      'healthy',
      'LastRunSucceeded',
    ],
    [
      'running now',
      cronJob({}, { lastScheduleTime: '2026-01-01T01:00:00Z', active: [{ name: 'x-1' }] }),
      'healthy',
      'Running',
    ],
    [
      'last run failed',
      cronJob({}, { lastScheduleTime: '2026-01-01T02:00:00Z', lastSuccessfulTime: '2026-01-01T01:00:09Z' }),
      'failed',
      'LastRunFailed',
    ],
    ['suspended', cronJob({ suspend: true }), 'suspended', 'Suspended'],
  ],
  Service: [
    ['of type ClusterIP', service({ type: 'ClusterIP' }), 'healthy', 'Current'],
    ['of type LoadBalancer without an address', service({ type: 'LoadBalancer' }), 'progressing', 'NoAddress'],
    [
      'of type LoadBalancer with one',
      service({ type: 'LoadBalancer' }, { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } }),
      'healthy',
      'HasAddress',
    ],
    [
      'a kind of another group with its name',
      make('serving.knative.dev/v1', 'Service')(
        { type: 'LoadBalancer' },
        conditions(condition('Ready', 'False', 'RevisionMissing')),
      ),
      'progressing',
      'RevisionMissing',
    ],
  ],
  'Ingress and Gateway': [
    ['an Ingress whose class gives no address', make('networking.k8s.io/v1', 'Ingress')({}), 'healthy', 'Current'],
    [
      'an Ingress that waits for one',
      make('networking.k8s.io/v1', 'Ingress')({}),
      'progressing',
      'NoAddress',
      { givesAddress: true },
    ],
    [
      'an Ingress that has one',
      make('networking.k8s.io/v1', 'Ingress')({}, { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } }),
      'healthy',
      'HasAddress',
      { givesAddress: true },
    ],
    [
      'a Gateway that is programmed',
      make('gateway.networking.k8s.io/v1', 'Gateway')({}, conditions(condition('Programmed', 'True'))),
      'healthy',
      'Programmed',
    ],
    [
      'a Gateway that nobody took',
      make('gateway.networking.k8s.io/v1', 'Gateway')({}, conditions(condition('Programmed', 'Unknown', 'Pending'))),
      'progressing',
      'Pending',
    ],
    [
      'a Gateway that was refused',
      make('gateway.networking.k8s.io/v1', 'Gateway')({}, conditions(condition('Accepted', 'False', 'Invalid'))),
      'failed',
      'Invalid',
    ],
  ],
  PersistentVolumeClaim: [
    ['bound', claim({}, { phase: 'Bound' }), 'healthy', 'Bound'],
    ['pending', claim({}, { phase: 'Pending' }), 'progressing', 'Pending'],
    [
      'pending until a pod uses it',
      claim({}, { phase: 'Pending' }),
      'suspended',
      'WaitForFirstConsumer',
      { bindsOnFirstUse: true },
    ],
    ['lost', claim({}, { phase: 'Lost' }), 'failed', 'Lost'],
  ],
  HorizontalPodAutoscaler: [
    [
      'active',
      autoscaler({}, conditions(condition('AbleToScale', 'True'), condition('ScalingActive', 'True'))),
      'healthy',
      'ScalingActive',
    ],
    ['new', autoscaler({}), 'progressing', 'Pending'],
    [
      'without metrics at first',
      autoscaler({}, conditions(condition('ScalingActive', 'False', 'FailedGetResourceMetric'))),
      'progressing',
      'FailedGetResourceMetric',
    ],
    [
      'without metrics for long',
      autoscaler({}, conditions(condition('ScalingActive', 'False', 'FailedGetResourceMetric'))),
      'failed',
      'FailedGetResourceMetric',
      { sinceMs: 120_000 },
    ],
    [
      'with a selector that is none',
      autoscaler({}, conditions(condition('ScalingActive', 'False', 'InvalidSelector'))),
      'failed',
      'InvalidSelector',
    ],
    [
      'switched off by zero replicas',
      autoscaler({}, conditions(condition('ScalingActive', 'False', 'ScalingDisabled'))),
      'suspended',
      'ScalingDisabled',
    ],
  ],
  'APIService and CustomResourceDefinition': [
    [
      'an APIService that is available',
      make('apiregistration.k8s.io/v1', 'APIService')({}, conditions(condition('Available', 'True'))),
      'healthy',
      'Available',
    ],
    [
      'an APIService that is not',
      make('apiregistration.k8s.io/v1', 'APIService')(
        {},
        conditions(condition('Available', 'False', 'ServiceNotFound')),
      ),
      'progressing',
      'ServiceNotFound',
    ],
    [
      'a definition that is established',
      definition({}, conditions(condition('Established', 'True'), condition('NamesAccepted', 'True'))),
      'healthy',
      'Established',
    ],
    ['a new definition', definition({}), 'progressing', 'NotEstablished'],
    [
      'a definition whose names are taken',
      definition({}, conditions(condition('NamesAccepted', 'False', 'ListKindConflict'))),
      'failed',
      'ListKindConflict',
    ],
    [
      'a definition whose schema is not structural',
      definition(
        {},
        conditions(condition('Established', 'True'), condition('NonStructuralSchema', 'True', 'Violations')),
      ),
      'failed',
      'Violations',
    ],
  ],
  'kinds that only exist': [
    ['a Namespace', make('v1', 'Namespace')({}, { phase: 'Active' }), 'healthy', 'Active'],
    ['a Namespace that goes', make('v1', 'Namespace')({}, { phase: 'Terminating' }), 'progressing', 'Terminating'],
    ['a ConfigMap', make('v1', 'ConfigMap')({}), 'healthy', 'Exists'],
    ['a ClusterRole', make('rbac.authorization.k8s.io/v1', 'ClusterRole')({}), 'healthy', 'Exists'],
  ],
  'any other kind': [
    ['Ready', custom({}, { observedGeneration: 2, ...conditions(condition('Ready', 'True')) }), 'healthy', 'Ready'],
    [
      'Ready of an older generation',
      custom({}, { observedGeneration: 1, ...conditions(condition('Ready', 'True')) }),
      'progressing',
      'NotObserved',
    ],
    [
      'Ready, where only the condition tells its generation',
      custom({}, conditions(condition('Ready', 'True', '', { observedGeneration: 1 }))),
      'progressing',
      'NotObserved',
    ],
    ['not Ready', custom({}, conditions(condition('Ready', 'False', 'Creating'))), 'progressing', 'Creating'],
    [
      'Reconciling',
      custom({}, conditions(condition('Ready', 'True'), condition('Reconciling', 'True', 'Busy'))),
      'progressing',
      'Busy',
    ],
    [
      'Stalled',
      custom({}, conditions(condition('Ready', 'False'), condition('Stalled', 'True', 'Hopeless'))),
      'failed',
      'Hopeless',
    ],
    ['no conditions at all', custom({}), 'healthy', 'Exists'],
  ],
};

describe.each(Object.entries(CASES))('%s', (_kind, cases) => {
  it.each(
    cases.map(([sentence, object, status, reason, context]) => [sentence, status, reason, object, context] as const),
  )('%s: %s (%s)', (_sentence, status, reason, object, context) => {
    expect(assessObject(object, context)).toMatchObject({ status, reason });
  });
});

describe('an object', () => {
  it('that is not there is missing', () => {
    expect(assessObject(null)).toMatchObject({ status: 'missing', reason: 'Missing' });
  });

  it('tells its trouble by one word for as long as it lasts', () => {
    expect(troubleOf(waitingPod('ErrImagePull'))).toBe('image');
    expect(troubleOf(waitingPod('ImagePullBackOff'))).toBe('image');
    expect(troubleOf(waitingPod('CrashLoopBackOff', 4))).toBeNull();
    expect(troubleOf(autoscaler({}, conditions(condition('ScalingActive', 'False', 'FailedGetResourceMetric'))))).toBe(
      'metrics',
    );
    expect(troubleOf(deployment({}, done))).toBeNull();
  });

  it('never says more than 300 characters', () => {
    const long = custom({}, conditions({ type: 'Stalled', status: 'True', reason: 'R', message: 'x'.repeat(5000) }));
    expect(assessObject(long).message).toHaveLength(300);
  });
});
