import type { JsonObject } from '#domain';

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute path, verbatim, without query: `/apis/apps/v1/namespaces/x/deployments/y`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: JsonObject;
  /** `application/apply-patch+yaml` for server-side apply; default `application/json`. */
  readonly contentType?: string;
  /** `Accept` header, for metadata-only lists and watches. */
  readonly accept?: string;
  readonly timeoutMs?: number;
  /** Impersonated user, as `system:serviceaccount:ns:name`. */
  readonly asUser?: string;
  /**
   * Takes the bytes of a 2xx answer as they come, unparsed; the body is empty then. A RejectedError of its own ends the request and
   * is thrown on. Of an answer that breaks off it has had a part.
   */
  readonly sink?: (bytes: Uint8Array) => void | Promise<void>;
}

export interface KubeResponse {
  readonly status: number;
  /** The parsed JSON body; a Kubernetes `Status` for errors. */
  readonly body: JsonObject;
  /** Seconds from a `Retry-After` header. */
  readonly retryAfterSeconds?: number;
}

export interface KubeWatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: JsonObject;
}

/** The Kubernetes API of one cluster, as bare as it can be: verbatim JSON over kept-alive connections. */
export interface Kube {
  /**
   * Every answer of the server is returned, errors too.
   * @throws RetryableError `kube-unreachable` when there was no answer at all.
   */
  request(request: KubeRequest): Promise<KubeResponse>;

  /**
   * A watch stream until the server ends it, `signal` aborts, or `idleMs` pass without a byte.
   * @throws RetryableError `kube-unreachable`; RejectedError `kube-status` with `details.status` when the server refused the watch.
   */
  watch(
    request: Omit<KubeRequest, 'method' | 'body' | 'timeoutMs'> & {
      readonly signal: AbortSignal;
      readonly idleMs?: number;
    },
  ): AsyncIterable<KubeWatchEvent>;

  close(): void;
}
