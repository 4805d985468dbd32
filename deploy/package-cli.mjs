// Packs the command line into dist/package: an npm tarball of one file without dependencies, and a program that needs no Node beside
// it (Node's "single executable application": a copy of the Node that runs this, with the bundle inside). `npm run package:cli`.
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import postject from 'postject';

const run = promisify(execFile);
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const target = path.resolve(process.argv[2] ?? path.join(root, 'dist/package'));
/** What Node looks for in itself to know that a program was put into it. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));

/** In one file there is no package to read the version from. */
const ownVersion = {
  name: 'own-version',
  setup(bundling) {
    bundling.onLoad({ filter: /[\\/]read-version\.ts$/ }, () => ({
      contents: `export const readVersion = (): string => ${JSON.stringify(version)};`,
      loader: 'ts',
    }));
  },
};

/**
 * `z` as an object holds all of zod, every language of its messages too, and nothing of that can be left out: three quarters of what
 * `flotilla get` would read at each start. As a namespace only what is called is packed.
 */
function withUsedZod(text) {
  return text.replace(/^import \{ z \} from 'zod';$/m, "import * as z from 'zod';");
}

/**
 * From the sources each verb's code is read when the verb is used, which keeps the tests' start short. Packed, a verb is some kilobytes,
 * and to find and read a file costs more than to read all verbs in one. What is large stays a file of its own.
 */
function withVerbs(text) {
  const imports = [];
  const contents = text.replace(/\bimport\('(\.[^']+)'\)/g, (whole, from) => {
    if (/[\\/]schema\.js$/.test(from)) return whole;
    imports.push(`import * as __verb${imports.length} from '${from}';`);
    return `Promise.resolve(__verb${imports.length - 1})`;
  });
  return `${contents}\n${imports.join('\n')}\n`;
}

const forOneFile = {
  name: 'for-one-file',
  setup(bundling) {
    bundling.onLoad({ filter: /[\\/](apps|libs)[\\/].*\.ts$/ }, async ({ path: file }) => {
      const text = withUsedZod(await readFile(file, 'utf8'));
      return { contents: /[\\/]apps[\\/]cli[\\/]/.test(file) ? withVerbs(text) : text, loader: 'ts' };
    });
  },
};

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  conditions: ['source'],
  minify: true,
  keepNames: true,
  legalComments: 'none',
  logLevel: 'warning',
  plugins: [ownVersion, forOneFile],
};

/** What runs first: most of what asks for the version are scripts, many times over. */
function unlessVersion(rest) {
  return `
    const [word, ...more] = process.argv.slice(2);
    if (more.length === 0 && (word === '--version' || word === '-V')) process.stdout.write(${JSON.stringify(`${version}\n`)});
    else ${rest};`;
}

async function packTarball(scratch) {
  const folder = path.join(scratch, 'package');
  await build({
    ...common,
    stdin: {
      contents: `#!/usr/bin/env node\n${unlessVersion("await import('./apps/cli/src/main.ts')")}`,
      resolveDir: root,
      sourcefile: 'flotilla.ts',
      loader: 'ts',
    },
    outdir: folder,
    entryNames: 'flotilla',
    outExtension: { '.js': '.mjs' },
    format: 'esm',
    // A verb's code is read when the verb is used.
    splitting: true,
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
  const manifest = {
    name: 'flotilla-cli',
    version,
    description: 'The command line of Flotilla: a fleet of clusters, rolled out from Git in waves',
    type: 'module',
    bin: { flotilla: 'flotilla.mjs' },
    engines: { node: '>=20.19' },
  };
  await writeFile(path.join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const flags = ['pack', '--json', '--ignore-scripts', '--pack-destination', target];
  const { stdout } = await run('npm', flags, { cwd: folder });
  return path.join(target, JSON.parse(stdout)[0].filename);
}

async function packProgram(scratch) {
  const bundle = path.join(scratch, 'flotilla.cjs');
  await build({
    ...common,
    // What is put into Node is no module: nothing can be awaited at its top.
    stdin: {
      contents: unlessVersion(`
        void Promise.all([import('./apps/cli/src/process-context.ts'), import('./apps/cli/src/run-cli.ts')]).then(async ([of, run]) => {
          const context = of.processContext();
          await run.runCli(process.argv.slice(2), context);
          process.exitCode = context.exitCode;
        })`),
      resolveDir: root,
      loader: 'ts',
    },
    outfile: bundle,
    format: 'cjs',
  });
  const blob = path.join(scratch, 'flotilla.blob');
  const settings = path.join(scratch, 'sea.json');
  await writeFile(
    settings,
    JSON.stringify({ main: bundle, output: blob, disableExperimentalSEAWarning: true, useCodeCache: true }),
  );
  await run(process.execPath, ['--experimental-sea-config', settings]);
  const program = path.join(target, process.platform === 'win32' ? 'flotilla.exe' : 'flotilla');
  await rm(program, { force: true });
  await copyFile(process.execPath, program);
  await chmod(program, 0o755);
  await postject.inject(program, 'NODE_SEA_BLOB', await readFile(blob), {
    sentinelFuse: FUSE,
    ...(process.platform === 'darwin' && { machoSegmentName: 'NODE_SEA' }),
  });
  // macOS runs nothing that was changed after it was signed.
  if (process.platform === 'darwin') await run('codesign', ['--force', '--sign', '-', program]);
  return program;
}

await mkdir(target, { recursive: true });
const scratch = await mkdtemp(path.join(tmpdir(), 'flotilla-package-'));
try {
  for (const file of [await packTarball(scratch), await packProgram(scratch)]) {
    const mib = (await stat(file)).size / 1024 / 1024;
    process.stdout.write(`${path.relative(process.cwd(), file)}  ${mib.toFixed(1)} MiB\n`);
  }
} finally {
  await rm(scratch, { recursive: true, force: true });
}
