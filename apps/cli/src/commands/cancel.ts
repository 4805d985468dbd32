import { Command } from 'commander';
import type { CliContext } from '../context.js';
import { examples } from '../program.js';
import { ROLLOUT_ARGUMENT, steer, steerOptions, type SteerOptions } from '../steer.js';

export function cancel(context: CliContext): Command {
  const command = new Command('cancel')
    .description('End a rollout where it stands: clusters keep what they have.')
    .argument('<rollout>', ROLLOUT_ARGUMENT);
  return steerOptions(command)
    .addHelpText('after', examples([['flotilla cancel web --reason "wrong branch"', 'leave it at that']]))
    .action((of: string, options: SteerOptions, self: Command) =>
      steer(context, self, { verb: 'cancel', of, options }),
    );
}
