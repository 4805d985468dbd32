import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/**
 * Writes a file so that a reader, or a start after a power cut, sees the old contents or the new ones and never a part.
 * `mode` is the file's permissions (0o600 unless told); it holds from the first byte on.
 */
export async function writeFileAtomically(
  file: string,
  contents: string | Uint8Array,
  { mode = 0o600 }: { readonly mode?: number } = {},
): Promise<void> {
  const folder = path.dirname(file);
  const part = path.join(folder, `.${path.basename(file)}.${randomUUID()}.part`);
  try {
    const handle = await open(part, 'wx', mode);
    try {
      // The umask takes bits away from open()'s mode.
      await handle.chmod(mode);
      await handle.writeFile(contents);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** Without it the rename itself may be lost with the power. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // Some systems don't let a folder be synced.
  }
}
