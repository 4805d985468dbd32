import type { JsonObject } from '../json.js';
import type { HealthStatus } from '../report.js';

export interface HealthVerdict {
  readonly status: HealthStatus;
  /** CamelCase word, as in a Kubernetes condition. */
  readonly reason: string;
  /** One sentence, at most 600 characters; empty where there is nothing to say. */
  readonly message: string;
}

/** What a rule may know besides the object itself. It never reads a clock: the agent measures by its monotonic one. */
export interface HealthContext {
  /** `metadata.generation` as the last write answered it: an older copy from a watch is no evidence. */
  readonly generation?: number;
  /** For how long the object has been in its present trouble (`troubleOf`), in milliseconds; 0 unless told. */
  readonly sinceMs?: number;
  /** The pods behind a workload, those of its present revision only (`presentPods`). */
  readonly pods?: readonly ObservedPod[];
  /** PersistentVolumeClaim: its class binds when the first pod uses it. */
  readonly bindsOnFirstUse?: boolean;
  /** Ingress: its class gives addresses, so one is waited for. */
  readonly givesAddress?: boolean;
  /** The application's rules for custom resources, as `judgeByRules` reads them. */
  readonly rules?: RuleJudge;
}

/** What the rules of an application say of an object; null: nothing, so that the common rules decide. */
export type RuleJudge = (object: JsonObject) => HealthVerdict | null;

export interface ObservedPod {
  readonly pod: JsonObject;
  /** For how long it has been in its present trouble (`troubleOf`), in milliseconds. */
  readonly sinceMs: number;
}

const MAX_MESSAGE = 600;

const SEVERITY: Readonly<Record<HealthStatus, number>> = {
  healthy: 0,
  suspended: 1,
  progressing: 2,
  unknown: 3,
  missing: 4,
  failed: 5,
};

/** The worst verdict, the first of equals; healthy for none: an application is as healthy as its worst object. */
export function worstOf<T extends Pick<HealthVerdict, 'status'>>(verdicts: readonly T[]): T | undefined {
  let worst: T | undefined;
  for (const verdict of verdicts) {
    if (worst === undefined || SEVERITY[verdict.status] > SEVERITY[worst.status]) worst = verdict;
  }
  return worst;
}

/** Whether it keeps an application from being healthy: suspended things are neutral. */
export function isFine(status: HealthStatus): boolean {
  return status === 'healthy' || status === 'suspended';
}

export function verdict(status: HealthStatus, reason: string, message = ''): HealthVerdict {
  return {
    status,
    reason,
    message: message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE - 1)}…` : message,
  };
}

export const healthy = (reason = 'Current', message = ''): HealthVerdict => verdict('healthy', reason, message);
