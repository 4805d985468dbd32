/** A commit's id by SHA-1 or SHA-256. */
const REVISION = /^([0-9a-f]{40}|[0-9a-f]{64})$/;
/** Parts of a repository's path as these hosts allow them. */
const SEGMENT = /^[A-Za-z0-9_~][-A-Za-z0-9._~]*$/;

/** What stands between a repository's address and a commit's id, by who serves the page. */
function commitPath(host: string): string | null {
  if (host === 'github.com' || host.startsWith('github.')) return '/commit/';
  if (host === 'gitlab.com' || host.startsWith('gitlab.')) return '/-/commit/';
  if (host === 'bitbucket.org') return '/commits/';
  if (['gitea.com', 'codeberg.org'].includes(host) || /^(gitea|forgejo)\./.test(host)) return '/commit/';
  return null;
}

/**
 * The page of a commit where a person can look at it; undefined where the source's address names no host whose pages are known:
 * local paths, ssh, hosts of other makes. An address with credentials is never made a link.
 */
export function commitLink(url: string | undefined, revision: string | undefined): string | undefined {
  if (url === undefined || revision === undefined || !REVISION.test(revision) || !URL.canParse(url)) return undefined;
  const { protocol, username, password, hostname, host, pathname, search, hash } = new URL(url);
  if (protocol !== 'https:' || username !== '' || password !== '' || search !== '' || hash !== '') return undefined;
  const segments = pathname
    .replace(/\/$/, '')
    .replace(/\.git$/, '')
    .split('/')
    .slice(1);
  if (segments.length < 2 || !segments.every((segment) => SEGMENT.test(segment))) return undefined;
  const middle = commitPath(hostname);
  return middle === null ? undefined : `https://${host}/${segments.join('/')}${middle}${revision}`;
}
