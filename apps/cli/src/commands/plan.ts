import { Command, Option } from 'commander';
import type { PlanView } from '#contract';
import { withHub, type CliContext } from '../context.js';
import { part } from '../listings/listing.js';
import { answerOption, positive, watchOption } from '../options.js';
import { planText } from '../plan-text.js';
import { examples } from '../program.js';
import { showAnswer, type WatchOptions } from '../show-answer.js';
import { bare } from '../steer.js';
import { strategyFileOption, strategyOption, wantedStrategy, type StrategyOptions } from '../strategy-file.js';

interface Options extends WatchOptions, StrategyOptions {
  readonly release?: number;
  readonly all?: boolean;
}

export function plan(context: CliContext): Command {
  return new Command('plan')
    .description(
      'Show what a rollout would do before anything is assigned: waves with their clusters, budgets, gates, bundles, deletions and warnings. Its digest is what `start --plan` and approvals bind to.',
    )
    .argument('<application>', 'name of the application')
    .addOption(new Option('--release <number>', 'which release; else the newest').argParser(positive))
    .addOption(strategyOption())
    .addOption(strategyFileOption())
    .option('--all', 'name every cluster, not only the first of each wave')
    .addOption(answerOption())
    .addOption(watchOption())
    .addHelpText(
      'after',
      examples([
        ['flotilla rollout plan web', 'who would get the newest release, and when?'],
        ['flotilla rollout plan web --strategy careful -o json', 'what would another strategy do?'],
        ['flotilla rollout plan web --strategy-file new.yaml --watch', 'what would one do that is being written?'],
      ]),
    )
    .action(async (of: string, { release, all, ...options }: Options, self: Command) => {
      await withHub(self, context, async (client) => {
        const route = `/api/v1/applications/${part(bare(of))}/plan`;
        await showAnswer(client, context, options, {
          read: async () => {
            const strategy = await wantedStrategy(options, context);
            if (typeof strategy !== 'object') return client.get<PlanView>(route, { release, strategy });
            return client.post<PlanView>(route, { ...(release !== undefined && { release }), strategy });
          },
          text: (view, colours) => planText(view, { colours, all: all ?? false }),
        });
      });
    });
}
