// Gets a checkout ready and then runs what follows `--`:
//
//   node deploy/ready.mjs [--programs nats-server,kustomize] [-- command args…]
//
// Node's version is checked, dependencies are installed when node_modules is not what package-lock.json says, dist is built when
// a source changed, and the programs asked for are found or built. It imports nothing outside Node and this folder, because
// node_modules may not exist yet. Progress goes to stderr: stdout belongs to the command.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { makeExecutable, markBuilt, removeOrphans, staleBuildStamp } from './ready/build.mjs';
import { installIsStale } from './ready/install.mjs';
import { holdLock } from './ready/lock.mjs';
import { endOnSignals, runCommand, runStep, StepFailure } from './ready/steps.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new StepFailure(
    `Flotilla needs Node 20.19 or newer, and this is ${process.versions.node}: install a newer Node.`,
  );
}

function readArguments(argv) {
  const split = argv.indexOf('--');
  const own = split < 0 ? argv : argv.slice(0, split);
  const command = split < 0 ? [] : argv.slice(split + 1);
  const programs = [];
  for (let i = 0; i < own.length; i += 1) {
    if (own[i] === '--programs' && own[i + 1]) programs.push(...own[(i += 1)].split(','));
    else
      throw new StepFailure(`ready.mjs does not know "${own[i]}"; it takes --programs NAMES and, after --, a command.`);
  }
  return { programs, command };
}

/** npm as the one that runs us, else the one on PATH. */
function npmCommand(args) {
  const script = process.env.npm_execpath;
  return script && /npm-cli\.c?js$/.test(script) && existsSync(script)
    ? [process.execPath, script, ...args]
    : ['npm', ...args];
}

async function installAndBuild() {
  if (!installIsStale(root) && staleBuildStamp(root) === undefined) return;
  const release = await holdLock(path.join(root, '.flotilla-ready.lock'));
  try {
    // Asked again, because another process may have done it while we waited.
    if (installIsStale(root)) {
      // Nothing here needs an install script, and many people forbid them: the same for everybody, then.
      const flags = ['--ignore-scripts', '--include=dev', '--no-audit', '--no-fund'];
      await runStep(
        'Installing what package-lock.json names (half a minute or so)',
        npmCommand(['ci', ...flags]),
        root,
      );
    }
    const stamp = staleBuildStamp(root);
    if (stamp === undefined) return;
    const nest = path.join(root, 'node_modules/@nestjs/cli/bin/nest.js');
    await runStep('Building', [process.execPath, nest, 'build', '--all'], root);
    await runStep('Bundling the agent', [process.execPath, path.join(root, 'deploy/bundle-agent.mjs')], root);
    const vite = path.join(root, 'node_modules/vite/bin/vite.js');
    const page = ['build', '--config', path.join(root, 'apps/web/vite.config.ts'), '--logLevel', 'warn'];
    await runStep('Building the page', [process.execPath, vite, ...page], root);
    makeExecutable(root);
    removeOrphans(root);
    markBuilt(root, stamp);
  } finally {
    release();
  }
}

async function preparePrograms(names) {
  if (names.length === 0) return;
  const file = path.join(root, 'dist/libs/kit/src/programs/prepare-programs.js');
  const { preparePrograms: prepare } = await import(pathToFileURL(file).href);
  await prepare(names, (line) => process.stderr.write(`${line}\n`));
}

try {
  checkNode();
  endOnSignals();
  const { programs, command } = readArguments(process.argv.slice(2));
  await installAndBuild();
  await preparePrograms(programs);
  if (command.length > 0) process.exitCode = await runCommand(command);
} catch (error) {
  // A person reads this: one sentence, and a stack only where a bug is ours.
  const known = error instanceof StepFailure || error?.kind === 'rejected' || error?.kind === 'retryable';
  process.stderr.write(`${known ? error.message : (error?.stack ?? error)}\n`);
  process.exitCode = 1;
}
