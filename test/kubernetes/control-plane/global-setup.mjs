import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { build } from 'esbuild';

/** Starts the control plane that sharedControlPlane() answers with; the function that it leaves for global-teardown.mjs ends it. */
export default async function startSharedControlPlane() {
  const { startControlPlane, SHARED_CONTROL_PLANE } = await load();
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-kubernetes-'));
  const started = performance.now();
  const controlPlane = await startControlPlane({ folder, name: 'shared' });
  process.stderr.write(`Kubernetes control plane ready after ${Math.round(performance.now() - started)} ms\n`);
  const { url, caFile, adminToken, kubeconfigPath, kubectlPath, name } = controlPlane;
  process.env[SHARED_CONTROL_PLANE] = JSON.stringify({ url, caFile, adminToken, kubeconfigPath, kubectlPath, name });
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  globalThis.stopSharedControlPlane = async () => {
    await controlPlane.stop();
    removeFolder();
  };
  // Ctrl-C skips the teardown. The programs end by themselves then, but who would remove 100 MB?
  process.once('exit', () => {
    for (const { pid } of Object.values(controlPlane.programs)) if (pid !== undefined) process.kill(pid, 'SIGKILL');
    removeFolder();
  });
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
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
