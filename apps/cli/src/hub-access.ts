import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { localAccessSchema, type LocalAccess } from '#contract';
import { messageOf, RejectedError } from '#kit';

export interface AccessOptions {
  readonly hub?: string | undefined;
  readonly token?: string | undefined;
  readonly ca?: string | undefined;
}

/** Where the hub is, how to be let in, and where the address came from: told when it can't be reached. */
export interface Access extends LocalAccess {
  readonly from: string;
}

/** Folders that a hub on this machine keeps its data in, looked for from the present folder upwards. */
const DATA_FOLDERS = ['.flotilla/hub', '.flotilla/demo/hub', '.flotilla/demo-kubernetes/hub', '.flotilla/demo'];
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Where the hub is and how to be let in: flags, then FLOTILLA_HUB, FLOTILLA_TOKEN and FLOTILLA_CA (a file), then the 0600 file
 * that a hub on this machine writes into its data folder (FLOTILLA_DATA, or the newest below this folder and its parents).
 * @throws RejectedError that tells the ways.
 */
export function findAccess(flags: AccessOptions, env: NodeJS.ProcessEnv, cwd: string): Access {
  const setting = (name: string): string | undefined => env[name] || undefined;
  const url = flags.hub ?? setting('FLOTILLA_HUB');
  const token = flags.token ?? setting('FLOTILLA_TOKEN');
  const caFile = flags.ca ?? setting('FLOTILLA_CA');
  const file = localFile(setting('FLOTILLA_DATA'), cwd);
  // With everything told, a broken file of some hub on this machine is none of our business.
  const local = file === null || (url !== undefined && token !== undefined && caFile !== undefined) ? null : read(file);
  if (url === undefined && local === null) {
    throw new RejectedError(
      'no-hub',
      'No hub is known: start one here with `npm run demo` or `npm start`, or set FLOTILLA_HUB and FLOTILLA_TOKEN (and FLOTILLA_CA, a file, where the hub has a CA of its own).',
    );
  }
  const chosen = url ?? local?.url ?? '';
  // The local file's token and CA are for that hub only: they are never used for another origin.
  const same = local !== null && (url === undefined || sameOrigin(url, local.url)) ? local : null;
  const secret = token ?? same?.token;
  if (secret === undefined) {
    throw new RejectedError(
      'no-token',
      `No token for ${chosen}: set FLOTILLA_TOKEN to one that \`flotilla token create\` made.`,
    );
  }
  return {
    url: chosen.replace(/\/+$/, ''),
    token: secret,
    ca: caFile === undefined ? (same?.ca ?? '') : readCa(path.resolve(cwd, caFile)),
    from: flags.hub !== undefined ? '--hub' : url !== undefined ? 'FLOTILLA_HUB' : (file ?? ''),
  };
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
