import { parseGitUrl, refused, type GitUrl } from './parse-git-url.js';

export interface UrlRules {
  /** Whether repositories on the hub's own disk may be named. */
  readonly allowLocal: boolean;
}

const userOfSsh = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;

/**
 * Takes `https://…`, `ssh://user@host/…`, `user@host:path`, and where the rules say so `file:///…` and an absolute path.
 * A refused URL may hold a password, a taken one never does: it may be shown.
 * @throws RejectedError `url-refused`
 */
export function checkUrl(text: string, rules: UrlRules): GitUrl {
  const url = parseGitUrl(text);
  if (url.kind === 'file') {
    if (rules.allowLocal) return url;
    throw refused('names a folder of the hub itself, which this hub does not allow: use https:// or ssh://');
  }
  const { kind, user } = url;
  if (kind !== 'https' && kind !== 'ssh') throw refused(`has the scheme ${kind}: use https:// or ssh://`);
  if (url.hasPassword || (kind === 'https' && user !== null)) {
    throw refused('holds credentials: take them out, a URL is shown to everybody who may see the source');
  }
  if (url.hasMore) throw refused('must not have a query or a fragment: write the branch, tag or commit as ref');
  if (user !== null && !userOfSsh.test(user)) throw refused('has an odd user name');
  if (url.path === '' || url.path === '/') throw refused('names a host, but no repository on it');
  if (kind === 'ssh' && /^\/?-/.test(url.path)) throw refused('has a path that begins with a dash');
  return url;
}
