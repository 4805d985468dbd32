import type { JsonObject, JsonValue } from '../json.js';
import type { HealthStatus } from '../report.js';

export interface HealthVerdict {
  readonly status: HealthStatus;
  /** CamelCase word, as in a Kubernetes condition. */
  readonly reason: string;
  /** One sentence, at most 300 characters; empty where there is nothing to say. */
  readonly message: string;
}

/** What a rule may know besides the object itself. It never reads a clock: the agent measures by its monotonic one. */
export interface HealthContext {
  /** `metadata.generation` as the last write answered it: an older copy from a watch is no evidence. */
  readonly generation?: number;
  /** For how long the object has been in its present trouble (`troubleOf`), in milliseconds; 0 unless told. */
  readonly sinceMs?: number;
  /** The pods behind a workload, those of its present revision only. */
  readonly pods?: readonly ObservedPod[];
  /** PersistentVolumeClaim: its class binds when the first pod uses it. */
  readonly bindsOnFirstUse?: boolean;
  /** Ingress: its class gives addresses, so one is waited for. */
  readonly givesAddress?: boolean;
}

export interface ObservedPod {
  readonly pod: JsonObject;
  /** For how long it has been in its present trouble (`troubleOf`), in milliseconds. */
  readonly sinceMs: number;
}

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
  return { status, reason, message: message.length > 300 ? `${message.slice(0, 299)}…` : message };
}

export const healthy = (reason = 'Current', message = ''): HealthVerdict => verdict('healthy', reason, message);

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
}

/** A condition of the object's status by its type. */
export function conditionOf(object: JsonObject, type: string): Condition | undefined {
  const found = listAt(object, 'status', 'conditions').find((each) => textAt(each, 'type') === type);
  if (found === undefined) return undefined;
  const observed = found['observedGeneration'];
  return {
    type,
    status: textAt(found, 'status'),
    reason: textAt(found, 'reason'),
    message: textAt(found, 'message'),
    ...(typeof observed === 'number' && { observedGeneration: observed }),
  };
}

/** Whether a condition is there with status True: its presence alone says nothing. */
export function isTrue(condition: Condition | undefined): condition is Condition & { readonly status: 'True' } {
  return condition?.status === 'True';
}

export function isFalse(condition: Condition | undefined): condition is Condition & { readonly status: 'False' } {
  return condition?.status === 'False';
}

export function valueAt(object: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = object;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    value = (value as JsonObject)[key];
  }
  return value;
}

export function textAt(object: JsonValue | undefined, ...path: readonly string[]): string {
  const value = valueAt(object, ...path);
  return typeof value === 'string' ? value : '';
}

export function numberAt(object: JsonValue | undefined, path: readonly string[], otherwise: number): number {
  const value = valueAt(object, ...path);
  return typeof value === 'number' ? value : otherwise;
}

export function listAt(object: JsonValue | undefined, ...path: readonly string[]): readonly JsonObject[] {
  const value = valueAt(object, ...path);
  if (!Array.isArray(value)) return [];
  return value.filter((each): each is JsonObject => typeof each === 'object' && each !== null && !Array.isArray(each));
}
