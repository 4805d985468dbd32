// Runs beside jest: one PostgreSQL for all test files of a run, for as long as that run lives. Started by test-database.ts.
//
//   node test/helpers/test-database-server.mjs FOLDER PID-OF-JEST
import { rm, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import pg from 'pg';

const [folder = '', watched = ''] = process.argv.slice(2);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Jest transforms test files only: here the sources have to be made JavaScript first. */
async function loadStore() {
  const outfile = path.join(root, `node_modules/.cache/flotilla/test-database-${process.pid}.mjs`);
  await build({
    stdin: {
      contents: `export { startEmbeddedPostgres, migrate } from '#store'; export { createLogger } from '#kit';`,
      resolveDir: root,
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    conditions: ['source'],
    logLevel: 'warning',
    outfile,
  });
  try {
    return await import(pathToFileURL(outfile).href);
  } finally {
    await rm(outfile, { force: true });
  }
}

async function run(sql, url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function answer(contents) {
  await writeFile(path.join(folder, 'part.json'), JSON.stringify(contents), { mode: 0o600 });
  await rename(path.join(folder, 'part.json'), path.join(folder, 'answer.json'));
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

try {
  const { startEmbeddedPostgres, migrate, createLogger } = await loadStore();
  const server = await startEmbeddedPostgres({
    folder: path.join(folder, 'postgres'),
    durable: false,
    maxConnections: 200,
    log: createLogger({ level: 'warn' }),
  });
  const end = async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, end);
  const template = new URL(server.url);
  template.pathname = '/flotilla_template';
  await run('create database flotilla_template', server.url);
  await migrate({ url: template.href });
  await answer({ url: server.url });
  // A pipe from jest would be neater, but its workers come and go, and the last of them may not have started this.
  setInterval(() => {
    if (!isAlive(Number(watched))) end();
  }, 200);
} catch (error) {
  await answer({ error: String(error?.message ?? error) });
  process.exitCode = 1;
}
