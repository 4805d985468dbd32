import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const here = import.meta.dirname;
/** Each asset also as .br and .gz, so that the hub compresses none of them while somebody waits. */
function compressed(): Plugin {
  let outDir = '';
  return {
    name: 'compressed',
    apply: 'build',
    configResolved({ root, build }) {
      outDir = path.resolve(root, build.outDir);
    },
    async closeBundle() {
      const names = await readdir(outDir, { recursive: true });
      await Promise.all(
        names.filter((name) => /\.(js|css|svg|html)$/.test(name)).map((name) => compress(path.join(outDir, name))),
      );
    },
  };
}

async function compress(file: string): Promise<void> {
  const bytes = await readFile(file);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 10 };
  await writeFile(`${file}.br`, await promisify(brotliCompress)(bytes, { params }));
  await writeFile(`${file}.gz`, await promisify(gzip)(bytes, { level: 9 }));
}

const domain = (name: string): string => path.resolve(here, `../../libs/domain/src/${name}.ts`);

const config = defineConfig({
  root: here,
  plugins: [react(), tailwindcss(), compressed()],
  resolve: {
    alias: {
      // Pure functions that need nothing of Node; tsconfig.json and jest's base name the same.
      '#domain/access': domain('access'),
      '#domain/cell-state': domain('cell-state'),
      '#domain/selector': domain('selector'),
      '#domain/label-selector-text': domain('label-selector-text'),
      '#domain/duration': domain('duration'),
      '#domain/unified-diff': domain('unified-diff'),
    },
  },
  build: {
    outDir: '../../dist/web',
    emptyOutDir: true,
    target: 'es2022',
    // The page's policy allows no data: scripts or styles, and no inline ones.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
export { config as default };
