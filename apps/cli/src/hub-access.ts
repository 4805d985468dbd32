import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { localAccessSchema, type LocalAccess } from '#contract';
import { messageOf, RejectedError } from '#kit';
import { contextNamed, readContexts, type HubContext } from './contexts.js';

export interface AccessOptions {
  readonly hub?: string | undefined;
  readonly token?: string | undefined;
  readonly ca?: string | undefined;
  /** Name of a context. */
  readonly context?: string | undefined;
}

/** Where the hub is, how to be let in, and where the address came from: told when it can't be reached. */
export interface Access extends LocalAccess {
  readonly from: string;
}

/** Folders that a hub on this machine keeps its data in, looked for from the present folder upwards. */
const DATA_FOLDERS = ['.flotilla/hub', '.flotilla/demo/hub', '.flotilla/demo-kubernetes/hub', '.flotilla/demo'];
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Where the hub is and how to be let in: flags, then FLOTILLA_HUB, FLOTILLA_TOKEN and FLOTILLA_CA (a file), then --context or
 * FLOTILLA_CONTEXT, then the 0600 file that a hub on this machine writes into its data folder (FLOTILLA_DATA, or the newest below
 * this folder and its parents), then the context in force.
 * @throws RejectedError that tells the ways.
 */
export function findAccess(flags: AccessOptions, env: NodeJS.ProcessEnv, cwd: string): Access {
  const setting = (name: string): string | undefined => env[name] || undefined;
  const url = flags.hub ?? setting('FLOTILLA_HUB');
  const token = flags.token ?? setting('FLOTILLA_TOKEN');
  const caFile = flags.ca ?? setting('FLOTILLA_CA');
  // With everything told, a broken file of some hub on this machine is none of our business.
  const isTold = url !== undefined && token !== undefined && caFile !== undefined;
  const local = isTold ? null : findLocal(url, flags, env, cwd);
  if (url === undefined && local === null) {
    throw new RejectedError(
      'no-hub',
      'No hub is known: sign in at one with `flotilla login URL`, start one here with `npm run demo` or `npm start`, or set FLOTILLA_HUB and FLOTILLA_TOKEN (and FLOTILLA_CA, a file, where the hub has a CA of its own).',
    );
  }
  const chosen = url ?? local?.url ?? '';
  const secret = token ?? local?.token;
  if (secret === undefined) {
    throw new RejectedError(
      'no-token',
      `No token for ${chosen}: sign in with \`flotilla login ${chosen}\`, or set FLOTILLA_TOKEN to one that \`flotilla token create\` made.`,
    );
  }
  return {
    url: chosen.replace(/\/+$/, ''),
    token: secret,
    ca: caFile === undefined ? (local?.ca ?? '') : readCa(path.resolve(cwd, caFile)),
    from: flags.hub !== undefined ? '--hub' : url !== undefined ? 'FLOTILLA_HUB' : (local?.from ?? ''),
  };
}

/** The hub to sign in at: no token is asked for. */
export function findHub(flags: AccessOptions, env: NodeJS.ProcessEnv, cwd: string): Access {
  return { ...findAccess({ ...flags, token: 'none' }, { ...env, FLOTILLA_TOKEN: '' }, cwd), token: '' };
}

/** What files on this machine know. Where an address is told, of that hub alone: its token and CA are never used for another origin. */
function findLocal(url: string | undefined, flags: AccessOptions, env: NodeJS.ProcessEnv, cwd: string): Access | null {
  const named = flags.context ?? (env['FLOTILLA_CONTEXT'] || undefined);
  const fits = (access: LocalAccess | null): boolean =>
    access !== null && (url === undefined || sameOrigin(url, access.url));
  if (named !== undefined) {
    const access = contextAccess(contextNamed(readContexts(env), named));
    return fits(access) ? access : null;
  }
  const data = env['FLOTILLA_DATA'] || undefined;
  const file = localFile(data, cwd);
  const local = file === null ? null : { ...read(file), from: file };
  if (fits(local) || data !== undefined) return fits(local) ? local : null;
  const { current, contexts } = readContexts(env);
  const inForce = contexts.filter(({ name }) => name === current);
  const found = (url === undefined ? inForce : [...inForce, ...contexts]).find((each) => fits(each));
  return found === undefined ? null : contextAccess(found);
}

function contextAccess({ name, url, ca, token }: HubContext): Access {
  return { url, ca, token, from: `the context ${name}` };
}

function localFile(explicit: string | undefined, cwd: string): string | null {
  if (explicit !== undefined) {
    const file = path.resolve(cwd, explicit, 'admin.json');
    return statSync(file, { throwIfNoEntry: false }) ? file : null;
  }
  let newest: { readonly file: string; readonly at: number } | null = null;
  for (let folder = cwd; ; folder = path.dirname(folder)) {
    for (const name of DATA_FOLDERS) {
      const file = path.join(folder, name, 'admin.json');
      const stat = statSync(file, { throwIfNoEntry: false });
      // A file that somebody else put into a parent folder must not choose where our commands and FLOTILLA_TOKEN go.
      if (!stat?.isFile() || stat.uid !== (process.getuid?.() ?? stat.uid)) continue;
      if (newest === null || stat.mtimeMs > newest.at) newest = { file, at: stat.mtimeMs };
    }
    if (path.dirname(folder) === folder) return newest?.file ?? null;
  }
}

function read(file: string): LocalAccess {
  const wrong = (why: string): RejectedError =>
    new RejectedError(
      'bad-access-file',
      `${file} cannot be read (${why}): start the hub that owns it again, it writes it anew.`,
    );
  let json: unknown;
  try {
    if (statSync(file).size > MAX_FILE_BYTES) throw new Error('it is larger than 1 MiB');
    const text = readFileSync(file, 'utf8');
    // What a JSON error quotes could be the token.
    json = parseQuietly(text);
  } catch (error) {
    throw wrong(messageOf(error, 200));
  }
  const parsed = localAccessSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw wrong('it does not hold url, ca and token');
}

function parseQuietly(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('it is not JSON');
  }
}

function sameOrigin(a: string, b: string): boolean {
  return URL.canParse(a) && URL.canParse(b) && new URL(a).origin === new URL(b).origin;
}

function readCa(file: string): string {
  let text: string;
  try {
    if (statSync(file).size > MAX_FILE_BYTES) throw new Error('it is larger than 1 MiB');
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new RejectedError('bad-ca', `The CA ${file} cannot be read: ${messageOf(error, 200)}.`);
  }
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new RejectedError(
    'bad-ca',
    `The CA ${file} holds no certificate in PEM: give the file that GET /api/v1/ca serves.`,
  );
}
