import type { JsonObject } from '../json.js';
import { listAt, numberAt, textAt, valueAt } from './conditions.js';

/** One restart is none; a crash loop is one after so many. */
export const CRASH_LOOP_RESTARTS = 3;
/** After a run of this length the kubelet's back-off begins anew, so the crash that ended it is the first of its kind. */
const LONG_RUN_MS = 10 * 60_000;
const MAX_LAST_WORDS = 300;

const IMAGE_REASONS = new Set([
  'ImagePullBackOff',
  'ErrImagePull',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);
const CREATE_REASONS = new Set(['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError']);

export type ContainerTrouble = 'image' | 'create' | 'crash';

/** A container that does not do what it should. */
export interface TroubledContainer {
  /** As in `init container wait-for-db of pod shop-7c9f-x2x7k`. */
  readonly title: string;
  readonly trouble: ContainerTrouble;
  readonly reason: string;
  /** What the kubelet or the container itself said last. */
  readonly message: string;
  /** It crashed so often, one run shortly after the other, that the next will do no better. */
  readonly loops: boolean;
}

/**
 * The containers of a pod that are in trouble, init containers and sidecars too, in their order of starting. Ephemeral ones are
 * somebody's debugging and say nothing.
 */
export function troubledContainers(pod: JsonObject): readonly TroubledContainer[] {
  const statuses = [...listAt(pod, 'status', 'initContainerStatuses'), ...listAt(pod, 'status', 'containerStatuses')];
  return statuses.flatMap((status) => {
    const trouble = troubleOfContainer(status);
    return trouble === null ? [] : [describeTrouble(pod, status, trouble)];
  });
}

function troubleOfContainer(status: JsonObject): ContainerTrouble | null {
  const waiting = textAt(status, 'state', 'waiting', 'reason');
  if (IMAGE_REASONS.has(waiting)) return 'image';
  if (CREATE_REASONS.has(waiting)) return 'create';
  if (waiting === 'CrashLoopBackOff') return 'crash';
  return numberAt(status, ['state', 'terminated', 'exitCode'], 0) === 0 ? null : 'crash';
}

function describeTrouble(pod: JsonObject, status: JsonObject, trouble: ContainerTrouble): TroubledContainer {
  const title = titleOf(pod, textAt(status, 'name'));
  const waiting = textAt(status, 'state', 'waiting', 'reason');
  if (trouble !== 'crash') {
    const message = textAt(status, 'state', 'waiting', 'message') || waiting;
    return { title, trouble, reason: waiting, message: `${title}: ${message}`, loops: false };
  }
  const restarts = numberAt(status, ['restartCount'], 0);
  const last = lastEnd(status);
  return {
    title,
    trouble,
    reason: waiting || textAt(last, 'reason') || 'Error',
    message: `${title} crashed${restarts > 1 ? ` ${restarts} times` : ''}${lastWords(last)}`,
    loops: restarts >= CRASH_LOOP_RESTARTS && !ranLong(last),
  };
}

/** How the container's last run ended: it may have ended just now, or wait for the next one already. */
function lastEnd(status: JsonObject): JsonObject {
  for (const state of ['state', 'lastState']) {
    const ended = valueAt(status, state, 'terminated');
    if (typeof ended === 'object' && ended !== null && !Array.isArray(ended)) return ended as JsonObject;
  }
  return {};
}

function ranLong(end: JsonObject): boolean {
  return Date.parse(textAt(end, 'finishedAt')) - Date.parse(textAt(end, 'startedAt')) >= LONG_RUN_MS;
}

/** As in `, at last by OOMKilled (exit code 137): out of memory`. */
function lastWords(end: JsonObject): string {
  const reason = textAt(end, 'reason');
  if (reason === '') return '';
  const said = textAt(end, 'message').replace(/\s+/g, ' ').trim();
  const code = numberAt(end, ['exitCode'], 0);
  // The end of what it said is where the cause stands.
  const words = said.length > MAX_LAST_WORDS ? `…${said.slice(1 - MAX_LAST_WORDS)}` : said;
  return `, at last by ${reason} (exit code ${code})${words === '' ? '' : `: ${words}`}`;
}

/** What the pod's failed run said last; empty: nothing. */
export function wordsOfFailedPod(pod: JsonObject): string {
  return troubledContainers(pod)
    .map(({ message }) => message)
    .join('; ');
}

function titleOf(pod: JsonObject, container: string): string {
  const isInit = listAt(pod, 'status', 'initContainerStatuses').some((each) => textAt(each, 'name') === container);
  const declared = listAt(pod, 'spec', 'initContainers').find((each) => textAt(each, 'name') === container);
  const role = !isInit ? 'container' : textAt(declared, 'restartPolicy') === 'Always' ? 'sidecar' : 'init container';
  return `${role} ${container} of pod ${textAt(pod, 'metadata', 'name')}`;
}
