import { ApiError, failureStatus } from './api-error.js';
import { type ApiAnswer, type ApiRequest, type ClusterState, type ResourceRequest } from './cluster-state.js';
import { deleteCollection, deleteObject } from './deletes.js';
import { discoveryDocument } from './discovery.js';
import { openApiDocument } from './openapi.js';
import { getObject, listObjects } from './reads.js';
import { parseRequestPath, type RequestTarget } from './request-path.js';
import { scaleObject } from './scale.js';
import { openWatch, type OpenWatch, type WatchSink } from './watches.js';
import { createObject, patchObject, updateObject } from './writes.js';

/** The Kubernetes API of one cluster, in memory and without a transport: a request in, an answer out, at once. */
export class ApiServer {
  constructor(
    private readonly state: ClusterState,
    private readonly version: string,
  ) {}

  handle(request: ApiRequest): ApiAnswer {
    try {
      const target = parseRequestPath(request.path);
      return target.what === 'document' ? this.document(request, target.path) : this.resource(request, target);
    } catch (error) {
      if (error instanceof ApiError) return { status: error.code, body: JSON.stringify(error.status) };
      throw error;
    }
  }

  /** @throws ApiError when the watch is refused. */
  watch(request: ApiRequest, sink: WatchSink): OpenWatch {
    const target = parseRequestPath(request.path);
    if (target.what === 'document') throw unknownPath();
    return openWatch(this.state, this.resolve(request, target), sink);
  }

  private document(request: ApiRequest, path: readonly string[]): ApiAnswer {
    if (request.method !== 'GET')
      throw new ApiError(405, 'the server does not allow this method on the requested resource');
    const [first] = path;
    if (path.length === 1 && first === 'version') {
      const [, major = '1', minor = '0'] = /^v?(\d+)\.(\d+)/.exec(this.version) ?? [];
      const body = { major, minor, gitVersion: this.version, platform: 'linux/amd64', goVersion: 'none' };
      return { status: 200, body: JSON.stringify(body) };
    }
    if (path.length === 1 && (first === 'healthz' || first === 'readyz' || first === 'livez')) {
      return { status: 200, body: '"ok"' };
    }
    const custom = this.state.kinds.customKinds();
    const document = discoveryDocument(path, request.accept ?? '', custom) ?? openApiDocument(path, custom);
    if (document === undefined) throw unknownPath();
    return { status: 200, body: document };
  }

  private resource(request: ApiRequest, target: ResourceTarget): ApiAnswer {
    const resolved = this.resolve(request, target);
    const { name, subresource } = resolved;
    if (subresource === 'scale') return scaleObject(this.state, resolved);
    if (subresource !== undefined && subresource !== 'status') throw unknownPath();
    if (subresource === 'status' && !resolved.kind.statusSubresource) throw unknownPath();
    switch (request.method) {
      case 'GET':
        return name === undefined ? listObjects(this.state, resolved) : getObject(this.state, resolved);
      case 'POST':
        if (name !== undefined) break;
        return createObject(this.state, resolved);
      case 'PUT':
        if (name === undefined) break;
        return updateObject(this.state, resolved);
      case 'PATCH':
        if (name === undefined) break;
        return patchObject(this.state, resolved);
      case 'DELETE':
        return name === undefined ? deleteCollection(this.state, resolved) : deleteObject(this.state, resolved);
    }
    throw new ApiError(405, 'the server does not allow this method on the requested resource');
  }

  private resolve(request: ApiRequest, target: ResourceTarget): ResourceRequest {
    const kind = this.state.kinds.find(target.group, target.version, target.plural);
    if (kind === undefined) throw unknownPath();
    const namespace = target.namespace ?? '';
    const needsNamespace = kind.namespaced && (target.name !== undefined || request.method === 'POST');
    if (kind.namespaced ? needsNamespace && namespace === '' : namespace !== '') throw unknownPath();
    return { ...request, ...target, kind, namespace };
  }
}

type ResourceTarget = Extract<RequestTarget, { what: 'resource' }>;

function unknownPath(): ApiError {
  return new ApiError(404, 'the server could not find the requested resource', {});
}

export function internalError(message: string): ApiAnswer {
  return { status: 500, body: JSON.stringify(failureStatus(500, message)) };
}
