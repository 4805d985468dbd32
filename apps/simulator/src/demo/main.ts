import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createLogger,
  describeFailure,
  lockDataFolder,
  onStopSignal,
  RejectedError,
  runMain,
  stopStaleChildren,
  type Logger,
} from '#kit';
import { openCli } from './cli.js';
import { Closers } from './closers.js';
import { ensureRepository, writeFleetFile } from './demo-repository.js';
import { openSimulatedClusters } from './open-simulated.js';
import { buildPrograms } from './build-programs.js';
import { runHub } from './run-hub.js';
import { DEMO_HELP, parseDemoOptions, type DemoOptions } from './options.js';
import { Progress } from './progress.js';
import { tips } from './tips.js';

const APPLICATION = 'shop';
/** Where each kind of demo keeps its clusters: the hub of one knows nothing of the other's. */
const CLUSTER_FOLDERS = ['clusters', 'kubernetes'] as const;
/** The checkout: this file is dist/apps/simulator/src/demo/main.js. */
const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../../..');

await runMain(async () => {
  const options = parseDemoOptions(process.argv.slice(2), process.env, process.cwd());
  if (options.help) {
    process.stdout.write(DEMO_HELP);
    return;
  }
  const log = createLogger({ level: 'warn' });
  const closers = new Closers();
  onStopSignal(
    async () => {
      process.stderr.write('\nStopping …\n');
      await closers.closeAll();
    },
    // Three control planes end one after the other.
    { exitCode: options.once ? 1 : 0, limitMs: 15_000 },
  );
  const started = performance.now();
  try {
    const outcome = await demo(options, log, closers);
    if (!options.once) return;
    await closers.closeAll();
    const seconds = Math.round((performance.now() - started) / 100) / 10;
    process.stdout.write(`${JSON.stringify({ ...outcome, seconds })}\n`);
    process.exit(outcome.healthy === outcome.clusters && outcome.rollout === 'succeeded' ? 0 : 1);
  } catch (error) {
    await closers.closeAll();
    process.stderr.write(`${describeFailure(error)}\n`);
    process.exit(1);
  }
});

interface Outcome {
  readonly clusters: number;
  readonly healthy: number;
  readonly rollout: string;
}

async function demo(options: DemoOptions, log: Logger, closers: Closers): Promise<Outcome> {
  const say = new Progress();
  const programs = options.kubernetes ? await buildPrograms() : null;
  const data = await lockDataFolder(options.dataFolder, 'FLOTILLA_DEMO_DATA');
  closers.add(() => data.release());
  const folder = (name: string): string => path.join(data.folder, name);
  await stopStaleChildren(folder('pids'), { log });
  if (options.fresh)
    for (const name of ['hub', ...CLUSTER_FOLDERS, 'repository', 'fleet.yaml'])
      await rm(folder(name), { recursive: true, force: true });
  const [own, other] = options.kubernetes ? CLUSTER_FOLDERS.toReversed() : CLUSTER_FOLDERS;
  if (existsSync(folder(other))) {
    throw new RejectedError(
      'demo-of-others',
      `${data.folder} holds a demo with ${options.kubernetes ? 'simulated' : 'Kubernetes'} clusters: give FLOTILLA_DEMO_DATA another folder, or --fresh to begin anew.`,
    );
  }

  const hub = await say.step('Starting the hub with its own PostgreSQL and nats-server', () =>
    runHub({ root: ROOT, dataFolder: folder('hub'), pidFolder: folder('pids'), log }),
  );
  closers.add(() => hub.stop());

  const repository = await say.step('Making a Git repository with a base and three overlays', () =>
    ensureRepository(path.join(ROOT, 'deploy/demo/repository'), folder('repository')),
  );
  await writeFleetFile(path.join(ROOT, 'deploy/demo/fleet.yaml'), folder('fleet.yaml'), repository);

  const parts = { folder: folder(own), hub: hub.access, log, say, closers };
  const clusters = programs
    ? await (await import('./open-kubernetes.js')).openKubernetesClusters(parts, { root: ROOT, programs })
    : await openSimulatedClusters(parts);

  const cli = openCli({ root: ROOT, dataFolder: folder('hub') });
  await say.step('flotilla apply -f fleet.yaml', async () =>
    say.lines(await cli.run('apply', '-f', folder('fleet.yaml'))),
  );
  await cli.run('sync', APPLICATION);
  if (!options.once) process.stderr.write(`\nWatch it in the browser: ${await cli.page()}\n`);
  process.stderr.write(`\nThe rollout of ${APPLICATION}, wave by wave:\n`);
  await cli.show('rollout', 'status', APPLICATION, '--watch');
  const outcome = await readOutcome(cli, clusters.count);
  if (!options.once) {
    const where = (file: string): string => path.relative(process.cwd(), file) || '.';
    process.stdout.write(
      tips({
        url: hub.access.url,
        page: await cli.page(),
        repository: where(repository),
        cli: cli.line,
        application: APPLICATION,
        about: clusters.about,
        command: options.kubernetes ? 'npm run demo -- --kubernetes' : 'npm run demo',
      }),
    );
  }
  return outcome;
}

async function readOutcome(cli: ReturnType<typeof openCli>, clusters: number): Promise<Outcome> {
  const fleet = JSON.parse(await cli.run('fleet', '-o', 'json')) as { healthy: number; clusters: { total: number } };
  const { items } = JSON.parse(await cli.run('get', 'rollouts', '--application', APPLICATION, '-o', 'json')) as {
    items: { state: string; kind: string }[];
  };
  return {
    clusters: Math.max(clusters, fleet.clusters.total),
    healthy: fleet.healthy,
    rollout: items[0]?.state ?? 'none',
  };
}
