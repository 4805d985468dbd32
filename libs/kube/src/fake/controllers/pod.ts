import { equalJson, isMap, type Json, type JsonMap, listOf, mapOf, textOf } from '../json-tree.js';
import { builtInKind } from '../kinds.js';
import { type ControllerContext, nowText, type Reconcile, shortHash, withCondition } from './context.js';
import { behaviourOf, type ContainerBehaviour } from './pod-behaviour.js';
import { tellTroubles, tellUnschedulable } from './pod-events.js';

export const podKind = builtInKind('', 'v1', 'pods');

const imageBackOffMs = 500;
const quickRestartMs = 500;
const slowRestartMs = 30_000;
/** From this many restarts on the next one takes its time. */
const quickRestarts = 3;
const jobRunMs = 300;

interface Step {
  readonly status: JsonMap;
  /** When to look again; undefined where nothing more will happen. */
  readonly againMs?: number;
}

function statusBase(container: JsonMap, restartCount: number): JsonMap {
  const image = textOf(container['image']);
  return {
    name: textOf(container['name']),
    image,
    imageID: '',
    ready: false,
    started: false,
    restartCount,
    lastState: {},
    state: {},
  };
}

function running(container: JsonMap, restarts: number, now: string, ready: boolean): JsonMap {
  const image = textOf(container['image']);
  return {
    ...statusBase(container, restarts),
    imageID: `sha256:${shortHash(image)}`,
    ready,
    started: true,
    state: { running: { startedAt: now } },
  };
}

function waiting(container: JsonMap, restarts: number, reason: string, message?: string): JsonMap {
  const state: JsonMap = message === undefined ? { reason } : { reason, message };
  return { ...statusBase(container, restarts), state: { waiting: state } };
}

function crashed(container: JsonMap, restarts: number, reason: string, now: string): JsonMap {
  const name = textOf(container['name']);
  const image = textOf(container['image']);
  const terminated: JsonMap = {
    exitCode: reason === 'OOMKilled' ? 137 : 1,
    reason,
    message: `fatal: cannot start, as the tag of ${image} says`,
    startedAt: now,
    finishedAt: now,
  };
  const message = `back-off 10s restarting failed container=${name}`;
  return {
    ...waiting(container, restarts, 'CrashLoopBackOff', message),
    imageID: `sha256:${shortHash(image)}`,
    lastState: { terminated },
  };
}

function completed(container: JsonMap, now: string, exitCode: number): JsonMap {
  const reason = exitCode === 0 ? 'Completed' : 'Error';
  const terminated: JsonMap = { exitCode, reason, startedAt: now, finishedAt: now };
  if (exitCode !== 0) terminated['message'] = `fatal: cannot start, as the tag of ${textOf(container['image'])} says`;
  return {
    ...statusBase(container, 0),
    imageID: `sha256:${shortHash(textOf(container['image']))}`,
    state: { terminated },
  };
}

function stateName(status: JsonMap | undefined): string {
  if (status === undefined) return 'none';
  const state = mapOf(status['state']);
  const waitingFor = state['waiting'];
  if (isMap(waitingFor)) return textOf(waitingFor['reason']);
  return Object.keys(state)[0] ?? 'none';
}

interface Turn {
  readonly container: JsonMap;
  readonly before: JsonMap | undefined;
  readonly behaviour: ContainerBehaviour;
  /** Milliseconds in the present state. */
  readonly elapsed: number;
  readonly readyMs: number;
  readonly now: string;
  /** `Never` or `OnFailure` Pods end; others run on. */
  readonly ends: boolean;
  readonly never: boolean;
}

function wait(turn: Turn, forMs: number, then: () => Step): Step {
  if (turn.elapsed >= forMs) return then();
  const status = turn.before ?? waiting(turn.container, 0, 'ContainerCreating');
  return { status, againMs: forMs - turn.elapsed };
}

function crash(turn: Turn, reason: string): Step {
  if (turn.never) return { status: completed(turn.container, turn.now, 1) };
  const restarts = Number(turn.before?.['restartCount'] ?? 0) + 1;
  return {
    status: crashed(turn.container, restarts, reason, turn.now),
    againMs: restarts < quickRestarts ? quickRestartMs : slowRestartMs,
  };
}

