import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterView, FleetView, ReleaseView, SyncAnswer } from '#contract';
import { RejectedError } from '#kit';
import { configMap } from '../helpers/test-repository.js';
import { BenchHub, startProcess } from './bench-hub.js';
import { machine, say } from './machine.js';
import { percentile, round } from './percentile.js';
import { cpuSeconds, memoryOf } from './process-figures.js';
import { makeRenderRepository, overlays, workload, type Files } from './render-repository.js';
import { wholeNumber } from './whole-number.js';

const USAGE =
  'Usage: npm run bench -- render [--clusters 50] [--applications 50] [--paths 1000] [--runs 5] [--agents real|instant].';
const ENVIRONMENTS = ['dev', 'staging', 'prod'];
const WITHIN_MS = 300_000;

interface Options {
  readonly clusters: number;
  readonly applications: number;
  readonly paths: number;
  readonly runs: number;
  readonly agents: string;
}

/** Sources and rendering: what a commit costs until it is a release, and until every cluster has it. */
export async function run(args: readonly string[]): Promise<object> {
  const options = parse(args);
  const { clusters, agents } = options;
  const folder = await mkdtemp(path.join(tmpdir(), 'flotilla-bench-'));
  say(`starting a hub and ${clusters} clusters with ${agents} agents`);
  const hub = await BenchHub.start(folder);
  const simulator = await startProcess('dist/apps/simulator/src/main.js', [
    ...['--clusters', String(clusters), '--access', hub.accessFile, '--label', `env=${ENVIRONMENTS.join(',')}`],
    ...['--memory', '--ready-ms', '0', ...(agents === 'instant' ? ['--instant'] : [])],
  ]);
  try {
    const bench = new RenderBench(hub, simulator.pid, folder, options);
    const figures = {
      ...{ bench: 'render', ...machine(), ...options },
      oneApplication: await bench.oneApplication(),
      manyPaths: await bench.manyPaths(),
      fleet: await bench.fleet(),
    };
    const { rss, peak } = memoryOf(hub.pid);
    return { ...figures, hubRssMiB: round(rss), hubPeakMiB: round(peak) };
  } finally {
    await simulator.stop();
    await hub.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function parse(args: readonly string[]): Options {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { clusters: text, applications: text, paths: text, runs: text, agents: text },
  });
  const { agents = 'real' } = values;
  if (agents !== 'real' && agents !== 'instant') throw new RejectedError('bad-argument', USAGE);
  return {
    clusters: wholeNumber(values.clusters ?? '50', { least: 3, most: 1000, usage: USAGE }),
    applications: wholeNumber(values.applications ?? '50', { least: 1, most: 200, usage: USAGE }),
    paths: wholeNumber(values.paths ?? '1000', { least: 50, most: 10_000, usage: USAGE }),
    runs: wholeNumber(values.runs ?? '5', { least: 1, most: 100, usage: USAGE }),
    agents,
  };
}

interface Cpu {
  readonly hub: number;
  readonly bus: number;
  readonly database: number;
  readonly simulator: number;
}

/** Overlays that were rendered, and those that were not, as nothing of them had changed. */
interface Counted {
  readonly rendered: number;
  readonly reused: number;
}

class RenderBench {
  constructor(
    private readonly hub: BenchHub,
    private readonly simulator: number,
    private readonly folder: string,
    private readonly options: Options,
  ) {}

  /** One application with three overlays, all of which each commit changes. */
  async oneApplication(): Promise<object> {
    const repository = await makeRenderRepository(this.folder, 'one', overlays(ENVIRONMENTS, 0));
    await this.apply('one', repository.url, [['one', 'overlays/{{ labels.env }}']]);
    return this.commits('1 application with 3 overlays', 'one', async (version) => {
      // The clusters are at rest: what they do about the commit before is no part of this one's release.
      await this.healthy(['one'], version);
      await repository.push(`change ${version}`, overlays(ENVIRONMENTS, version));
    });
  }

  /** A path for each cluster of twenty applications or so, of which each commit changes five. */
  async manyPaths(): Promise<object> {
    const { items } = await this.hub.api.get<{ items: ClusterView[] }>('/api/v1/clusters?limit=1000');
    const names = items.map(({ name }) => name).sort();
    const applications = Array.from({ length: Math.ceil(this.options.paths / names.length) }, (_, at) => `many-${at}`);
    const paths = applications.flatMap((name) => names.map((cluster) => `${name}/${cluster}`));
    const file = (folder: string, version: number): Files => ({
      [`${folder}/a.yaml`]: configMap(path.dirname(folder), `${folder} ${version}`),
    });
    const repository = await makeRenderRepository(
      this.folder,
      'many',
      Object.assign({}, ...paths.map((each) => file(each, 0))) as Files,
    );
    const began = performance.now();
    await this.apply(
      'many',
      repository.url,
      applications.map((name) => [name, `${name}/{{ name }}`]),
    );
    const firstMs = round(performance.now() - began);
    const figures = await this.commits(`${paths.length} paths, 5 of them changed`, 'many', async (version) => {
      const changed = Array.from({ length: 5 }, (_, at) => paths[(at * 211 + version * 7) % paths.length] ?? '');
      await repository.push(
        `change ${version}`,
        Object.assign({}, ...changed.map((each) => file(each, version))) as Files,
      );
    });
    return { paths: paths.length, changed: 5, applications: applications.length, firstMs, ...figures };
  }

