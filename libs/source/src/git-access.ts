import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { RejectedError } from '#kit';
import type { GitCredential } from '#ports';
import { openRoute, type GitRoute, type RouteTerms } from './open-route.js';
import { hostOf, type GitUrl } from './parse-git-url.js';

/** What one run of git gets to reach a host and to be let in with; never an argument. */
export interface GitAccess {
  readonly env: Readonly<Record<string, string>>;
  /** What a server may echo, and nobody is to read. */
  readonly secrets: readonly string[];
  /** Takes away what was written for it. */
  dispose(): Promise<void>;
}

/** Begins the names of folders that hold a key while a git runs. */
export const ACCESS_FOLDER = 'access-';

/** No quotes from outside get into it: both values come by the environment. */
const HELPER =
  '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$FLOTILLA_GIT_USERNAME" "$FLOTILLA_GIT_PASSWORD"; }; f';

export interface NamedCredential {
  readonly name: string;
  readonly value: GitCredential;
}

/** What one run of git is to be opened for. */
export interface AccessTerms {
  readonly url: GitUrl;
  readonly route: RouteTerms;
  /** Null: as anybody. */
  readonly credential: NamedCredential | null;
}

/**
 * Looks for the way to a URL's host, and makes it and a credential usable by git. Git asks for the credential only for the very host that it is of, so that
 * a redirect takes it nowhere else.
 * @param root a folder of the hub alone; a key is in a file there for as long as the run takes, because ssh takes none otherwise.
 * @throws RejectedError `credential-unfit`: it is for another host, or another way in; what openRoute throws.
 */
export async function openAccess({ url, route: terms, credential }: AccessTerms, root: string): Promise<GitAccess> {
  if (credential === null) {
    const route = await openRoute(url, terms);
    return { env: environmentOf(route.settings, sshCommand(route.ssh)), secrets: [], dispose: async () => undefined };
  }
  const host = checkFit(url, credential);
  const { value } = credential;
  const route = await openRoute(url, terms);
  const folder = await mkdtemp(path.join(root, ACCESS_FOLDER));
  const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const env = await (value.kind === 'https'
      ? httpsEnvironment(value, host, route, folder)
      : sshEnvironment(value, route, folder));
    return { env, secrets: secretsOf(value), dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Settings go by the environment: nothing of them is in an argument list. */
function environmentOf(settings: GitRoute['settings'], ssh: string): Record<string, string> {
  const env: Record<string, string> = { GIT_SSH_COMMAND: ssh, GIT_CONFIG_COUNT: String(settings.length) };
  settings.forEach(([key, value], index) => {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  return env;
}

async function httpsEnvironment(
  { username, password, ca }: Extract<GitCredential, { kind: 'https' }>,
  host: string,
  route: GitRoute,
  folder: string,
): Promise<Record<string, string>> {
  const settings = [
    ...route.settings,
    ['credential.helper', ''],
    [`credential.https://${host}.helper`, HELPER],
    [`credential.https://${host}.useHttpPath`, 'false'],
  ] as const;
  return {
    ...environmentOf(settings, sshCommand([])),
    FLOTILLA_GIT_USERNAME: username,
    FLOTILLA_GIT_PASSWORD: password,
    ...(ca !== undefined && { GIT_SSL_CAINFO: await written(folder, 'ca.pem', ca) }),
  };
}

async function sshEnvironment(
  credential: Extract<GitCredential, { kind: 'ssh' }>,
  route: GitRoute,
  folder: string,
): Promise<Record<string, string>> {
  const key = await written(folder, 'key', credential.privateKey);
  const knownHosts = await written(folder, 'known_hosts', credential.knownHosts);
  // Nothing of the user that the hub runs as: neither keys, nor hosts, nor an agent.
  const words = [
    ...['-F', '/dev/null', '-i', key, '-oIdentitiesOnly=yes', '-oIdentityAgent=none'],
    ...['-oStrictHostKeyChecking=yes', `-oUserKnownHostsFile="${knownHosts}"`, '-oGlobalKnownHostsFile=/dev/null'],
    ...['-oPasswordAuthentication=no', '-oForwardAgent=no', '-oClearAllForwardings=yes'],
    ...route.ssh,
  ];
  return { ...environmentOf([], sshCommand(words)), SSH_AUTH_SOCK: '' };
}

function sshCommand(words: readonly string[]): string {
  return ['ssh', '-oBatchMode=yes', '-oConnectTimeout=15', ...words].map(quoted).join(' ');
}

async function written(folder: string, name: string, content: string): Promise<string> {
  const file = path.join(folder, name);
  // ssh takes no key whose last line does not end.
  await writeFile(file, content.endsWith('\n') ? content : `${content}\n`, { mode: 0o600 });
  return file;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function secretsOf(credential: GitCredential): readonly string[] {
  if (credential.kind === 'ssh') return [credential.privateKey];
  const { username, password } = credential;
  return [password, encodeURIComponent(password), Buffer.from(`${username}:${password}`).toString('base64')];
}

/** @returns the host that the credential is used for, and no other */
function checkFit(url: GitUrl, { name, value: { kind, host } }: NamedCredential): string {
  if (url.kind === 'file') {
    throw unfit(`the credential "${name}" is for ${host}; spec.url names no host: remove spec.credential`);
  }
  if (url.kind !== kind) {
    throw unfit(`the credential "${name}" is for ${kind}, and spec.url is ${url.kind}: make them agree`);
  }
  const target = hostOf(url);
  if (target !== host.toLowerCase().replace(kind === 'ssh' ? /:22$/ : /:443$/, '')) {
    throw unfit(`the credential "${name}" is for ${host} alone, and spec.url is on ${target}: use another one`);
  }
  return target;
}

function unfit(why: string): RejectedError {
  return new RejectedError('credential-unfit', `${why}.`);
}

/** Why this is no private key that can be used as it is; null: it can. */
export function sshKeyProblem(text: string): string | null {
  const match = /^-----BEGIN ([A-Z ]*)PRIVATE KEY-----\r?\n([\s\S]+?)\r?\n-----END \1PRIVATE KEY-----\s*$/.exec(
    text.trim(),
  );
  if (match === null) return 'must be a private key in a file of its own, from BEGIN to END';
  const [, type = '', body = ''] = match;
  const isEncrypted =
    type === 'OPENSSH '
      ? !Buffer.from(body, 'base64').subarray(0, 40).toString('latin1').startsWith('openssh-key-v1\0\0\0\0\u0004none')
      : type === 'ENCRYPTED ' || body.includes('ENCRYPTED');
  return isEncrypted ? 'must have no passphrase: nobody is there to type it (ssh-keygen -p takes it off a copy)' : null;
}
