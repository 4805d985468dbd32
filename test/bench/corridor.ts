import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { localAccessSchema, type EventView, type FleetView, type RolloutView } from '#contract';
import { RejectedError } from '#kit';
import { BenchHub, startProcess, type HubFigures } from './bench-hub.js';
import { percentile, round } from './percentile.js';
import { measureStandaloneAgent } from './standalone-agent.js';

const APPLICATION = 'shop';
const WITHIN_MS = 180_000;

/**
 * The corridor: a commit is pushed -> every cluster is healthy and its report stored, as a client of the API sees it, in three
 * strictly gated waves (5 %, 25 %, the rest), with no soak and no healthyFor, all of a wave at once.
 */
export async function run(args: readonly string[]): Promise<object> {
  const { clusters, runs, agents } = parse(args);
  const folder = await mkdtemp(path.join(tmpdir(), 'flotilla-bench-'));
  const repository = await makeRepository(folder);
  say(`starting a hub, ${clusters} clusters with ${agents} agents`);
  const hub = await BenchHub.start(folder);
  const simulator = await startProcess('dist/apps/simulator/src/main.js', [
    ...['--clusters', String(clusters), '--access', hub.accessFile, '--label', 'env=dev,staging,prod'],
    ...['--memory', '--ready-ms', '0', ...(agents === 'instant' ? ['--instant'] : [])],
  ]);
  try {
    await apply(hub, repository.url);
    await rolledOut(hub, 0, clusters, () => hub.api.post('/api/v1/sources/shop/sync'));
    say('the first release is everywhere; measuring');
    const before = hub.figures();
    const times: number[] = [];
    for (let number = 1; number <= runs; number += 1) {
      const steps = await hub.stepSeconds();
      const last = await hub.api.get<RolloutView>(`/api/v1/rollouts/${APPLICATION}`);
      await repository.push(number);
      const started = performance.now();
      const ended = await rolledOut(hub, last.number, clusters, () => hub.api.post('/api/v1/sources/shop/sync'));
      const ms = performance.now() - started;
      times.push(ms);
      say(`run ${number}: ${round(ms)} ms`);
      if (number === runs) trace(ended, steps, await hub.stepSeconds(), ms);
    }
    const after = hub.figures();
    const access = localAccessSchema.parse(JSON.parse(await readFile(hub.accessFile, 'utf8')));
    const agent = await measureStandaloneAgent(hub.api, access, { env: 'dev' });
    return {
      bench: 'corridor',
      agents,
      clusters,
      waves: 3,
      runs,
      p50Ms: round(percentile(times, 50)),
      p90Ms: round(percentile(times, 90)),
      p99Ms: round(percentile(times, 99)),
      ...figuresOf(before, after),
      agentRssMiB: round(agent.agentRssMiB, 1),
      agentStartMs: round(agent.agentStartMs),
    };
  } finally {
    await simulator.stop();
    await hub.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function parse(args: readonly string[]): { clusters: number; runs: number; agents: 'real' | 'instant' } {
  const { values } = parseArgs({
    args: [...args],
    options: { clusters: { type: 'string' }, runs: { type: 'string' }, agents: { type: 'string' } },
  });
  const clusters = Number(values.clusters ?? '12');
  const runs = Number(values.runs ?? '5');
  const agents = values.agents ?? 'real';
  const whole = (value: number, most: number): boolean => Number.isInteger(value) && value >= 1 && value <= most;
  if (!whole(clusters, 10_000) || !whole(runs, 1000) || (agents !== 'real' && agents !== 'instant')) {
    throw new RejectedError(
      'bad-argument',
      'Usage: npm run bench -- corridor --clusters N [--runs 5] [--agents real|instant].',
    );
  }
  return { clusters, runs, agents };
}

/** A bare repository, as a server has it, and a clone that pushes to it. */
async function makeRepository(folder: string): Promise<{ url: string; push(number: number): Promise<void> }> {
  const bare = path.join(folder, 'shop.git');
  const clone = path.join(folder, 'shop');
  const git = (cwd: string, ...args: string[]): void => {
    execFileSync('git', ['-c', 'user.name=Bench', '-c', 'user.email=bench@flotilla.example', ...args], {
      cwd,
      stdio: 'pipe',
    });
  };
  git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', bare);
  await cp('deploy/demo/repository', clone, { recursive: true });
  git(clone, 'init', '--quiet', '--initial-branch=main');
  git(clone, 'add', '--all');
  git(clone, 'commit', '--quiet', '--message', 'first');
  git(clone, 'remote', 'add', 'origin', bare);
  git(clone, 'push', '--quiet', 'origin', 'main');
  const file = path.join(clone, 'base/kustomization.yaml');
  return {
    url: bare,
    push: async (number) => {
      await writeFile(file, (await readFile(file, 'utf8')).replaceAll(/newTag: .*/g, `newTag: 1.0.${number}`));
      git(clone, 'commit', '--quiet', '--all', '--message', `change ${number}`);
      git(clone, 'push', '--quiet', 'origin', 'main');
    },
  };
}

async function apply(hub: BenchHub, url: string): Promise<void> {
  const wave = { maxConcurrency: '100%', maxFailures: 0, healthyFor: '0s', soak: '0s' };
  const object = (kind: string, name: string, spec: object): object => ({
    apiVersion: 'flotilla.dev/v1',
    kind,
    metadata: { name },
    spec,
  });
  await hub.api.post('/api/v1/apply', {
    documents: [
      object('Source', 'shop', { url, interval: '24h' }),
      object('Strategy', 'gated', {
        waves: [
          { name: 'first', take: '5%', ...wave },
          { name: 'quarter', take: '25%', ...wave },
          { name: 'rest', ...wave },
        ],
      }),
      object('Application', APPLICATION, {
        source: 'shop',
        path: 'overlays/{{ labels.env }}',
        strategy: 'gated',
        namespace: 'shop',
      }),
    ],
  });
}

/** Follows the hub's events until a rollout newer than `after` has ended, then looks at what a client sees of it. */
async function rolledOut(
  hub: BenchHub,
  after: number,
  clusters: number,
  begin: () => Promise<unknown>,
): Promise<RolloutView> {
  let asked: Promise<unknown> | undefined;
  let buffer = '';
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(
      () => reject(new RejectedError('bench', `no rollout ended within ${WITHIN_MS} ms`)),
      WITHIN_MS,
    );
    hub.api
      .stream('/api/v1/events/stream', {}, (chunk, close) => {
        // The first sign of life: whatever happens from now on is heard.
        asked ??= begin().catch(reject);
        buffer += chunk;
        const blocks = buffer.split('\n\n');
        buffer = blocks.pop() ?? '';
        for (const block of blocks) {
          const data = /^data: (\{.*\})$/m.exec(block)?.[1];
          const event = data === undefined ? null : (JSON.parse(data) as EventView);
          const number = Number(event?.rollout?.slice(APPLICATION.length + 1) ?? 0);
          if (
            event &&
            number > after &&
            /^(succeeded|succeededWithExceptions|cancelled|superseded)$/.test(event.event)
          ) {
            clearTimeout(late);
            close();
            resolve();
          }
        }
      })
      .catch(reject);
  });
  await asked;
  const [rollout, fleet] = await Promise.all([
    hub.api.get<RolloutView>(`/api/v1/rollouts/${APPLICATION}`),
    hub.api.get<FleetView>('/api/v1/fleet'),
  ]);
  if (rollout.state !== 'succeeded' || fleet.healthy < clusters) {
    throw new RejectedError(
      'bench',
      `the rollout ended ${rollout.state} with ${fleet.healthy} of ${clusters} healthy: ${rollout.why}`,
    );
  }
  return rollout;
}

