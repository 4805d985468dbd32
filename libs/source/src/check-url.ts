import path from 'node:path';
import { RejectedError } from '#kit';

export interface UrlRules {
  /** Whether repositories on the hub's own disk may be named. */
  readonly allowLocal: boolean;
}

const userOfSsh = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;
const hostName = /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/;

/**
 * Takes `https://…`, `ssh://user@host/…`, `user@host:path`, and where the rules say so `file:///…` and an absolute path.
 * A text that git could read as an option or as a transport program (`ext::…`) never gets to git.
 * @returns what to show of the URL in logs and errors: a refused one may hold a password, a taken one never does.
 * @throws RejectedError `url-refused`
 */
export function checkUrl(url: string, rules: UrlRules): string {
  if (url.length === 0 || url.length > 2048) throw refused('must have between 1 and 2,048 characters');
  if (/[\s\p{Cc}\\]/u.test(url)) throw refused('must not hold white space, control characters or backslashes');
  if (url.startsWith('-')) throw refused('must not begin with a dash: git would take it as an option');
  if (/^[A-Za-z0-9+.-]*::/.test(url)) throw refused('names a transport program ("…::"), which is never run');
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(url)?.[1]?.toLowerCase();
  if (scheme !== undefined) checkSchemed(url, scheme, rules);
  else if (path.isAbsolute(url)) checkLocal(rules);
  else checkScpLike(url);
  return url;
}

function checkSchemed(url: string, scheme: string, rules: UrlRules): void {
  if (scheme === 'file') {
    checkLocal(rules);
    if (!url.slice('file://'.length).startsWith('/')) throw refused('must be file:/// and an absolute path');
    return;
  }
  if (scheme !== 'https' && scheme !== 'ssh') {
    throw refused(`has the scheme ${scheme}: use https:// or ssh://`);
  }
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw refused('is no URL that can be read: write it as https://host/path');
  }
  if (parsed.password !== '' || (scheme === 'https' && parsed.username !== '')) {
    throw refused('holds credentials: take them out, a URL is shown to everybody who may see the source');
  }
  if (parsed.search !== '' || parsed.hash !== '') {
    throw refused('must not have a query or a fragment: write the branch, tag or commit as ref');
  }
  if (parsed.username !== '' && !userOfSsh.test(parsed.username)) throw refused('has an odd user name');
  const ip6 = parsed.hostname.startsWith('[');
  if (!ip6 && !hostName.test(parsed.hostname)) throw refused('has an odd host name');
  if (parsed.pathname === '' || parsed.pathname === '/') throw refused('names a host, but no repository on it');
  if (parsed.pathname.startsWith('/-') && scheme === 'ssh') throw refused('has a path that begins with a dash');
}

function checkScpLike(url: string): void {
  const match = /^(?:([^@/:]+)@)?([^@/:]+):(.+)$/.exec(url);
  if (match === null) {
    throw refused('must be https://host/path, ssh://user@host/path or user@host:path; a local path must be absolute');
  }
  const [, user, host = '', repository = ''] = match;
  if (user !== undefined && !userOfSsh.test(user)) throw refused('has an odd user name');
  if (!hostName.test(host)) throw refused('has an odd host name');
  if (repository.includes('@')) throw refused('holds credentials: take them out');
  if (/^\/?-/.test(repository)) throw refused('has a path that begins with a dash');
}

function checkLocal(rules: UrlRules): void {
  if (!rules.allowLocal) {
    throw refused('names a folder of the hub itself, which this hub does not allow: use https:// or ssh://');
  }
}

/** The URL itself stays out of the message: it may hold what made it refused. */
function refused(reason: string): RejectedError {
  return new RejectedError('url-refused', `spec.url ${reason}.`);
}
