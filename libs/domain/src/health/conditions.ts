import type { JsonObject, JsonValue } from '../json.js';

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** A condition of the object's status by its type; one that speaks of another generation is none. */
export function conditionOf(object: JsonObject, type: string): Condition | undefined {
  return conditionIn(listAt(object, 'status', 'conditions'), type, numberAt(object, ['metadata', 'generation'], 0));
}

/** The same of a list that stands elsewhere, as a listener's does. `generation`: the object's, 0 where it counts none. */
export function conditionIn(list: readonly JsonObject[], type: string, generation: number): Condition | undefined {
  const found = list.find((each) => textAt(each, 'type') === type);
  if (found === undefined) return undefined;
  const observed = found['observedGeneration'];
  if (typeof observed === 'number' && observed !== generation) return undefined;
  return { type, status: textAt(found, 'status'), reason: textAt(found, 'reason'), message: textAt(found, 'message') };
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

/** `group/Kind`; the core group is empty. A kind of another group that shares a name is another kind. */
export function kindKeyOf(object: JsonObject): string {
  const apiVersion = textAt(object, 'apiVersion');
  const group = apiVersion.slice(0, Math.max(0, apiVersion.indexOf('/')));
  return `${group}/${textAt(object, 'kind')}`;
}
