import { randomUUID } from 'node:crypto';

import { type JsonMap, listOf, mapOf, numberOf, textOf } from '../json-tree.js';
import { builtInKind } from '../kinds.js';
import { type ControllerContext, nowText, shortHash } from './context.js';

const eventKind = builtInKind('', 'v1', 'events');

/** A cluster keeps no more than this, the newest: a real one forgets each after an hour. */
const mostEvents = 100;

interface Trouble {
  readonly reason: string;
  readonly message: string;
  readonly component: 'kubelet' | 'default-scheduler';
  /** Of the container. */
  readonly fieldPath?: string;
}

/** Writes the Events that a kubelet and a scheduler write of what newly went wrong with a Pod. */
export function tellTroubles(context: ControllerContext, pod: JsonMap, before: JsonMap, status: JsonMap): void {
  for (const field of ['initContainerStatuses', 'containerStatuses'] as const) {
    const old = new Map(listOf(before[field]).map((each) => [mapOf(each)['name'], mapOf(each)]));
    for (const each of listOf(status[field])) {
      const now = mapOf(each);
      const known = old.get(now['name']);
      if (known !== undefined && waitsFor(known) === waitsFor(now) && known['restartCount'] === now['restartCount'])
        continue;
      const trouble = troubleOf(pod, now, field === 'containerStatuses' ? 'containers' : 'initContainers');
      if (trouble !== undefined) writeEvent(context, pod, trouble);
    }
  }
}

export function tellUnschedulable(context: ControllerContext, pod: JsonMap, message: string): void {
  writeEvent(context, pod, { reason: 'FailedScheduling', message, component: 'default-scheduler' });
}

function waitsFor(container: JsonMap): string {
  return textOf(mapOf(mapOf(container['state'])['waiting'])['reason']);
}

function troubleOf(pod: JsonMap, container: JsonMap, list: string): Trouble | undefined {
  const { name, namespace, uid } = mapOf(pod['metadata']);
  const [own, image] = [textOf(container['name']), textOf(container['image'])];
  const from = { component: 'kubelet', fieldPath: `spec.${list}{${own}}` } as const;
  switch (waitsFor(container)) {
    case 'ErrImagePull':
      return { ...from, reason: 'Failed', message: `Failed to pull image "${image}": not found` };
    case 'ImagePullBackOff':
      return { ...from, reason: 'BackOff', message: `Back-off pulling image "${image}"` };
    case 'CrashLoopBackOff': {
      const where = `${textOf(name)}_${textOf(namespace)}(${textOf(uid)})`;
      return { ...from, reason: 'BackOff', message: `Back-off restarting failed container ${own} in pod ${where}` };
    }
    default:
      return undefined;
  }
}

/** What is said again counts up. */
function writeEvent(
  context: ControllerContext,
  pod: JsonMap,
  { reason, message, component, fieldPath }: Trouble,
): void {
  const { name, namespace, uid, resourceVersion } = mapOf(pod['metadata']);
  const { store } = context.state;
  const space = textOf(namespace);
  const own = `${textOf(name)}.${shortHash([uid ?? '', reason, message])}`;
  const now = nowText(context);
  const stored = store.get('events', space, own);
  if (stored !== undefined) {
    const before = context.parse(stored);
    context.write(eventKind, {
      ...before,
      metadata: { ...mapOf(before['metadata']) },
      count: numberOf(before['count'], 1) + 1,
      lastTimestamp: now,
    });
    return;
  }
  const host = textOf(mapOf(pod['spec'])['nodeName']);
  context.write(eventKind, {
    kind: 'Event',
    apiVersion: 'v1',
    metadata: { name: own, namespace: space, uid: randomUUID(), creationTimestamp: now },
    involvedObject: {
      ...{ kind: 'Pod', namespace: space, name: name ?? '', uid: uid ?? '', apiVersion: 'v1' },
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(fieldPath !== undefined && { fieldPath }),
    },
    reason,
    message,
    source: host === '' ? { component } : { component, host },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
    type: 'Warning',
    eventTime: null,
    reportingComponent: component,
    reportingInstance: host,
  });
  forgetOldest(context);
}

function forgetOldest({ state: { store } }: ControllerContext): void {
  const all = store.list('events');
  if (all.length <= mostEvents) return;
  const [oldest] = all.sort((a, b) => a.resourceVersion - b.resourceVersion);
  if (oldest !== undefined) store.remove(oldest);
}