  /** As many applications in all clusters: a commit that changes each of them, until every cluster says that it is healthy. */
  async fleet(): Promise<object> {
    const { applications, clusters, runs } = this.options;
    const names = Array.from({ length: applications }, (_, at) => `fleet-${at}`);
    const files = (version: number): Files =>
      Object.assign({}, ...names.map((name) => workload(name, name, version))) as Files;
    const repository = await makeRenderRepository(this.folder, 'fleet', files(0));
    await this.apply(
      'fleet',
      repository.url,
      names.map((name) => [name, name]),
    );
    await this.healthy(names, 1);
    const [times, releases]: [number[], number[]] = [[], []];
    const before = await this.counted();
    for (let version = 1; version <= runs; version += 1) {
      await repository.push(`change ${version}`, files(version));
      const steps = await this.hub.stepSeconds();
      const cpu = this.cpu();
      const began = performance.now();
      await this.sync('fleet');
      releases.push(performance.now() - began);
      await this.healthy(names, version + 1);
      times.push(performance.now() - began);
      const after = await this.hub.stepSeconds();
      const spent = Object.keys(after).map((step) => `${step} ${round((after[step] ?? 0) - (steps[step] ?? 0), 2)} s`);
      say(
        `${applications} applications x ${clusters} clusters: ${round(times.at(-1) ?? 0)} ms (${spent.join(', ')}; CPU ${JSON.stringify(this.cpu(cpu))})`,
      );
    }
    return { healthyMs: spread(times), releasesMs: spread(releases), ...since(before, await this.counted()) };
  }

  /** Seconds of CPU since then; of the hub without the programs that it runs. */
  private cpu(before?: Cpu): Cpu {
    const { hubCpuSeconds, busCpuSeconds, databaseCpuSeconds } = this.hub.figures();
    const since = (now: number, then = 0): number => round(now - then, 2);
    return {
      hub: since(hubCpuSeconds, before?.hub),
      bus: since(busCpuSeconds, before?.bus),
      database: since(databaseCpuSeconds, before?.database),
      simulator: since(cpuSeconds(this.simulator), before?.simulator),
    };
  }

  /** From a commit that is pushed to releases that are made. */
  private async commits(what: string, source: string, push: (version: number) => Promise<void>): Promise<object> {
    const before = await this.counted();
    const times: number[] = [];
    for (let version = 1; version <= this.options.runs; version += 1) {
      await push(version);
      const began = Date.now();
      await this.sync(source);
      // What an answer waits for besides is tried in the first wave's clusters: the release was made before.
      times.push((await this.newestRelease()) - began);
    }
    say(`${what}: ${times.map((each) => round(each)).join(', ')} ms`);
    return { releaseMs: spread(times), ...since(before, await this.counted()) };
  }

  /** When the newest one was made. */
  private async newestRelease(): Promise<number> {
    const { items } = await this.hub.api.get<{ items: ReleaseView[] }>('/api/v1/releases?limit=1&overlays=false');
    return Date.parse(items[0]?.createdAt ?? '');
  }

  private async apply(
    source: string,
    url: string,
    applications: readonly (readonly [name: string, path: string])[],
  ): Promise<void> {
    const object = (kind: string, name: string, spec: object): object => ({
      apiVersion: 'flotilla.dev/v1',
      kind,
      metadata: { name },
      spec,
    });
    // One cluster first, as the default strategy has it; then all others at once.
    const wave = { maxConcurrency: '100%', maxFailures: 0, healthyFor: '0s', soak: '0s' };
    const waves = [
      { name: 'first', take: 1, ...wave },
      { name: 'rest', ...wave },
    ];
    await this.hub.api.post('/api/v1/apply', {
      documents: [
        object('Source', source, { url, interval: '24h' }),
        object('Strategy', source, { waves }),
        ...applications.map(([name, folder]) =>
          object('Application', name, { source, path: folder, strategy: source }),
        ),
      ],
    });
    await this.sync(source);
    // What else comes of an application that is declared must not be measured.
    await this.healthy(
      applications.map(([name]) => name),
      1,
    );
  }

  private async sync(source: string): Promise<void> {
    const { errors } = await this.hub.api.post<SyncAnswer>(`/api/v1/sources/${source}/sync`);
    if (errors.length > 0) throw new RejectedError('bench', JSON.stringify(errors).slice(0, 500));
  }

  /** Waits until each of those runs that release or a later one, healthy in every cluster. */
  private async healthy(names: readonly string[], release: number): Promise<void> {
    const end = performance.now() + WITHIN_MS;
    const wanted = new Set(names);
    for (;;) {
      const fleet = await this.hub.api.get<FleetView>('/api/v1/fleet');
      const done = fleet.applications.filter(
        (each) =>
          wanted.has(each.name) &&
          (each.release ?? 0) >= release &&
          each.rollout?.state === 'succeeded' &&
          each.health['healthy'] === this.options.clusters,
      );
      if (done.length === names.length) return;
      if (performance.now() > end)
        throw new RejectedError(
          'bench',
          `${done.length} of ${names.length} are healthy within ${WITHIN_MS} ms: ${JSON.stringify(fleet.applications.find(({ name }) => wanted.has(name)))}`,
        );
      await sleep(50);
    }
  }

  private async counted(): Promise<Counted> {
    const { text } = await this.hub.api.raw('GET', '/metrics');
    const count = (how: string): number =>
      Number(new RegExp(`overlays_total\\{how="${how}"\\} (\\d+)`).exec(text)?.[1] ?? 0);
    return { rendered: count('rendered'), reused: count('reused') };
  }
}

function since(before: Counted, after: Counted): { rendered: number; reused: number; hitRate: number } {
  const [rendered, reused] = [after.rendered - before.rendered, after.reused - before.reused];
  return { rendered, reused, hitRate: round(reused / Math.max(1, rendered + reused), 3) };
}

function spread(times: readonly number[]): object {
  return { p50: round(percentile(times, 50)), p90: round(percentile(times, 90)), max: round(Math.max(...times)) };
}
