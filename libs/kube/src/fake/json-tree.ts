/** JSON that the simulated API server may change in place; what leaves it is a copy. */
export type Json = null | boolean | number | string | Json[] | JsonMap;
export interface JsonMap {
  [key: string]: Json;
}

export function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function mapOf(value: Json | undefined): JsonMap {
  return isMap(value) ? value : {};
}

export function listOf(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

export function numberOf(value: Json | undefined, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

/** The map at `key`, made when missing. */
export function mapAt(parent: JsonMap, key: string): JsonMap {
  const found = parent[key];
  if (isMap(found)) return found;
  const made: JsonMap = {};
  parent[key] = made;
  return made;
}

export function metadataOf(object: JsonMap): JsonMap {
  return mapAt(object, 'metadata');
}

/** Equal as JSON: the order of keys doesn't count, the order of items does. */
export function equalJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i += 1) if (!equalJson(a[i], b[i])) return false;
    return true;
  }
  if (Array.isArray(b)) return false;
  let keys = 0;
  for (const key in a) {
    keys += 1;
    const other = b[key];
    if (other === undefined || !equalJson(a[key], other)) return false;
  }
  for (const _ in b) keys -= 1;
  return keys === 0;
}

export function cloneJson<T extends Json>(value: T): T;
export function cloneJson(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => cloneJson(item));
  const copy: JsonMap = {};
  for (const key in value) {
    const item = value[key];
    if (item !== undefined) copy[key] = cloneJson(item);
  }
  return copy;
}

export function parseMap(text: string): JsonMap {
  return JSON.parse(text) as JsonMap;
}
