import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, RejectedError, writeFileAtomically } from '#kit';
import { z } from 'zod';
import { makeNkey, type Nkey, type NkeyKind, nkeyFromSeed } from './nkey.js';

/** The keys that make the bus the hub's own. Users' keys are not among them: each process makes its own at its start. */
export interface BusKeys {
  /** Signs accounts. */
  readonly operator: Nkey;
  readonly system: Nkey;
  readonly hub: Nkey;
  readonly agents: Nkey;
  /** The scoped signing key of the account AGENTS: can make agents, and nothing but agents. */
  readonly agentSigner: Nkey;
}

const kinds: Readonly<Record<keyof BusKeys, NkeyKind>> = {
  operator: 'operator',
  system: 'account',
  hub: 'account',
  agents: 'account',
  agentSigner: 'account',
};

const seed = z.string().max(100);
const fileSchema = z.strictObject({ operator: seed, system: seed, hub: seed, agents: seed, agentSigner: seed });

/** The file in the data folder. */
export const BUS_KEYS_FILE = 'nats-keys.json';

export function makeBusKeys(): BusKeys {
  return {
    operator: makeNkey('operator'),
    system: makeNkey('account'),
    hub: makeNkey('account'),
    agents: makeNkey('account'),
    agentSigner: makeNkey('account'),
  };
}

/** JSON text of the seeds, as `readBusKeys` takes it. A secret. */
export function busKeysText(keys: BusKeys): string {
  const names = Object.keys(kinds) as (keyof BusKeys)[];
  return `${JSON.stringify(Object.fromEntries(names.map((name) => [name, keys[name].seed])), null, 2)}\n`;
}

/**
 * Reads keys from the text of a file or of an environment variable.
 * @throws RejectedError `bad-bus-keys`, naming the field and never its value
 */
export function readBusKeys(text: string): BusKeys {
  const bad = (why: string) =>
    new RejectedError('bad-bus-keys', `The bus keys can't be read: ${why}. Restore the file from its backup.`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw bad('it is not JSON');
  }
  const parsed = fileSchema.safeParse(json);
  if (!parsed.success) {
    throw bad(`it must be an object with the seeds ${Object.keys(kinds).join(', ')} and nothing else`);
  }
  const key = (name: keyof BusKeys): Nkey => {
    let found: Nkey;
    try {
      found = nkeyFromSeed(parsed.data[name]);
    } catch {
      throw bad(`"${name}" is not an nkey seed`);
    }
    if (found.kind !== kinds[name]) throw bad(`"${name}" must be the seed of an ${kinds[name]}`);
    return found;
  };
  return {
    operator: key('operator'),
    system: key('system'),
    hub: key('hub'),
    agents: key('agents'),
    agentSigner: key('agentSigner'),
  };
}

/** Where a hub's bus keys are; the settings' names are for what is said of them. */
export interface BusKeysSource {
  /** Of the data folder: they are made there unless they are given otherwise. */
  readonly folder: string;
  readonly file?: { readonly path: string; readonly setting: string };
  /** The text itself. A secret. */
  readonly text?: { readonly value: string; readonly setting: string };
}

/**
 * The keys from wherever they are. Given ones are only ever read: a file that is missing is a mistake, not a reason to make others.
 * @throws RejectedError `config-invalid`, `data-folder`, `bad-bus-keys`
 */
export async function openBusKeys({ folder, file, text }: BusKeysSource): Promise<BusKeys> {
  if (file !== undefined && text !== undefined) {
    throw new RejectedError('config-invalid', `Set ${file.setting} or ${text.setting}, not both.`);
  }
  if (text !== undefined) return readKeysOf(text.setting, text.value);
  if (file === undefined) return await ensureBusKeys(folder);
  const found = await readIfThere(file.path).catch((error: unknown) => {
    throw new RejectedError('config-invalid', `${file.setting} names a file that can't be read: ${messageOf(error)}.`);
  });
  if (found === null) {
    throw new RejectedError('config-invalid', `${file.setting} names a file that is not there: ${file.path}.`);
  }
  return readKeysOf(`${file.setting} (${file.path})`, found);
}

/**
 * The keys of a data folder, made there (mode 0600) at the first start. The folder is held by one hub at a time.
 * @throws RejectedError `data-folder`, `bad-bus-keys`
 */
export async function ensureBusKeys(folder: string): Promise<BusKeys> {
  const file = path.join(folder, BUS_KEYS_FILE);
  try {
    const found = await readIfThere(file);
    if (found !== null) return readKeysOf(file, found);
    const keys = makeBusKeys();
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFileAtomically(file, busKeysText(keys), { mode: 0o600 });
    return keys;
  } catch (error) {
    if (error instanceof RejectedError) throw error;
    const why = `${file} can't be read or written: ${messageOf(error)}.`;
    throw new RejectedError('data-folder', why, undefined, { cause: error });
  }
}

function readKeysOf(where: string, text: string): BusKeys {
  try {
    return readBusKeys(text);
  } catch (error) {
    if (!(error instanceof RejectedError)) throw error;
    throw new RejectedError(error.code, `${where}: ${error.message}`, error.details);
  }
}

/** A file's text; null when there is none. */
export async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
