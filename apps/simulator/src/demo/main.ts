import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createLogger,
  describeFailure,
  lockDataFolder,
  onStopSignal,
  runMain,
  stopStaleChildren,
  type Logger,
} from '#kit';
import { SimulatedFleet } from '../simulated-fleet.js';
import { simulate } from '../simulate.js';
import { startSimulatorServer } from '../simulator-server.js';
import { openCli } from './cli.js';
import { ensureRepository, writeFleetFile } from './demo-repository.js';
import { demoClusters } from './demo-clusters.js';
import { runHub } from './run-hub.js';
import { DEMO_HELP, parseDemoOptions, type DemoOptions } from './options.js';
import { Progress } from './progress.js';
import { tips } from './tips.js';

const APPLICATION = 'shop';
/** The checkout: this file is dist/apps/simulator/src/demo/main.js. */
const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../../..');

/** What ends, in the reverse order of what began. */
class Closers {
  private readonly list: (() => Promise<unknown>)[] = [];

  add(close: () => Promise<unknown>): void {
    this.list.push(close);
  }

  async closeAll(): Promise<void> {
    for (const close of this.list.splice(0).reverse()) await close().catch(() => undefined);
  }
}

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
    { exitCode: options.once ? 1 : 0 },
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
  const data = await lockDataFolder(options.dataFolder, 'FLOTILLA_DEMO_DATA');
  closers.add(() => data.release());
  const folder = (name: string): string => path.join(data.folder, name);
  await stopStaleChildren(folder('pids'), { log });
  if (options.fresh)
    for (const name of ['hub', 'clusters', 'repository', 'fleet.yaml'])
      await rm(folder(name), { recursive: true, force: true });

  const hub = await say.step('Starting the hub with its own PostgreSQL and nats-server', () =>
    runHub({ root: ROOT, dataFolder: folder('hub'), pidFolder: folder('pids'), log }),
  );
  closers.add(() => hub.stop());

  const repository = await say.step('Making a Git repository with a base and three overlays', () =>
    ensureRepository(path.join(ROOT, 'deploy/demo/repository'), folder('repository')),
  );
  await writeFleetFile(path.join(ROOT, 'deploy/demo/fleet.yaml'), folder('fleet.yaml'), repository);

  const fleet = await SimulatedFleet.open({ folder: folder('clusters'), logger: log });
  closers.add(() => fleet.close());
  const clusters = demoClusters();
  const simulation = await say.step(`Starting ${clusters.length} clusters, each with its agent`, () =>
    simulate({ fleet, clusters, hub: hub.access, logger: log }),
  );
  closers.add(() => simulation.stop());
  const server = await startSimulatorServer({ fleet, agents: simulation, logger: log });
  closers.add(() => server.close());

  const cli = openCli({ root: ROOT, dataFolder: folder('hub') });
  await say.step('flotilla apply -f fleet.yaml', async () =>
    say.lines(await cli.run('apply', '-f', folder('fleet.yaml'))),
  );
  await cli.run('sync', APPLICATION);
  process.stderr.write(`\nThe rollout of ${APPLICATION}, wave by wave:\n`);
  await cli.show('rollout', 'status', APPLICATION, '--watch');
  const outcome = await readOutcome(cli, clusters.length);
  if (!options.once) {
    const where = (file: string): string => path.relative(process.cwd(), file) || '.';
    process.stdout.write(
      tips({
        url: hub.access.url,
        repository: where(repository),
        cli: cli.line,
        application: APPLICATION,
        simulator: server.url,
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