/** Where the time of one commit went: the hub's own steps, and the rest, which is agents and wire. */
function trace(
  rollout: RolloutView,
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
  total: number,
): void {
  const lines = Object.keys(after)
    .sort()
    .map((step) => `  ${step.padEnd(8)} ${round(((after[step] ?? 0) - (before[step] ?? 0)) * 1000, 1)} ms in the hub`);
  const waves = rollout.waves.map(
    ({ name, total: size, openedAt = '', doneAt = '' }) =>
      `  wave ${name.padEnd(8)} ${Date.parse(doneAt) - Date.parse(openedAt)} ms, ${size} clusters`,
  );
  say(`the last run, step by step:\n${[...lines, ...waves, `  whole    ${round(total)} ms`].join('\n')}`);
}

function figuresOf(before: HubFigures, after: HubFigures): HubFigures {
  return {
    hubRssMiB: round(after.hubRssMiB, 1),
    busRssMiB: round(after.busRssMiB, 1),
    databaseRssMiB: round(after.databaseRssMiB, 1),
    hubCpuSeconds: round(after.hubCpuSeconds - before.hubCpuSeconds, 2),
    busCpuSeconds: round(after.busCpuSeconds - before.busCpuSeconds, 2),
    databaseCpuSeconds: round(after.databaseCpuSeconds - before.databaseCpuSeconds, 2),
  };
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
