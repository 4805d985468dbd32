import { assessObject, type HealthVerdict, type JsonObject, podTrouble } from '#domain';
import type { Logger } from '#kit';
import { apiError, type ApplyItem, isSuccess, mapAt, mapsAt, type ObjectCalls, sleep, textAt, uidOf } from '#kube';
import type { Clock, Kube } from '#ports';
import { podSourceOf } from '../apply/pod-source.js';
import { PodWatch } from '../apply/pod-watch.js';

/** How a hook ended. */
export type HookEnd =
  | { readonly kind: 'ended' }
  /** It did not do its work; to try again is somebody's decision. */
  | { readonly kind: 'failed'; readonly message: string }
  /** Something newer, a halt or the end of the agent. */
  | { readonly kind: 'cut' };

export interface AwaitHookOptions {
  readonly kube: Kube;
  readonly calls: ObjectCalls;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly watchIdleMs: number;
  readonly signal: AbortSignal;
  /** What keeps it from ending, as an image that can't be pulled; null: nothing that is known. */
  readonly onTrouble: (message: string | null) => void;
}

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 1_000;

/** Whether a hook is over only when it has run to its end. */
export function runsToItsEnd({ ref }: Pick<ApplyItem, 'ref'>): boolean {
  const { apiVersion, kind } = ref;
  return (kind === 'Job' && apiVersion.startsWith('batch/')) || (kind === 'Pod' && apiVersion === 'v1');
}

/**
 * Waits for a Job or a Pod to end, however long that takes: what nobody waits for any longer, the rollout's own deadline ends.
 * @throws RetryableError where the API server does not answer
 */
export async function awaitHook(item: ApplyItem, created: JsonObject, options: AwaitHookOptions): Promise<HookEnd> {
  const { calls, signal } = options;
  const uid = uidOf(created);
  const watch = new Pods(item, options);
  try {
    let wait = FIRST_WAIT_MS;
    for (let live = created; ; wait = Math.min(wait * 1.5, LONGEST_WAIT_MS)) {
      const end = endOf(live);
      if (end !== null) return end;
      options.onTrouble(watch.trouble(live));
      await sleep(wait, signal);
      if (signal.aborted) return { kind: 'cut' };
      const found = await calls.get(item);
      if (signal.aborted) return { kind: 'cut' };
      if (found.status === 404 || (isSuccess(found) && uidOf(found.body) !== uid)) return GONE;
      // One that may no longer be looked at, or a server in trouble: the next look may tell.
      if (isSuccess(found)) live = found.body;
      else options.onTrouble(apiError(found).message);
    }
  } finally {
    watch.close();
  }
}

/** It is not there, and was not seen to end. */
export const GONE: HookEnd = {
  kind: 'failed',
  message:
    'it was deleted before its end was seen, so whether it did its work is not known; a new release, or a retry of this one, runs it again',
};

/** Null: it goes on. */
function endOf(live: JsonObject): HookEnd | null {
  if (textAt(live, 'kind') === 'Pod') return endOfPod(mapAt(live, 'status'));
  const verdict = assessObject(live);
  if (verdict.reason === 'Complete' && verdict.status === 'healthy') return { kind: 'ended' };
  return verdict.status === 'failed' ? { kind: 'failed', message: told(verdict) } : null;
}

function endOfPod(status: JsonObject): HookEnd | null {
  const phase = textAt(status, 'phase');
  if (phase === 'Succeeded') return { kind: 'ended' };
  if (phase !== 'Failed') return null;
  const own = [textAt(status, 'reason'), textAt(status, 'message')].filter(Boolean).join(': ');
  const containers = [...mapsAt(status, 'initContainerStatuses'), ...mapsAt(status, 'containerStatuses')];
  const ends = containers.flatMap((each) => {
    const { exitCode, ...ended } = mapAt(mapAt(each, 'state'), 'terminated');
    if (typeof exitCode !== 'number' || exitCode === 0) return [];
    const why = [textAt(ended, 'reason'), textAt(ended, 'message')].filter(Boolean).join(': ');
    return [`the container ${textAt(each, 'name')} ended with ${exitCode}${why && ` (${why})`}`];
  });
  return { kind: 'failed', message: own || ends.join('; ') || 'the pod failed' };
}

function told({ reason, message }: HealthVerdict): string {
  return message === '' ? reason : `${reason}: ${message}`;
}

/** Why a hook does not come to its end, as its pods tell. */
class Pods {
  private watch: PodWatch | null = null;
  private troubled: { readonly word: string; readonly since: number } | null = null;

  constructor(
    private readonly item: ApplyItem,
    private readonly options: AwaitHookOptions,
  ) {}

  trouble(live: JsonObject): string | null {
    const verdict = this.item.ref.kind === 'Pod' ? this.ofPod(live) : this.ofJob(live);
    return verdict.status === 'failed' ? told(verdict) : null;
  }

  close(): void {
    this.watch?.close();
  }

  private ofPod(live: JsonObject): HealthVerdict {
    const word = podTrouble(live);
    const now = this.options.clock.monotonic();
    if (word === null) this.troubled = null;
    else if (this.troubled?.word !== word) this.troubled = { word, since: now };
    return assessObject(live, { sinceMs: this.troubled === null ? 0 : now - this.troubled.since });
  }

  private ofJob(live: JsonObject): HealthVerdict {
    const source = podSourceOf(live);
    if (source !== null && this.watch === null) {
      const { kube, clock, random, logger, watchIdleMs } = this.options;
      this.watch = new PodWatch({
        kube,
        source,
        clock,
        random,
        logger,
        idleMs: watchIdleMs,
        onChange: () => undefined,
      });
    }
    return assessObject(live, this.watch === null ? {} : { pods: this.watch.observed() });
  }
}
