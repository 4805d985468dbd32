import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import pLimit from 'p-limit';
import { OutsideBroker } from '../helpers/outside-broker.js';
import { BenchHub } from './bench-hub.js';
import { machine, say } from './machine.js';
import { measureJoins } from './trust-joins.js';
import { measureRevokes, removeCluster } from './trust-revokes.js';
import { measureStorms } from './trust-storm.js';
import { measureWebhooks } from './trust-webhooks.js';
import { wholeNumber } from './whole-number.js';

const USAGE =
  'Usage: npm run bench -- trust [--agents 2000] [--joins 500] [--revokes 50] [--pushes 50] [--down-ms 5000].';

/** Transport and trust: what it costs to let agents in, to throw one out, to have them all come back at once, and a push. */
export async function run(args: readonly string[]): Promise<object> {
  const { agents, joins, revokes, pushes, downMs } = parse(args);
  const folder = await mkdtemp(path.join(tmpdir(), 'flotilla-bench-'));
  const broker = new OutsideBroker();
  const settings = await broker.start(folder);
  try {
    const hub = await BenchHub.start(folder, {
      ...settings,
      FLOTILLA_DATA: path.join(folder, 'data'),
      // All of it comes from one address and one caller, as fast as the hub takes it.
      FLOTILLA_RATE_CALLER: '100000',
      FLOTILLA_RATE_AGENTS: '100000',
    });
    try {
      say(`${joins} agents join`);
      const { figures: joined, joined: all } = await measureJoins(hub, { joins, atOnce: 16 });
      say(JSON.stringify(joined));
      say(`${pushes} pushes`);
      const webhooks = await measureWebhooks(hub.api, folder, pushes);
      say(JSON.stringify(webhooks));
      await hub.api.delete('/api/v1/applications/pushed');
      say(`${revokes} registrations end`);
      const revoked = await measureRevokes(hub.api, all.slice(0, revokes));
      say(JSON.stringify(revoked));
      const limit = pLimit(8);
      await Promise.all(all.slice(revokes).map(({ name }) => limit(() => removeCluster(hub.api, name))));
      say(`a storm of ${agents} agents`);
      const storm = await measureStorms(hub, broker, { folder, agents, downMs });
      return { bench: 'trust', ...machine(), joined, revoked, webhooks, storm };
    } finally {
      await hub.stop();
    }
  } finally {
    await broker.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function parse(args: readonly string[]): Record<'agents' | 'joins' | 'revokes' | 'pushes' | 'downMs', number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      agents: { type: 'string', default: '2000' },
      joins: { type: 'string', default: '500' },
      revokes: { type: 'string', default: '50' },
      pushes: { type: 'string', default: '50' },
      'down-ms': { type: 'string', default: '5000' },
    },
  });
  const number = (text: string, most: number): number => wholeNumber(text, { least: 1, most, usage: USAGE });
  const joins = number(values.joins, 5_000);
  return {
    agents: number(values.agents, 10_000),
    joins,
    revokes: number(values.revokes, joins),
    pushes: number(values.pushes, 1_000),
    downMs: number(values['down-ms'], 600_000),
  };
}