function crashAgain(turn: Turn, reason: string): Step {
  const restarts = Number(turn.before?.['restartCount'] ?? 0);
  return wait(turn, restarts < quickRestarts ? quickRestartMs : slowRestartMs, () => crash(turn, reason));
}

function start(turn: Turn): Step {
  const { behaviour, container, now } = turn;
  switch (behaviour.does) {
    case 'not-pull': {
      const message = `failed to pull and unpack image "${textOf(container['image'])}": not found`;
      return { status: waiting(container, 0, 'ErrImagePull', message), againMs: imageBackOffMs };
    }
    case 'crash':
      return crash(turn, behaviour.reason);
    case 'crash-later':
      return { status: running(container, 0, now, true), againMs: behaviour.afterMs };
    case 'stay-unready':
      return { status: running(container, 0, now, false) };
    case 'run':
      return { status: running(container, 0, now, true), ...(turn.ends ? { againMs: jobRunMs } : {}) };
  }
}

/** One step of a container's life. */
function advanceContainer(turn: Turn): Step {
  const { behaviour, before } = turn;
  const state = stateName(before);
  if (before === undefined || state === 'ContainerCreating' || state === 'PodInitializing') {
    return wait(turn, behaviour.does === 'run' ? behaviour.startMs : turn.readyMs, () => start(turn));
  }
  if (state === 'ErrImagePull') {
    return wait(turn, imageBackOffMs, () => {
      const image = textOf(turn.container['image']);
      const message = `Back-off pulling image "${image}": ErrImagePull: failed to pull and unpack image "${image}": not found`;
      return { status: waiting(turn.container, 0, 'ImagePullBackOff', message) };
    });
  }
  if (state === 'CrashLoopBackOff') return crashAgain(turn, behaviour.does === 'crash' ? behaviour.reason : 'Error');
  if (state === 'running' && behaviour.does === 'crash-later')
    return wait(turn, behaviour.afterMs, () => crash(turn, 'Error'));
  if (state === 'running' && turn.ends && behaviour.does === 'run') {
    return wait(turn, Math.min(jobRunMs, turn.readyMs), () => ({ status: completed(turn.container, turn.now, 0) }));
  }
  return { status: before };
}

/** Whether an init container lets the Pod go on; its status if it doesn't. */
function initStatuses(pod: JsonMap, now: string): { statuses: Json[]; blocked: boolean } {
  let blocked = false;
  const statuses = listOf(mapOf(pod['spec'])['initContainers']).map((each) => {
    const container = mapOf(each);
    const behaviour = behaviourOf(textOf(container['image']), 0);
    if (blocked) return waiting(container, 0, 'PodInitializing');
    if (behaviour.does === 'not-pull') {
      blocked = true;
      return waiting(container, 0, 'ImagePullBackOff', `Back-off pulling image "${textOf(container['image'])}"`);
    }
    if (behaviour.does === 'crash') {
      blocked = true;
      return crashed(container, quickRestarts, behaviour.reason, now);
    }
    return { ...completed(container, now, 0), ready: true };
  });
  return { statuses, blocked };
}

function phaseOf(statuses: readonly JsonMap[]): string {
  const names = statuses.map(stateName);
  const failed = statuses.some((each) => Number(mapOf(mapOf(each['state'])['terminated'])['exitCode'] ?? 0) !== 0);
  if (names.length > 0 && names.every((name) => name === 'terminated')) return failed ? 'Failed' : 'Succeeded';
  const starting = ['none', 'ContainerCreating', 'PodInitializing', 'ErrImagePull', 'ImagePullBackOff'];
  return names.some((name) => starting.includes(name)) ? 'Pending' : 'Running';
}

function podConditions(
  before: Json | undefined,
  now: string,
  unready: string[],
  blocked: boolean,
  phase: string,
): Json[] {
  let out = withCondition(before, now, 'PodReadyToStartContainers', 'True');
  out = blocked
    ? withCondition(out, now, 'Initialized', 'False', { reason: 'ContainersNotInitialized' })
    : withCondition(out, now, 'Initialized', 'True');
  for (const type of ['Ready', 'ContainersReady']) {
    const message = `containers with unready status: [${unready.join(' ')}]`;
    if (phase === 'Succeeded') out = withCondition(out, now, type, 'False', { reason: 'PodCompleted' });
    else if (unready.length === 0) out = withCondition(out, now, type, 'True');
    else out = withCondition(out, now, type, 'False', { reason: 'ContainersNotReady', message });
  }
  return withCondition(out, now, 'PodScheduled', 'True');
}

