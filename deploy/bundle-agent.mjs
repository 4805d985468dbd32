// Bundles the agent from its TypeScript into dist/agent/flotilla-agent.mjs: it starts in a fraction of the time and memory that
// its modules one by one would take, and its image holds nothing else. What reads a kubeconfig is a chunk of its own, which is
// loaded outside a cluster alone.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const entry = path.join(root, 'apps/agent/src/main.ts');

/** `{ z }` holds all of zod, every language's messages too; imported as a namespace, what is not used stays out: 5 MiB less. */
const lessZod = {
  name: 'less-zod',
  setup(bundling) {
    bundling.onLoad({ filter: /[\\/](libs|apps)[\\/].*\.ts$/ }, ({ path: file }) => ({
      contents: readFileSync(file, 'utf8').replace("import { z } from 'zod'", "import * as z from 'zod'"),
      loader: 'ts',
    }));
  },
};

/**
 * Whoever imports node:http gets all that it has, WebSocket too: newer versions of Node load a whole HTTP client for that one, at the
 * start, which takes 8 MiB and does not work without a compiler. Required, each of its parts is loaded when it is used.
 */
const lessHttp = {
  name: 'less-http',
  setup(bundling) {
    bundling.onResolve({ filter: /^node:http$/ }, ({ path: name, kind }) =>
      kind === 'require-call' ? { path: name, external: true } : { path: name, namespace: 'required' },
    );
    bundling.onLoad({ filter: /.*/, namespace: 'required' }, ({ path: name }) => ({
      contents: `const http = require('${name}'); export const { Agent, createServer, request, STATUS_CODES } = http; export default http;`,
      loader: 'js',
    }));
  },
};

if (existsSync(entry)) {
  // The names of chunks change with their content.
  rmSync(path.join(root, 'dist/agent'), { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: { 'flotilla-agent': entry },
    outdir: path.join(root, 'dist/agent'),
    outExtension: { '.js': '.mjs' },
    splitting: true,
    plugins: [lessZod, lessHttp],
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
