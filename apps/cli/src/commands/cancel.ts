import { Command } from 'commander';
import type { CliContext } from '../context.js';
import { answerOption, reasonOption } from '../options.js';
import { examples } from '../program.js';
import { ROLLOUT_ARGUMENT, steer, type SteerOptions } from '../steer.js';

export function cancel(context: CliContext): Command {
  return new Command('cancel')
    .description('End a rollout where it stands: clusters keep what they have.')
    .argument('<rollout>', ROLLOUT_ARGUMENT)
    .addOption(reasonOption())
    .addOption(answerOption())
    .addHelpText('after', examples([['flotilla cancel web --reason "wrong branch"', 'leave it at that']]))
    .action((of: string, options: SteerOptions, command: Command) =>
      steer(context, command, { verb: 'cancel', of, options }),
    );
}
