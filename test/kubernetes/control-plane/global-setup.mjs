import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { build } from 'esbuild';

/** Starts the control planes that sharedControlPlane() answers with, one for each worker; the function that it leaves for global-teardown.mjs ends them. */
export default async function startSharedControlPlanes({ maxWorkers }) {
  const { startControlPlane, SHARED_CONTROL_PLANES } = await load();
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-kubernetes-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  const controlPlanes = [];
  // Ctrl-C skips the teardown. The programs end by themselves then, but who would remove 100 MB?
  process.once('exit', () => {
    const programs = controlPlanes.flatMap((each) => Object.values(each.programs));
    for (const { pid } of programs) if (pid !== undefined) process.kill(pid, 'SIGKILL');
    removeFolder();
  });
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  for (let worker = 1; worker <= maxWorkers; worker += 1) {
    const started = performance.now();
    controlPlanes.push(
      await startControlPlane({
        folder: join(folder, String(worker)),
        name: worker === 1 ? 'shared' : `shared-${worker}`,
      }),
    );
    process.stderr.write(
      `Kubernetes control plane ${worker} ready after ${Math.round(performance.now() - started)} ms\n`,
    );
  }
  process.env[SHARED_CONTROL_PLANES] = JSON.stringify(
    controlPlanes.map(({ url, caFile, adminToken, kubeconfigPath, kubectlPath, name }) => {
      return { url, caFile, adminToken, kubeconfigPath, kubectlPath, name };
    }),
  );
  globalThis.stopSharedControlPlanes = async () => {
    await Promise.all(controlPlanes.map((each) => each.stop()));
    removeFolder();
  };
}

/** Jest transforms test files only: what runs before them has to be made JavaScript first. */
async function load() {
  const outfile = fileURLToPath(
    new URL('../../../node_modules/.cache/flotilla/test-control-plane.mjs', import.meta.url),
  );
  await build({
    stdin: {
      contents: `export * from '#control-plane'; export * from './shared-control-plane.ts';`,
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    conditions: ['source'],
    outfile,
  });
  return import(pathToFileURL(outfile).href);
}
