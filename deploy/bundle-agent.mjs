// Bundles the agent from its TypeScript into one file, dist/agent/flotilla-agent.mjs: it starts in a fraction of the time and
// memory that its modules one by one would take, and its image holds nothing else.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const entry = path.join(root, 'apps/agent/src/main.ts');

if (existsSync(entry)) {
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: path.join(root, 'dist/agent/flotilla-agent.mjs'),
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    conditions: ['source'],
    minify: true,
    keepNames: true,
    legalComments: 'none',
    sourcemap: 'linked',
    logLevel: 'warning',
    // CommonJS dependencies call require() and read __dirname, which an ES module has not by itself.
    banner: {
      js: [
        "import { createRequire as __createRequire } from 'node:module';",
        "import { fileURLToPath as __toPath } from 'node:url';",
        'const require = __createRequire(import.meta.url);',
        "const __filename = __toPath(import.meta.url), __dirname = __toPath(new URL('.', import.meta.url));",
      ].join(''),
    },
  });
}
