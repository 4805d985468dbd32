import { BugError, FlotillaError, RetryableError, messageOf } from '#kit';

const SERIALIZATION = new Set(['40001', '40P01', '55P03']);
/** Node's and pg's words for a connection that could not be made or was lost. */
const CONNECTION =
  /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)|connection terminated|timeout exceeded when trying to connect|client has encountered a connection error|not queryable|cannot use a pool after calling end|connection (?:was )?closed|timeout expired/i;

/** 28: a login that is refused; 42501: a right that is missing. */
const REFUSED = /^(28...|42501)$/;

interface DatabaseFault {
  readonly code: string | undefined;
  readonly constraint: string | undefined;
  readonly message: string;
}

/**
 * What a failed statement means to the caller: `database-unavailable` and `serialization` are worth another try, all else is a bug.
 * Neither the statement nor its parameters nor PostgreSQL's detail are carried on, since they may hold what must not reach a log.
 */
export function toStoreError(error: unknown): FlotillaError {
  if (error instanceof FlotillaError) return error;
  const fault = faultOf(error);
  const code = fault.code ?? '';
  if (SERIALIZATION.has(code)) {
    return new RetryableError('serialization', `The database met a concurrent change (${code}): try again.`);
  }
  if (isUnavailable(fault, error)) {
    return new RetryableError(
      'database-unavailable',
      `The database does not answer (${messageOf(fault.message, 200)}): it is tried again; check that PostgreSQL runs and DATABASE_URL names it.`,
    );
  }
  if (REFUSED.test(code)) {
    return new RetryableError(
      'database-refused',
      `The database does not let the hub in (${messageOf(fault.message, 200)}): correct the user and the password in DATABASE_URL, or what the database allows them.`,
    );
  }
  const constraint = fault.constraint === undefined ? '' : `, constraint ${fault.constraint}`;
  const sqlState = code === '' ? '' : ` (${code}${constraint})`;
  return new BugError('database', `A statement failed${sqlState}: ${messageOf(fault.message, 300)}`);
}

function faultOf(error: unknown): DatabaseFault {
  const fault = memberOf(error, 'driverError') ?? error;
  // A host tried at several addresses fails with one AggregateError, whose own message is empty.
  const errors = memberOf(fault, 'errors');
  const first: unknown = Array.isArray(errors) ? (errors[0] ?? fault) : fault;
  const text = (key: string): string | undefined => {
    const value = memberOf(first, key);
    return typeof value === 'string' ? value : undefined;
  };
  return { code: text('code'), constraint: text('constraint'), message: text('message') ?? String(first) };
}

/** Not by instanceof: the driver's errors may come from another realm, as they do in jest. */
function memberOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function isUnavailable(fault: DatabaseFault, error: unknown): boolean {
  const { code = '' } = fault;
  // 08: connection; 53: out of connections, memory or disk; 57: shut down, cancelled, statement timeout;
  // 25006: a failover left us on a read-only standby; 25P03: idle in transaction for too long; 3D000: no such database (yet).
  if (/^(08|53|57)...$/.test(code) || code === '25006' || code === '25P03' || code === '3D000') return true;
  if ((error as { name?: string }).name === 'QueryRunnerAlreadyReleasedError') return true;
  // A Unix socket that is not there (ENOENT), or whose server is gone.
  if (code === 'ENOENT' && /connect/.test(fault.message)) return true;
  return CONNECTION.test(code) || CONNECTION.test(fault.message);
}
