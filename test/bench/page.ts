import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createLogger, RejectedError } from '#kit';
import { migrate, startEmbeddedPostgres } from '#store';
import { BIG_FLEET_ENV, growBigFleet } from '../helpers/big-fleet.js';
import { BenchHub } from './bench-hub.js';
import { machine, say } from './machine.js';
import { measurePage } from './page-browser.js';
import { measureCli } from './page-cli.js';
import { measureLists } from './page-lists.js';
import { round } from './percentile.js';

/** What is measured on. */
export interface PageBench {
  readonly hub: BenchHub;
  readonly folder: string;
  readonly databaseUrl: string;
  /** Process of the database. */
  readonly database: number;
}

const PARTS = { page: measurePage, lists: measureLists, cli: measureCli } as const;
type Part = keyof typeof PARTS;

/** The operator's seat at a fleet of 10,000 clusters: the lists of the API, the page in a browser, the command line. */
export async function run(args: readonly string[]): Promise<object> {
  const { only, clusters } = parse(args);
  const folder = await mkdtemp(path.join(tmpdir(), 'flotilla-bench-'));
  const postgres = await startEmbeddedPostgres({ folder, log: createLogger({ level: 'error' }) });
  try {
    await migrate({ url: postgres.url });
    const began = performance.now();
    const fleet = await growBigFleet(postgres.url, { clusters, everywhere: 4, longPast: true });
    const grownMs = round(performance.now() - began);
    say(`${clusters} clusters with ${fleet.applications.length} applications grew in ${grownMs} ms`);
    try {
      const hub = await BenchHub.start(folder, { ...BIG_FLEET_ENV, DATABASE_URL: postgres.url });
      try {
        const figures: Record<string, object> = {};
        for (const part of only) {
          say(`measuring ${part}`);
          figures[part] = await PARTS[part]({ hub, folder, databaseUrl: postgres.url, database: postgres.pid });
          say(JSON.stringify(figures[part]));
        }
        return { bench: 'page', ...machine(), clusters, applications: fleet.applications.length, grownMs, ...figures };
      } finally {
        await hub.stop();
      }
    } finally {
      await fleet.close();
    }
  } finally {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function parse(args: readonly string[]): { readonly only: readonly Part[]; readonly clusters: number } {
  const all = Object.keys(PARTS);
  const { values } = parseArgs({
    args: [...args],
    options: { only: { type: 'string', default: all.join(',') }, clusters: { type: 'string', default: '10000' } },
  });
  const [only, clusters] = [values.only.split(','), Number(values.clusters)];
  if (
    only.every((name) => all.includes(name)) &&
    Number.isInteger(clusters) &&
    clusters >= 1000 &&
    clusters <= 20_000
  ) {
    return { only: only as Part[], clusters };
  }
  throw new RejectedError(
    'bad-argument',
    `Usage: npm run bench -- page [--only ${all.join(',')}] [--clusters 1000 to 20000].`,
  );
}
