import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { HEALTH_GRACES_MS, type JsonObject } from '#domain';
import { createLogger } from '#kit';
import { type ApplyItem, refKey, refOf } from '#kube';
import { type JsonMap, openFakeCluster } from '#kube/fake';
import type { Kube } from '#ports';
import { ApplicationObjects } from './application-objects.js';

const NOON = '2026-01-01T12:00:00Z';

/** As an API server tells it. */
function cronJob(resourceVersion: number, status: JsonObject, uid = 'u1'): JsonObject {
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'nightly', namespace: 'shop', uid, resourceVersion: String(resourceVersion), generation: 1 },
    spec: { schedule: '0 12 * * *', jobTemplate: { spec: { template: {} } } },
    status,
  };
}

const running: JsonObject = { lastScheduleTime: NOON, active: [{ name: 'nightly-1' }] };
const finished: JsonObject = { lastScheduleTime: NOON };
const succeeded: JsonObject = { lastScheduleTime: NOON, lastSuccessfulTime: '2026-01-01T12:00:05Z' };

function itemOf(object: JsonObject): ApplyItem {
  const ref = refOf(object);
  return { ref, key: refKey(ref), object, digest: 'd' } as unknown as ApplyItem;
}

describe('the objects of an application', () => {
  let changes = 0;
  let objects: ApplicationObjects;
  const item = itemOf(cronJob(1, {}));
  const see = (object: JsonObject): void => objects.onObject(item.key, object);
  const health = () => objects.get(item.key)?.health;

  beforeEach(() => {
    jest.useFakeTimers();
    changes = 0;
    objects = new ApplicationObjects({
      kube: {} as Kube,
      clock: { now: () => Date.now(), monotonic: () => Date.now() },
      random: () => 0,
      logger: createLogger({ level: 'silent' }),
      podsAfterMs: 100,
      watchIdleMs: 1_000,
      onHealth: () => (changes += 1),
      onDrift: () => undefined,
    });
    objects.replace([item], []);
  });

  afterEach(() => {
    objects.close();
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('call a finished run that stays without its success failed when its grace is over, with no event to tell', () => {
    see(cronJob(2, running));
    see(cronJob(3, finished));
    expect(health()).toMatchObject({ status: 'healthy', reason: 'Finishing' });
    expect(objects.unhealthy()).toEqual([]);
    const before = changes;
    jest.advanceTimersByTime(19_000);
    expect(health()?.status).toBe('healthy');
    jest.advanceTimersByTime(1_100);
    expect(health()).toMatchObject({ status: 'failed', reason: 'LastRunFailed' });
    expect(objects.unhealthy()).toHaveLength(1);
    expect(changes).toBe(before + 1);
  });

  it('time the grace from when the trouble began, however often the object is seen', () => {
    see(cronJob(2, finished));
    jest.advanceTimersByTime(15_000);
    see(cronJob(3, finished));
    jest.advanceTimersByTime(5_100);
    expect(health()?.status).toBe('failed');
  });

  it('time nothing for a success that is noted in time', () => {
    see(cronJob(2, finished));
    jest.advanceTimersByTime(5_000);
    see(cronJob(3, succeeded));
    expect(jest.getTimerCount()).toBe(0);
    jest.advanceTimersByTime(60_000);
    expect(health()).toMatchObject({ status: 'healthy', reason: 'LastRunSucceeded' });
  });

  it('begin the grace anew for another object of the same name', () => {
    see(cronJob(2, finished));
    jest.advanceTimersByTime(15_000);
    see(cronJob(3, finished, 'u2'));
    jest.advanceTimersByTime(15_000);
    expect(health()?.reason).toBe('Finishing');
    objects.onGone(item.key, cronJob(4, finished, 'u2'));
    expect(health()?.status).toBe('missing');
    see(cronJob(5, finished, 'u3'));
    expect(health()?.reason).toBe('Finishing');
    jest.advanceTimersByTime(20_100);
    expect(health()?.status).toBe('failed');
  });

  it('are judged again at every grace that the health rules know, and not after the last', () => {
    see(cronJob(2, finished));
    const began = Date.now();
    const judged: number[] = [];
    let before = changes;
    while (jest.getTimerCount() > 0) {
      jest.advanceTimersToNextTimer();
      if (changes > before) judged.push(Date.now() - began);
      before = changes;
    }
    // A moment later, so that the grace is over for certain.
    expect(judged).toEqual(HEALTH_GRACES_MS.map((grace) => grace + 20));
  });

  it('keep the grace through a new assignment', () => {
    see(cronJob(2, finished));
    jest.advanceTimersByTime(15_000);
    objects.replace([{ ...item, digest: 'e' }], []);
    jest.advanceTimersByTime(5_100);
    expect(health()?.status).toBe('failed');
  });
});

describe('the pods of a workload that is not healthy', () => {
  const looping = {
    phase: 'Running',
    containerStatuses: [{ name: 'c', restartCount: 5, state: { waiting: { reason: 'CrashLoopBackOff' } } }],
  };
  const replicaSet: JsonObject = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'web', namespace: 'shop', uid: 'r1', resourceVersion: '1', generation: 1 },
    spec: { replicas: 1, selector: { matchLabels: { app: 'web' } } },
    status: { observedGeneration: 1, replicas: 1 },
  };
  const job = (uid: string, resourceVersion: string): JsonObject => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'migrate', namespace: 'shop', uid, resourceVersion, generation: 1 },
    spec: {},
    status: { active: 1 },
  });
  const pod = (name: string, labels: JsonObject, owner: string, status: JsonObject): JsonObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', labels, ownerReferences: [{ controller: true, uid: owner }] },
    spec: { containers: [{ name: 'c', image: 'registry.example/web:1' }] },
    status,
  });
  const open = (pods: readonly JsonObject[]) => {
    const { cluster, kube } = openFakeCluster({ objects: pods as readonly JsonMap[] });
    cluster.pauseControllers(true);
    const onHealth = jest.fn();
    const objects = new ApplicationObjects({
      kube,
      clock: { now: () => 0, monotonic: () => 0 },
      random: () => 0,
      logger: createLogger({ level: 'silent' }),
      podsAfterMs: 1,
      watchIdleMs: 1_000,
      onHealth,
      onDrift: () => undefined,
    });
    const close = (): void => {
      objects.close();
      kube.close();
      cluster.close();
    };
    return { kube, objects, onHealth, close };
  };
  const until = async (isSo: () => boolean): Promise<void> => {
    for (let tries = 0; !isSo() && tries < 400; tries += 1) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  it('are still listened to after a new assignment', async () => {
    const { kube, objects, onHealth, close } = open([pod('web-1', { app: 'web' }, 'r1', { phase: 'Pending' })]);
    const item = itemOf(replicaSet);
    objects.replace([item], []);
    objects.onObject(item.key, replicaSet);
    await until(() => onHealth.mock.calls.length > 1);
    objects.replace([{ ...item, digest: 'e' }], []);
    const path = '/api/v1/namespaces/shop/pods/web-1/status';
    const contentType = 'application/merge-patch+json';
    const answer = await kube.request({ method: 'PATCH', path, contentType, body: { status: looping } });
    await until(() => objects.get(item.key)?.health.status === 'failed');
    const verdict = objects.get(item.key)?.health;
    close();
    expect(answer).toMatchObject({ status: 200 });
    expect(verdict).toMatchObject({ status: 'failed', reason: 'CrashLoopBackOff' });
  });

  it('are those of a Job that was made anew, not those of the one before', async () => {
    const label = 'batch.kubernetes.io/controller-uid';
    const { objects, close } = open([
      pod('migrate-old', { [label]: 'j1' }, 'j1', { phase: 'Pending' }),
      pod('migrate-new', { [label]: 'j2' }, 'j2', looping),
    ]);
    const item = itemOf(job('j1', '1'));
    const names = (): unknown[] =>
      (objects.get(item.key)?.pods?.observed() ?? []).map(({ pod: each }) => (each['metadata'] as JsonObject)['name']);
    objects.replace([item], []);
    objects.onObject(item.key, job('j1', '1'));
    await until(() => names().length > 0);
    expect(names()).toEqual(['migrate-old']);
    objects.onGone(item.key, job('j1', '2'));
    objects.onObject(item.key, job('j2', '3'));
    await until(() => names().length > 0);
    const found = names();
    const verdict = objects.get(item.key)?.health;
    close();
    expect(found).toEqual(['migrate-new']);
    // Its crashes count against its own backoffLimit.
    expect(verdict).toMatchObject({ status: 'progressing', message: expect.stringContaining('pod migrate-new') });
  });
});
