import { ApiError } from './api-error.js';
import { cloneJson, equalJson, isMap, type Json, type JsonMap, textOf } from './json-tree.js';

/** RFC 7386: null takes a member away, maps are merged, the rest is replaced. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isMap(patch)) return patch;
  const out: JsonMap = isMap(target) ? { ...target } : {};
  for (const key in patch) {
    const value = patch[key];
    if (value === null || value === undefined) delete out[key];
    else out[key] = mergePatch(out[key], value);
  }
  return out;
}

function pointer(path: unknown): string[] {
  if (typeof path !== 'string' || (path !== '' && !path.startsWith('/'))) {
    throw new ApiError(422, `invalid JSON pointer ${JSON.stringify(path)}`);
  }
  return path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function step(at: Json | undefined, key: string): Json | undefined {
  if (Array.isArray(at)) return at[Number(key)];
  return isMap(at) ? at[key] : undefined;
}

function read(root: Json, path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>(step, root);
}

function parentOf(root: Json, path: readonly string[]): JsonMap | Json[] {
  const parent = read(root, path.slice(0, -1));
  if (Array.isArray(parent) || isMap(parent)) return parent;
  throw new ApiError(
    422,
    `the server rejected our request due to an error in our request: no value at /${path.join('/')}`,
  );
}

function write(root: Json, path: readonly string[], value: Json, insert: boolean): void {
  const parent = parentOf(root, path);
  const key = path.at(-1) ?? '';
  if (!Array.isArray(parent)) parent[key] = value;
  else if (key === '-') parent.push(value);
  else parent.splice(Number(key), insert ? 0 : 1, value);
}

function erase(root: Json, path: readonly string[]): void {
  const parent = parentOf(root, path);
  const key = path.at(-1) ?? '';
  if (step(parent, key) === undefined) throw new ApiError(422, `nothing to remove at /${path.join('/')}`);
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
}

/** RFC 6902 on a copy. */
export function jsonPatch(target: JsonMap, operations: readonly unknown[]): JsonMap {
  const root = cloneJson(target);
  for (const each of operations) {
    if (!isMap(each)) throw new ApiError(400, 'a JSON patch is a list of operations');
    const path = pointer(each['path']);
    const value = cloneJson(each['value'] ?? null);
    switch (each['op']) {
      case 'add':
        write(root, path, value, true);
        break;
      case 'replace':
        if (read(root, path) === undefined) throw new ApiError(422, `nothing to replace at ${textOf(each['path'])}`);
        write(root, path, value, false);
        break;
      case 'remove':
        erase(root, path);
        break;
      case 'test':
        if (!equalJson(read(root, path), value))
          throw new ApiError(422, `testing value ${textOf(each['path'])} failed`);
        break;
      case 'copy':
      case 'move': {
        const from = pointer(each['from']);
        const moved = cloneJson(read(root, from) ?? null);
        if (each['op'] === 'move') erase(root, from);
        write(root, path, moved, true);
        break;
      }
      default:
        throw new ApiError(400, `unknown JSON patch operation ${JSON.stringify(each['op'])}`);
    }
  }
  return root;
}
