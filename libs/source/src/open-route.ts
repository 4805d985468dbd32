import {
  messageOf,
  NoAnswer,
  RejectedError,
  resolveAllowed,
  RetryableError,
  type OutboundRules,
  type Resolve,
} from '#kit';
import { type GitUrl, type RemoteGitUrl } from './parse-git-url.js';

/** How one run of git gets to a host: told the very addresses that were looked at, so that it asks for none itself. */
export interface GitRoute {
  readonly settings: readonly (readonly [name: string, value: string])[];
  /** Words of an ssh command. */
  readonly ssh: readonly string[];
}

export interface RouteTerms {
  readonly rules: OutboundRules;
  /** The system's unless told. */
  readonly resolve?: Resolve;
}

const NOWHERE: GitRoute = { settings: [], ssh: [] };

/**
 * Looks up where a repository's host is, and whether it may be called; for one run of git.
 * @throws RejectedError `address-refused`, RetryableError `source-unreachable`
 */
export async function openRoute(url: GitUrl, { rules, resolve }: RouteTerms): Promise<GitRoute> {
  if (url.kind === 'file') return NOWHERE;
  try {
    return pin(url, await resolveAllowed(url.host, rules, resolve));
  } catch (error) {
    if (error instanceof NoAnswer) throw new RejectedError('address-refused', `spec.url: ${error.message}.`);
    // Behind a proxy a name may be nobody's but the proxy's to resolve, and then its rules count.
    if (url.kind === 'https' && isBehindProxy()) return NOWHERE;
    const { code } = error as NodeJS.ErrnoException;
    const why = typeof code === 'string' ? code : messageOf(error, 100);
    throw new RetryableError(
      'source-unreachable',
      `${url.text} could not be read: ${url.host} has no address (${why}).`,
    );
  }
}

function pin(url: RemoteGitUrl, addresses: readonly string[]): GitRoute {
  const [first = ''] = addresses;
  // By its address already.
  if (first === url.host) return NOWHERE;
  if (url.kind === 'ssh') {
    // The name is still what the host's key is looked up by, as known_hosts has it.
    const named = url.port === 22 ? url.host : `[${url.host}]:${url.port}`;
    return { settings: [], ssh: [`-oHostName=${first}`, `-oHostKeyAlias=${named}`] };
  }
  const listed = addresses.map((each) => (each.includes(':') ? `[${each}]` : each)).join(',');
  return { settings: [['http.curloptResolve', `${url.host}:${url.port}:${listed}`]], ssh: [] };
}

function isBehindProxy(): boolean {
  return [process.env['https_proxy'], process.env['HTTPS_PROXY']].some((each) => each !== undefined && each !== '');
}
