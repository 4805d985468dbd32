import path from 'node:path';
import { RejectedError } from '#kit';

/** A repository on a host. */
export interface RemoteGitUrl {
  /** `http` and `git` are read where a Git host names its addresses; the hub calls neither. */
  readonly kind: 'https' | 'ssh' | 'http' | 'git';
  readonly user: string | null;
  readonly hasPassword: boolean;
  /** A query or a fragment. */
  readonly hasMore: boolean;
  /** Lower case, an address as its numbers; IPv6 without brackets. */
  readonly host: string;
  /** The usual one of the kind where the text names none. */
  readonly port: number;
  readonly path: string;
  /** What git is given: the text as it was understood here, so that git and curl have nothing left to read otherwise. */
  readonly text: string;
}

/** A repository on this machine's disk. */
export interface LocalGitUrl {
  readonly kind: 'file';
  readonly path: string;
  readonly text: string;
}

export type GitUrl = RemoteGitUrl | LocalGitUrl;

const USUAL_PORT = { https: 443, ssh: 22, http: 80, git: 9418 } as const;
const hostName = /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/;
/** Also what is not seen: a name that reads otherwise than it is. */
const unprintable = /[\s\p{Cc}\p{Cf}\\]/u;

/**
 * Reads `https://…`, `ssh://user@host/…`, `user@host:path`, `file:///…` and absolute paths: the one place that knows what a repository's
 * address says. Whether it may be called is asked of what it answers (see checkUrl).
 * @throws RejectedError `url-refused` for a text that git could take for an option or a transport program, or that two programs may
 * read as two things. The message does not hold the text: there may be a password in it.
 */
export function parseGitUrl(text: string): GitUrl {
  if (text.length === 0 || text.length > 2048) throw refused('must have between 1 and 2,048 characters');
  if (unprintable.test(text)) throw refused('must not hold white space, control characters or backslashes');
  if (text.startsWith('-')) throw refused('must not begin with a dash: git would take it as an option');
  if (/^[A-Za-z0-9+.-]*::/.test(text)) throw refused('names a transport program ("…::"), which is never run');
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return path.isAbsolute(text) ? { kind: 'file', path: text, text } : parseShort(text);
  if (scheme === 'file') {
    const at = text.slice('file://'.length);
    if (!at.startsWith('/')) throw refused('must be file:/// and an absolute path');
    return { kind: 'file', path: at, text };
  }
  if (!isRemote(scheme)) throw refused(`has the scheme ${scheme}: use https:// or ssh://`);
  return parseRemote(text, scheme);
}

function parseRemote(text: string, kind: RemoteGitUrl['kind']): RemoteGitUrl {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refused('is no URL that can be read: write it as https://host/path');
  }
  const isIp6 = url.hostname.startsWith('[');
  if (!isIp6 && !hostName.test(url.hostname)) throw refused('has an odd host name');
  // What is written as %0A arrives as a line break at whatever git talks to.
  if (unprintable.test(decoded(url.pathname).replaceAll(' ', ''))) {
    throw refused('must not hold control characters or backslashes, in whatever form they are written');
  }
  const port = url.port === '' ? USUAL_PORT[kind] : Number(url.port);
  const user = url.username === '' ? null : decoded(url.username);
  const at = url.hostname.toLowerCase() + (port === USUAL_PORT[kind] ? '' : `:${port}`);
  return {
    kind,
    user,
    hasPassword: url.password !== '',
    hasMore: url.search !== '' || url.hash !== '',
    host: isIp6 ? url.hostname.slice(1, -1).toLowerCase() : url.hostname.toLowerCase(),
    port,
    path: url.pathname,
    text: `${kind}://${user === null ? '' : `${url.username}@`}${at}${url.pathname}`,
  };
}

/** `user@host:path`: over ssh, the path below the user's home. */
function parseShort(text: string): RemoteGitUrl {
  const match = /^(?:([^@/:]+)@)?([^@/:]+):(.+)$/.exec(text);
  if (match === null) {
    throw refused('must be https://host/path, ssh://user@host/path or user@host:path; a local path must be absolute');
  }
  const [, user = null, host = '', at = ''] = match;
  if (!hostName.test(host)) throw refused('has an odd host name');
  if (at.includes('@')) throw refused('holds credentials: take them out');
  const parts = { kind: 'ssh', user, hasPassword: false, hasMore: false, port: USUAL_PORT.ssh } as const;
  const named = host.toLowerCase();
  return { ...parts, host: named, path: at, text: `${user === null ? '' : `${user}@`}${named}:${at}` };
}

/** `host`, or `host:port` where it is not the usual one of its kind; IPv6 in brackets. */
export function hostOf({ kind, host, port }: RemoteGitUrl): string {
  const named = host.includes(':') ? `[${host}]` : host;
  return port === USUAL_PORT[kind] ? named : `${named}:${port}`;
}

/**
 * What two addresses of one repository have in common, as hosts have it: without scheme, user and `.git`, and without regard to case.
 * Null for a text that is no address; nothing is ever called by what this answers.
 */
export function repositoryOf(text: string): string | null {
  let url: GitUrl;
  try {
    url = parseGitUrl(text);
  } catch {
    return null;
  }
  const bare = url.path
    .replace(/\/{2,}/g, '/')
    .replace(/^\/|\/$/g, '')
    .replace(/\.git$/i, '')
    .toLowerCase();
  return url.kind === 'file' ? `/${bare}` : `${hostOf(url)}/${bare}`;
}

function isRemote(scheme: string): scheme is RemoteGitUrl['kind'] {
  return Object.hasOwn(USUAL_PORT, scheme);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refused('has a % that begins no character: write it as %25');
  }
}

/** The URL itself stays out of the message: it may hold what made it refused. */
export function refused(reason: string): RejectedError {
  return new RejectedError('url-refused', `spec.url ${reason}.`);
}
