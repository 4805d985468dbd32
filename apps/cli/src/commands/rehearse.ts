import { Command, Option } from 'commander';
import type { Distribution, RehearsalAnswer } from '#contract';
import { formatDuration } from '#domain';
import { withHub, type CliContext } from '../context.js';
import { part } from '../listings/listing.js';
import { answerOption, positive, share, type AnswerOptions } from '../options.js';
import { counted, plain, printAnswer, table, type Column } from '../print.js';
import { examples } from '../program.js';
import { section } from '../describe/sections.js';
import { bare } from '../steer.js';
import { strategyFileOption, strategyOption, wantedStrategy, type StrategyOptions } from '../strategy-file.js';

/** A thousand runs over ten thousand clusters take minutes. */
const TIMEOUT_MS = 15 * 60_000;
/** So many clusters of the order are told. */
const ORDER = 20;

interface Options extends AnswerOptions, StrategyOptions {
  readonly release?: number;
  readonly runs: number;
  readonly seed?: number;
  readonly latency?: string;
  readonly ready?: string;
  readonly failures?: number;
  readonly offline?: number;
  readonly flapping?: number;
}

export function rehearse(context: CliContext): Command {
  return new Command('rehearse')
    .description(
      'Play a rollout many times over the present fleet, by the same engine on a virtual clock; nothing is assigned. Tells how long it takes, in which order, and how many clusters a bad release reaches before it halts.',
    )
    .argument('<application>', 'name of the application')
    .addOption(new Option('--release <number>', 'which release; else the newest').argParser(positive))
    .addOption(strategyOption())
    .addOption(strategyFileOption())
    .addOption(new Option('--runs <number>', 'how often').argParser(positive).default(1000))
    .addOption(new Option('--seed <number>', 'equal seeds give equal answers').argParser(positive))
    .option('--latency <duration>', 'median time until an agent acknowledges')
    .option('--ready <duration>', 'median time from there to healthy')
    .addOption(new Option('--failures <share>', 'clusters on which the release fails, as 5%').argParser(share))
    .addOption(new Option('--offline <share>', 'clusters that are away when their turn comes').argParser(share))
    .addOption(new Option('--flapping <share>', 'clusters that pass and then fail now and again').argParser(share))
    .addOption(answerOption())
    .addHelpText(
      'after',
      examples([
        ['flotilla rollout rehearse web --failures 5% --offline 10%', 'how long, and how far would it get?'],
        ['flotilla rollout rehearse web --strategy careful --seed 7 -o json', 'compare strategies on equal terms'],
        ['flotilla rollout rehearse web --strategy-file new.yaml', 'what would one do that is being written?'],
      ]),
    )
    .action(async (of: string, options: Options, self: Command) => {
      await withHub(self, context, async (client) => {
        const strategy = await wantedStrategy(options, context);
        const route = `/api/v1/applications/${part(bare(of))}/rehearsals`;
        const answer = await client.post<RehearsalAnswer>(route, wanted(options, strategy), TIMEOUT_MS);
        printAnswer(context, options.output, answer, rehearsalText(answer, context.colours));
      });
    });
}

function wanted(options: Options, strategy: string | object | undefined): object {
  const { release, runs, seed, latency, ready, failures, offline, flapping } = options;
  const body = {
    ...{ release, strategy, runs, seed, latency, ready },
    ...{ failureRate: failures, offlineRate: offline, flapRate: flapping },
  };
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}

type Wave = RehearsalAnswer['waves'][number];

const columns = (runs: number): readonly Column<Wave>[] => [
  { heading: 'WAVE', text: ({ name }) => name },
  { heading: 'CLUSTERS', text: ({ clusters }) => String(clusters) },
  { heading: 'REACHED', text: ({ reached }) => percent(reached, runs) },
  { heading: 'OPENS P50', text: ({ openedMs }) => (openedMs ? time(openedMs.p50) : '') },
  { heading: 'DONE P50', text: ({ doneMs }) => (doneMs ? time(doneMs.p50) : '') },
  { heading: 'DONE P90', text: ({ doneMs }) => (doneMs ? time(doneMs.p90) : '') },
];

export function rehearsalText(answer: RehearsalAnswer, colours: boolean): string {
  const { runs, outcomes, exposed, order } = answer;
  const ends = Object.entries(outcomes).map(([outcome, count]) => `${percent(count, runs)} ${outcome}`);
  const halted = exposed ? `${spread(exposed, String)} clusters had it when it halted` : 'no run halted';
  const shown = order.slice(0, ORDER).map(({ cluster, wave }) => `${cluster} (${wave})`);
  return [
    `${answer.application}: release ${answer.release} to ${counted(answer.clusters, 'cluster')}, ${counted(runs, 'run')} with seed ${answer.seed} in ${time(answer.tookMs)}\n`,
    `Duration ${spread(answer.durationMs, time)}\n`,
    `Ends: ${ends.join(', ')}\n`,
    `Exposed: ${halted}\n\n`,
    table(answer.waves, columns(runs), { colours }),
    section('Order', [`${shown.join(', ')}${order.length > ORDER ? ` and ${order.length - ORDER} more` : ''}`]),
    section('Assumed', answer.assumptions.map(plain)),
  ].join('');
}

function spread({ p50, p90, p99, max }: Distribution, text: (value: number) => string): string {
  return `p50 ${text(p50)}, p90 ${text(p90)}, p99 ${text(p99)}, at most ${text(max)}`;
}

function time(ms: number): string {
  return ms < 1000 ? `${ms}ms` : formatDuration(Math.round(ms / 1000) * 1000);
}

function percent(count: number, of: number): string {
  return `${Math.round((1000 * count) / of) / 10}%`;
}
