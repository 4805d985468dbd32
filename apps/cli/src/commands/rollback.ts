import { Command, Option } from 'commander';
import type { CliContext } from '../context.js';
import { answerOption, reasonOption } from '../options.js';
import { examples } from '../program.js';
import { ROLLOUT_ARGUMENT, steer, type SteerOptions } from '../steer.js';

export function rollback(context: CliContext): Command {
  return new Command('rollback')
    .description(
      'Take the release of a rollout back, running or long ended: each cluster returns to the last release it passed. The release stays barred until it is lifted.',
    )
    .argument('<rollout>', ROLLOUT_ARGUMENT)
    .addOption(
      new Option('--without-previous <what>', 'what clusters do that have no release to return to').choices([
        'keep',
        'withdraw',
      ]),
    )
    .addOption(reasonOption())
    .addOption(answerOption())
    .addHelpText('after', examples([['flotilla rollback web --reason "errors at checkout"', 'back to what worked']]))
    .action((of: string, options: SteerOptions & { withoutPrevious?: string }, command: Command) => {
      const { withoutPrevious } = options;
      const body = withoutPrevious === undefined ? {} : { withoutPrevious };
      return steer(context, command, { verb: 'rollback', of, body, options });
    });
}
