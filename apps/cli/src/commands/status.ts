import { Command, Option } from 'commander';
import type { RolloutView } from '#contract';
import { withHub, type CliContext } from '../context.js';
import { followRollout } from '../follow-rollout.js';
import { part } from '../listings/listing.js';
import { answerOption, duration, sinceTime, type AnswerOptions } from '../options.js';
import { printAnswer } from '../print.js';
import { examples } from '../program.js';
import { exitCodeOf, statusText } from '../rollout-text.js';
import { bare, ROLLOUT_ARGUMENT } from '../steer.js';

interface Options extends AnswerOptions {
  readonly watch?: boolean;
  readonly timeout?: number;
  readonly at?: string;
}

export function status(context: CliContext): Command {
  return new Command('status')
    .description(
      'Show where a rollout stands. Ends with 0 when it succeeded, 1 when it ended otherwise, 2 when it waits for a person, 3 when it still runs.',
    )
    .argument('<rollout>', ROLLOUT_ARGUMENT)
    .option('-w, --watch', 'follow it until it ends or waits for a person')
    .addOption(new Option('--timeout <duration>', 'with --watch: end with 3 after so long').argParser(duration))
    .addOption(
      new Option('--at <when>', 'as it was then: 2h ago as 2h, or a time').argParser(sinceTime).conflicts('watch'),
    )
    .addOption(answerOption())
    .addHelpText(
      'after',
      examples([
        ['flotilla rollout status web', 'where does it stand?'],
        ['flotilla rollout status web --watch --timeout 30m', 'in a pipeline: go on only when it succeeded'],
      ]),
    )
    .action(async (of: string, options: Options, command: Command) => {
      await withHub(command, context, async (client) => {
        const view = options.watch
          ? await followRollout(client, context, bare(of), options)
          : await client.get<RolloutView>(`/api/v1/rollouts/${part(bare(of))}`, { at: options.at });
        if (view === null) return;
        if (!options.watch) printAnswer(context, options.output, view, statusText(view, context.colours));
        else if (options.output !== 'text') printAnswer(context, options.output, view, '');
        if (options.at === undefined) context.exitCode = exitCodeOf(view);
      });
    });
}
