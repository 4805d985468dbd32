import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';

export const ASSET = 'main-B3x_9kQz.js';
export const ASSET_TEXT = `document.title = 'Flotilla';\n`.repeat(200);
export const INDEX_TEXT = `<!doctype html><title>Flotilla</title><script type="module" src="/assets/${ASSET}"></script>\n`;

/** A folder as the build of the page makes one: a page, an icon, one asset, and their compressed forms. */
export async function writeBuiltPage(folder: string): Promise<void> {
  await mkdir(path.join(folder, 'assets'), { recursive: true });
  const files = { 'index.html': INDEX_TEXT, 'icon.svg': '<svg/>', [`assets/${ASSET}`]: ASSET_TEXT };
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    await writeFile(file, text);
    await writeFile(`${file}.br`, brotliCompressSync(text));
    await writeFile(`${file}.gz`, gzipSync(text));
  }
}
