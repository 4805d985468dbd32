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
  plugins: [ownVersion],
};

async function packTarball(scratch) {
  const folder = path.join(scratch, 'package');
  await build({
    ...common,
    entryPoints: { flotilla: path.join(root, 'apps/cli/src/main.ts') },
    outdir: folder,
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
      contents: `
        import { processContext } from './apps/cli/src/process-context.js';
        import { runCli } from './apps/cli/src/run-cli.js';
        const context = processContext();
        void runCli(process.argv.slice(2), context).then(() => { process.exitCode = context.exitCode; });`,
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
