import { parseArgs } from 'node:util';
import { RejectedError } from '#kit';
import { measureEncrypted } from './agent-encrypted.js';
import { measureGrowth } from './agent-growth.js';
import { measureIdle } from './agent-idle.js';
import { measurePeak } from './agent-peak.js';
import { measureReconciles } from './agent-reconciles.js';
import { measureSchemas } from './agent-schemas.js';
import { measureStart } from './agent-start.js';
import { BenchCluster } from './bench-cluster.js';
import { machine, say } from './machine.js';
import { wholeNumber } from './whole-number.js';

const USAGE =
  'Usage: npm run bench -- agent [--only start,idle,peak,encrypted,growth,reconciles,schemas] [--minutes 6] [--reconciles 10000].';
const PARTS = {
  start: (cluster: BenchCluster) => measureStart(cluster, 9),
  idle: (cluster: BenchCluster, { minutes }: Sizes) => measureIdle(cluster, minutes),
  peak: (cluster: BenchCluster) => measurePeak(cluster, 500),
  encrypted: (cluster: BenchCluster) => measureEncrypted(cluster, 50),
  growth: (cluster: BenchCluster) => measureGrowth(cluster, [100, 2_000]),
  reconciles: (cluster: BenchCluster, { reconciles }: Sizes) => measureReconciles(cluster, reconciles),
  schemas: (cluster: BenchCluster) => measureSchemas(cluster),
} as const;

interface Sizes {
  readonly minutes: number;
  readonly reconciles: number;
}

/** One agent process as its image runs it: its start, its memory, what it sends, what it asks, and what that grows with. */
export async function run(args: readonly string[]): Promise<object> {
  const options = { only: { type: 'string' }, minutes: { type: 'string' }, reconciles: { type: 'string' } } as const;
  const { values } = parseArgs({ args: [...args], options });
  const names = (values.only?.split(',') ?? Object.keys(PARTS)) as readonly (keyof typeof PARTS)[];
  if (!names.every((name) => Object.hasOwn(PARTS, name))) throw new RejectedError('bad-argument', USAGE);
  const sizes: Sizes = {
    minutes: wholeNumber(values.minutes ?? '6', { least: 1, most: 24 * 60, usage: USAGE }),
    reconciles: wholeNumber(values.reconciles ?? '10000', { least: 1_000, most: 1_000_000, usage: USAGE }),
  };
  const cluster = await BenchCluster.open();
  try {
    const figures: Record<string, object> = {};
    for (const name of names) {
      say(`measuring ${name}`);
      figures[name] = await PARTS[name](cluster, sizes);
      say(JSON.stringify(figures[name]));
      await cluster.agent.stop();
    }
    return { bench: 'agent', ...machine(), ...figures };
  } finally {
    await cluster.close();
  }
}