/** One look at a Pod: its next status, and when to look again. */
export function advancePod(context: ControllerContext, pod: JsonMap): Step {
  const now = nowText(context);
  const spec = mapOf(pod['spec']);
  const before = mapOf(pod['status']);
  const uid = textOf(mapOf(pod['metadata'])['uid']);
  const policy = textOf(spec['restartPolicy']);
  const init = initStatuses(pod, now);
  const old = new Map(listOf(before['containerStatuses']).map((each) => [textOf(mapOf(each)['name']), mapOf(each)]));
  let againMs: number | undefined;
  const statuses = listOf(spec['containers']).map((each) => {
    const container = mapOf(each);
    const name = textOf(container['name']);
    const known = old.get(name);
    if (init.blocked) return waiting(container, 0, 'PodInitializing');
    const phase = `${name} ${stateName(known)} ${Number(known?.['restartCount'] ?? 0)}`;
    const step = advanceContainer({
      container,
      before: known,
      behaviour: behaviourOf(textOf(container['image']), context.readyMs),
      elapsed: context.inPhaseFor(`${uid} ${name}`, phase),
      readyMs: context.readyMs,
      now,
      ends: policy === 'Never' || policy === 'OnFailure',
      never: policy === 'Never',
    });
    if (step.againMs !== undefined) againMs = Math.min(againMs ?? Infinity, step.againMs);
    return step.status;
  });
  const unready = statuses.filter((each) => each['ready'] !== true).map((each) => textOf(each['name']));
  const phase = phaseOf(statuses);
  const status: JsonMap = { phase };
  status['conditions'] = podConditions(before['conditions'], now, unready, init.blocked, phase);
  status['hostIP'] = '10.0.0.1';
  status['startTime'] = before['startTime'] ?? now;
  if (phase !== 'Pending') status['podIP'] = before['podIP'] ?? podIp(uid);
  if (init.statuses.length > 0)
    status['initContainerStatuses'] = keepTimes(before['initContainerStatuses'], init.statuses);
  status['containerStatuses'] = statuses;
  status['qosClass'] = 'BestEffort';
  return againMs === undefined ? { status } : { status, againMs };
}

/** Init containers are worked out anew at each look: what differs in times alone stays. */
function keepTimes(before: Json | undefined, next: Json[]): Json[] {
  const old = listOf(before);
  const same =
    old.length === next.length && old.every((each, at) => stateName(mapOf(each)) === stateName(mapOf(next[at])));
  return same ? old : next;
}

function podIp(uid: string): string {
  return `10.244.${parseInt(uid.slice(0, 2), 16) || 0}.${parseInt(uid.slice(2, 4), 16) || 1}`;
}

/** The scheduler and the kubelet in one. */
export const reconcilePod: Reconcile = (context, _stored, pod) => {
  if (mapOf(pod['metadata'])['deletionTimestamp'] !== undefined) return undefined;
  if (mapOf(pod['spec'])['nodeName'] === undefined) {
    const [node] = context.nodeNames();
    if (node === undefined) {
      const why = { reason: 'Unschedulable', message: '0/0 nodes are available' };
      const before = mapOf(pod['status']);
      const conditions = withCondition(before['conditions'], nowText(context), 'PodScheduled', 'False', why);
      if (!equalJson(before['conditions'], conditions)) {
        context.write(podKind, { ...pod, status: { ...before, phase: 'Pending', conditions } });
        tellUnschedulable(context, pod, why.message);
      }
      return 1000;
    }
    context.write(podKind, { ...pod, spec: { ...mapOf(pod['spec']), nodeName: node } });
    return undefined;
  }
  const phase = mapOf(pod['status'])['phase'];
  if (phase === 'Succeeded' || phase === 'Failed') return undefined;
  const { status, againMs } = advancePod(context, pod);
  if (!equalJson(pod['status'], status)) {
    context.write(podKind, { ...pod, status });
    tellTroubles(context, pod, mapOf(pod['status']), status);
    // The new phase's time starts with the next look, which the write itself brings.
    return undefined;
  }
  return againMs;
};

export function isPodReady(pod: JsonMap): boolean {
  return listOf(mapOf(pod['status'])['conditions'])
    .map(mapOf)
    .some((each) => each['type'] === 'Ready' && each['status'] === 'True');
}
