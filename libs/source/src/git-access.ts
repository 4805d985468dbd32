import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { RejectedError } from '#kit';
import type { GitCredential } from '#ports';

/** What one run of git gets to be let in with; never an argument. */
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

/**
 * Makes a credential usable by git for one URL. Git asks for it only for the very host that it is of, so that a redirect takes it
 * nowhere else.
 * @param root a folder of the hub alone; a key is in a file there for as long as the run takes, because ssh takes none otherwise.
 * @throws RejectedError `credential-unfit`: it is for another host, or another way in.
 */
export async function openAccess(
  url: string,
  name: string,
  credential: GitCredential,
  root: string,
): Promise<GitAccess> {
  checkFit(url, name, credential);
  const folder = await mkdtemp(path.join(root, ACCESS_FOLDER));
  const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const env = await (credential.kind === 'https'
      ? httpsEnvironment(credential, folder)
      : sshEnvironment(credential, folder));
    return { env, secrets: secretsOf(credential), dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function httpsEnvironment(
  credential: Extract<GitCredential, { kind: 'https' }>,
  folder: string,
): Promise<Record<string, string>> {
  const { host, username, password, ca } = credential;
  const settings = [
    ['credential.helper', ''],
    [`credential.https://${host}.helper`, HELPER],
    [`credential.https://${host}.useHttpPath`, 'false'],
  ];
  const env: Record<string, string> = {
    FLOTILLA_GIT_USERNAME: username,
    FLOTILLA_GIT_PASSWORD: password,
    GIT_CONFIG_COUNT: String(settings.length),
  };
  settings.forEach(([key = '', value = ''], index) => {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  if (ca !== undefined) env['GIT_SSL_CAINFO'] = await written(folder, 'ca.pem', ca);
  return env;
}

async function sshEnvironment(
  credential: Extract<GitCredential, { kind: 'ssh' }>,
  folder: string,
): Promise<Record<string, string>> {
  const key = await written(folder, 'key', credential.privateKey);
  const knownHosts = await written(folder, 'known_hosts', credential.knownHosts);
  // Nothing of the user that the hub runs as: neither keys, nor hosts, nor an agent.
  const words = [
    ...['-F', '/dev/null', '-i', key],
    ...['-oBatchMode=yes', '-oConnectTimeout=15', '-oIdentitiesOnly=yes', '-oIdentityAgent=none'],
    ...['-oStrictHostKeyChecking=yes', `-oUserKnownHostsFile="${knownHosts}"`, '-oGlobalKnownHostsFile=/dev/null'],
    ...['-oPasswordAuthentication=no', '-oForwardAgent=no', '-oClearAllForwardings=yes'],
  ];
  return { GIT_SSH_COMMAND: ['ssh', ...words.map(quoted)].join(' '), SSH_AUTH_SOCK: '' };
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

function checkFit(url: string, name: string, { kind, host }: GitCredential): void {
  const target = targetOf(url);
  if (target === null)
    throw unfit(`the credential "${name}" is for ${host}; spec.url names no host: remove spec.credential`);
  if (target.kind !== kind) {
    throw unfit(`the credential "${name}" is for ${kind}, and spec.url is ${target.kind}: make them agree`);
  }
  if (target.host !== host.toLowerCase()) {
    throw unfit(`the credential "${name}" is for ${host} alone, and spec.url is on ${target.host}: use another one`);
  }
}

/** How and from where a URL is read; null: from the disk. */
function targetOf(url: string): { readonly kind: 'https' | 'ssh'; readonly host: string } | null {
  const scheme = /^([a-z]+):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (scheme === 'https') return { kind: 'https', host: new URL(url).host.toLowerCase() };
  if (scheme === 'ssh') {
    const { hostname, port } = new URL(url);
    return { kind: 'ssh', host: (port === '' || port === '22' ? hostname : `${hostname}:${port}`).toLowerCase() };
  }
  if (scheme !== undefined || path.isAbsolute(url)) return null;
  const host = /^(?:[^@/:]+@)?([^@/:]+):/.exec(url)?.[1] ?? '';
  return { kind: 'ssh', host: host.toLowerCase() };
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
