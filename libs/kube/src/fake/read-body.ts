import { ApiError } from './api-error.js';
import { type ResourceRequest } from './cluster-state.js';
import { cloneJson, isMap, type JsonMap, metadataOf, textOf } from './json-tree.js';
import { apiVersionOf, type KindInfo } from './kinds.js';

/** The body as an object of the request's kind, its name and namespace filled in from the path. */
export function readBody(request: ResourceRequest, body: unknown): JsonMap {
  const { kind } = request;
  if (!isMap(body)) throw new ApiError(400, 'the object provided is unrecognized (must be of type Object)');
  const object = keepsEmpties(kind) ? cloneJson(body) : tidyCopy(body);
  const wanted = apiVersionOf(kind);
  if (object['kind'] !== undefined && object['kind'] !== kind.kind) {
    throw new ApiError(400, `${textOf(object['kind'])} in body does not match the expected kind ${kind.kind}`);
  }
  if (object['apiVersion'] !== undefined && object['apiVersion'] !== wanted) {
    throw new ApiError(
      400,
      `the API version in the data (${textOf(object['apiVersion'])}) does not match the expected API version (${wanted})`,
    );
  }
  const metadata = metadataOf(object);
  if (request.name !== undefined) {
    if (metadata['name'] === undefined || metadata['name'] === '') metadata['name'] = request.name;
    else if (metadata['name'] !== request.name) {
      throw new ApiError(
        400,
        `the name of the object (${textOf(metadata['name'])}) does not match the name on the URL (${request.name})`,
      );
    }
  }
  if (!kind.namespaced) {
    delete metadata['namespace'];
    return object;
  }
  if (metadata['namespace'] === undefined || metadata['namespace'] === '') metadata['namespace'] = request.namespace;
  else if (metadata['namespace'] !== request.namespace) {
    throw new ApiError(400, 'the namespace of the provided object does not match the namespace sent on the request');
  }
  return object;
}

function keepsEmpties(kind: KindInfo): boolean {
  return kind.custom !== undefined || kind.kind === 'CustomResourceDefinition';
}

const emptyMapsSayNothing = new Set([
  'data',
  'stringData',
  'binaryData',
  'matchLabels',
  'nodeSelector',
  'limits',
  'requests',
]);

/** A copy without what the types of built-in kinds leave out when they are written: empty lists, and some empty maps. */
function tidyCopy(value: JsonMap): JsonMap {
  const out: JsonMap = {};
  for (const key in value) {
    const item = value[key];
    if (item === undefined) continue;
    if (Array.isArray(item)) {
      if (item.length > 0 || key === 'rules')
        out[key] = item.map((each) => (isMap(each) ? tidyCopy(each) : cloneJson(each)));
    } else if (isMap(item)) {
      const inner = tidyCopy(item);
      if (!emptyMapsSayNothing.has(key) || Object.keys(inner).length > 0) out[key] = inner;
    } else out[key] = item;
  }
  return out;
}
