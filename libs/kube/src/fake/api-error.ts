import { type JsonMap } from './json-tree.js';

export interface StatusCause {
  readonly reason?: string;
  readonly message: string;
  readonly field?: string;
}

const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Expired',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** A Kubernetes `Status` of failure, as the API server words it. */
export function failureStatus(code: number, message: string, details?: StatusDetails, reason?: string): JsonMap {
  const status: JsonMap = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message };
  status['reason'] = reason ?? reasons[code] ?? 'Unknown';
  if (details !== undefined) status['details'] = JSON.parse(JSON.stringify(details)) as JsonMap;
  status['code'] = code;
  return status;
}

/** Thrown inside the simulated API server, answered as a Status. */
export class ApiError extends Error {
  readonly status: JsonMap;

  constructor(
    readonly code: number,
    message: string,
    details?: StatusDetails,
    reason?: string,
  ) {
    super(message);
    this.status = failureStatus(code, message, details, reason);
  }
}

interface Named {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
}

function qualified(kind: Named): string {
  return kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
}

function details(kind: Named, name: string, more: StatusDetails = {}): StatusDetails {
  return { name, ...(kind.group === '' ? {} : { group: kind.group }), kind: kind.plural, ...more };
}

export function notFound(kind: Named, name: string): ApiError {
  return new ApiError(404, `${qualified(kind)} "${name}" not found`, details(kind, name));
}

export function alreadyExists(kind: Named, name: string): ApiError {
  return new ApiError(409, `${qualified(kind)} "${name}" already exists`, details(kind, name), 'AlreadyExists');
}

export function conflict(kind: Named, name: string, why: string): ApiError {
  return new ApiError(
    409,
    `Operation cannot be fulfilled on ${qualified(kind)} "${name}": ${why}`,
    details(kind, name),
  );
}

export function invalid(kind: Named, name: string, causes: readonly Required<StatusCause>[]): ApiError {
  const lines = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const list = lines.length === 1 ? (lines[0] ?? '') : `[${lines.join(', ')}]`;
  const qualifiedKind = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  return new ApiError(422, `${qualifiedKind} "${name}" is invalid: ${list}`, {
    ...details(kind, name, { causes }),
    kind: kind.kind,
  });
}

export function forbidden(kind: Named, name: string, why: string, causes?: readonly StatusCause[]): ApiError {
  const more = causes === undefined ? {} : { causes };
  return new ApiError(403, `${qualified(kind)} "${name}" is forbidden: ${why}`, details(kind, name, more));
}
