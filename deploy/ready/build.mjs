import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const sourceFolders = ['apps', 'libs', 'migrations', 'test', 'deploy/ready'];
const settings = [
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'nest-cli.json',
  '.swcrc',
  'deploy/bundle-agent.mjs',
];
const skipped = new Set(['node_modules', 'dist', 'fixtures']);
const stampFile = 'dist/.built';

function* filesBelow(folder) {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return;
  }
  for (const entry of entries) {
    if (skipped.has(entry.name)) continue;
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(file);
    else if (entry.isFile()) yield file;
  }
}

/** Paths, sizes and modification times: reading every file would cost more than the rare needless build. */
function stampOf(root) {
  const hash = createHash('sha256').update(process.versions.node);
  const files = [
    ...sourceFolders.flatMap((folder) => [...filesBelow(path.join(root, folder))]),
    ...settings.map((each) => path.join(root, each)),
  ];
  for (const file of files.sort()) {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat) hash.update(`${path.relative(root, file)}\0${stat.size}\0${stat.mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** The stamp that a build now would have, or undefined when dist has it already. */
export function staleBuildStamp(root) {
  const stamp = stampOf(root);
  try {
    return readFileSync(path.join(root, stampFile), 'utf8') === stamp ? undefined : stamp;
  } catch {
    return stamp;
  }
}

/** `npx flotilla` starts the command line by itself, and no compiler makes a file executable. */
export function makeExecutable(root) {
  const file = path.join(root, 'dist/apps/cli/src/main.js');
  if (existsSync(file)) chmodSync(file, 0o755);
}

/** `stamp` was taken before the build, so a file that changed meanwhile makes the next start build again. */
export function markBuilt(root, stamp) {
  mkdirSync(path.join(root, 'dist'), { recursive: true });
  writeFileSync(path.join(root, stampFile), stamp);
}

/** Takes out of dist what no source stands behind any more; the rest stays, because a hub may be running from it. */
export function removeOrphans(root) {
  const dist = path.join(root, 'dist');
  for (const folder of ['apps', 'libs', 'migrations', 'test']) {
    for (const file of filesBelow(path.join(dist, folder))) {
      if (!/\.js(\.map)?$/.test(file)) continue;
      const source = path.join(root, path.relative(dist, file).replace(/\.js(\.map)?$/, ''));
      if (!existsSync(`${source}.ts`) && !existsSync(`${source}.js`)) rmSync(file, { force: true });
    }
  }
}
