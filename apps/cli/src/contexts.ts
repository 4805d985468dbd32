import { chmodSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { messageOf, RejectedError, writeFileAtomically } from '#kit';

const MAX_FILE_BYTES = 1024 * 1024;
const MAX_CONTEXTS = 200;

export const contextNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][\w.-]{0,127}$/, 'must be letters, digits, dots, dashes and underscores, 128 at most');

const contextSchema = z.object({
  name: contextNameSchema,
  url: z.string().max(2048),
  /** PEM of the hub's CA; empty: a public one. */
  ca: z.string(),
  token: z.string().max(4096),
  /** As whom, when it was made. */
  actor: z.string().max(400),
  /** ISO 8601; null: until it is revoked. */
  expiresAt: z.string().max(40).nullable(),
});
const fileSchema = z.object({
  current: contextNameSchema.nullable(),
  contexts: z.array(contextSchema).max(MAX_CONTEXTS),
});

/** A hub that somebody signed in at: its address, its CA, and what lets them in. */
export type HubContext = z.output<typeof contextSchema>;
/** All of them; `current` is the one that counts where nothing else is told. */
export type HubContexts = z.output<typeof fileSchema>;

const NONE: HubContexts = { current: null, contexts: [] };

/** FLOTILLA_CONFIG, else the platform's place for a person's settings; null: the environment tells no such place. */
export function contextsFile(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): string | null {
  const explicit = env['FLOTILLA_CONFIG'];
  if (explicit) return path.resolve(explicit);
  const below = (folder: string | undefined, ...parts: string[]): string | null =>
    folder ? path.join(folder, ...parts, 'flotilla', 'contexts.json') : null;
  if (platform === 'win32') return below(env['APPDATA']);
  if (platform === 'darwin') return below(env['HOME'], 'Library', 'Application Support');
  return below(env['XDG_CONFIG_HOME']) ?? below(env['HOME'], '.config');
}

/** @throws RejectedError `bad-contexts` */
export function readContexts(env: NodeJS.ProcessEnv): HubContexts {
  const file = contextsFile(env);
  if (file === null) return NONE;
  let text: string;
  try {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat === undefined) return NONE;
    if (stat.size > MAX_FILE_BYTES) throw new Error('it is larger than 1 MiB');
    // Whoever else wrote it would choose where our commands go.
    if (stat.uid !== (process.getuid?.() ?? stat.uid)) throw new Error('it is somebody else’s');
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw bad(file, messageOf(error, 200));
  }
  const parsed = fileSchema.safeParse(parseQuietly(text));
  if (parsed.success) return parsed.data;
  throw bad(file, 'it holds something else');
}

/** @throws RejectedError `bad-contexts` */
export async function writeContexts(env: NodeJS.ProcessEnv, contexts: HubContexts): Promise<string> {
  const file = contextsFile(env);
  if (file === null) {
    throw new RejectedError('bad-contexts', 'There is no place to keep it: set FLOTILLA_CONFIG to a file of your own.');
  }
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    await writeFileAtomically(file, `${JSON.stringify(fileSchema.parse(contexts), null, 2)}\n`, { mode: 0o600 });
    chmodSync(file, 0o600);
  } catch (error) {
    throw new RejectedError('bad-contexts', `${file} can't be written: ${messageOf(error, 200)}.`);
  }
  return file;
}

/** With this one in force, in place of one of the same name. */
export function withContext({ contexts }: HubContexts, added: HubContext): HubContexts {
  const others = contexts.filter(({ name }) => name !== added.name);
  return { current: added.name, contexts: [...others, added].sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

export function withoutContext({ current, contexts }: HubContexts, name: string): HubContexts {
  return { current: current === name ? null : current, contexts: contexts.filter((each) => each.name !== name) };
}

/** @throws RejectedError `no-context`, with those that there are */
export function contextNamed({ contexts }: HubContexts, name: string): HubContext {
  const found = contexts.find((each) => each.name === name);
  if (found !== undefined) return found;
  const known = contexts.map((each) => each.name).join(', ');
  throw new RejectedError(
    'no-context',
    known === ''
      ? `There is no context "${name}", nor any other: \`flotilla login URL\` makes one.`
      : `There is no context "${name}": there are ${known}.`,
  );
}

/** What a JSON error quotes could be a token. */
function parseQuietly(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function bad(file: string, why: string): RejectedError {
  return new RejectedError('bad-contexts', `${file} cannot be read (${why}): take it away, and sign in again.`);
}
