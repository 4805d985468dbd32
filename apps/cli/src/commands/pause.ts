import { Command } from 'commander';
import type { CliContext } from '../context.js';
import { answerOption, reasonOption } from '../options.js';
import { examples } from '../program.js';
import { ROLLOUT_ARGUMENT, steer, type SteerOptions } from '../steer.js';

export function pause(context: CliContext): Command {
  return new Command('pause')
    .description(
      'Stop a rollout from going on to more clusters. What is in flight finishes; nothing that runs is touched.',
    )
    .argument('<rollout>', ROLLOUT_ARGUMENT)
    .addOption(reasonOption())
    .addOption(answerOption())
    .addHelpText('after', examples([['flotilla pause web --reason "looks slow"', 'stop here']]))
    .action((of: string, options: SteerOptions, command: Command) =>
      steer(context, command, { verb: 'pause', of, options }),
    );
}
