import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { giveTo, type RunAs } from './run-as.js';

/** With the ending zero, sockaddr_un holds 108 bytes on Linux and 104 elsewhere. */
const LONGEST = process.platform === 'linux' ? 107 : 103;
const SOCKET = '.s.PGSQL.5432';

/** Where the socket goes, with its file names; port 5432 is only a part of the name. */
export const SOCKET_PORT = 5432;

const fits = (folder: string): boolean => Buffer.byteLength(path.join(folder, SOCKET)) <= LONGEST;

/**
 * A folder that only we and the server may enter: in the data folder where its path is short enough, else one under the
 * temporary folder, noted in the data folder so that the next start removes it. Null: none is short enough.
 */
export async function makeSocketFolder(folder: string, runAs: RunAs, temporary = os.tmpdir()): Promise<string | null> {
  const note = path.join(folder, 'socket-folder');
  await removeSocketFolder(folder);
  const near = path.join(folder, 'socket');
  let made: string | null = null;
  if (fits(near)) {
    await mkdir(near, { mode: 0o700 });
    made = near;
  } else if (fits(path.join(temporary, 'flotilla-XXXXXX'))) {
    made = await mkdtemp(path.join(temporary, 'flotilla-'));
    await writeFile(note, made, { mode: 0o600 });
  }
  if (made !== null) await giveTo(runAs, made);
  return made;
}

/** Only while no server of this folder runs. */
export async function removeSocketFolder(folder: string): Promise<void> {
  await rm(path.join(folder, 'socket'), { recursive: true, force: true });
  const note = path.join(folder, 'socket-folder');
  const noted = await readFile(note, 'utf8').catch(() => '');
  // Nothing else is ever removed, whatever the note says.
  if (path.isAbsolute(noted) && /^flotilla-\w{6}$/.test(path.basename(noted))) {
    await rm(noted, { recursive: true, force: true });
  }
  await rm(note, { force: true });
}
